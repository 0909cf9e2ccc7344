"""From studies to the arrays of one step: images, phrases, masks, safe negatives, labels."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from explorer.text import negated, side_swapped
from explorer.training.absent_phrases import random_absent
from explorer.training.augment import Augmented, augment
from explorer.training.language import NamingTask
from explorer.training.phrasing import FINDINGS, random_negation, random_phrase
from explorer.training.samples import PhraseTarget, TrainingStudy

Float32 = NDArray[np.float32]
NOWHERE = -1  # owner of a phrase that is in no image


@dataclass(slots=True)
class Batch:
    """One step.

    Attributes:
        pixels: (B, 1, S, S) float32.
        phrases: P texts.
        owner: (P,) index of the image a phrase was written for; -1 = in no image.
        masks: (P, G, G); zeros where the phrase has no place.
        weight: (P,) trust in the mask; 0 for phrases without one.
        elsewhere: (P,) weight of "if it were anywhere, it would be in the mask": for
            side-swapped phrases, whose mask is the same height of the other half and whose weight
            is 0.
        safe: (B, P) weight of "phrase p is not in image b".
        weak: (image, phrase, present) triples: image-level labels, and sides that are wrong.
        naming: Sentences to name, without an image; None = none in this step.
        section: (P,) place of the phrase's section in `told.SECTIONS`.
        index: (B,) number of each image in the training set.
        study: (B,) equal numbers = one examination.
        labels: (B, L) 1, 0 or NaN of `samples.LABEL_GROUPS`; None where no method asks.
        mirrored: (B,) whether each image is.
        second: (B, 1, S, S) the same images augmented anew; None where no method asks.
    """

    pixels: Float32
    phrases: list[str]
    owner: NDArray[np.int64]
    masks: Float32
    weight: Float32
    elsewhere: Float32
    safe: Float32
    weak: list[tuple[int, int, bool]]
    naming: NamingTask | None = None
    section: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    index: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    study: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    labels: Float32 | None = None
    mirrored: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    second: Float32 | None = None

    @property
    def true_owner(self) -> NDArray[np.int64]:
        """(P,) image of which each phrase is true; -1 also where it was swapped or is denied."""
        phrase = np.arange(len(self.phrases))
        shown = (self.owner != NOWHERE) & (self.safe[self.owner, phrase] == 0)
        shown[[p for _, p, present in self.weak if not present]] = False
        return np.where(shown, self.owner, NOWHERE)


@dataclass(slots=True)
class DraftPhrase:
    """A phrase before the arrays are made; fields as in `Batch`."""

    text: str
    owner: int
    group: str | None
    mask: Float32 | None = None
    weight: float = 0.0
    elsewhere: float = 0.0
    more: frozenset[str] = frozenset()  # groups of what else it mentions
    absent_weight: float = 1.0  # weight of "not in its own image", for phrases without a mask
    section: int = 0
    denies: bool = False  # says that what it mentions is absent


@dataclass(slots=True)
class Draft:
    """Phrases and image-level labels of a batch, as they are written."""

    phrases: list[DraftPhrase] = field(default_factory=list)
    weak: list[tuple[int, int, bool]] = field(default_factory=list)


def make_batch(
    studies: Sequence[TrainingStudy],
    rng: np.random.Generator,
    *,
    side: int,
    grid: int,
    mirror: float,
) -> Batch:
    """Augment the studies and write their phrases."""
    draft = Draft()
    views = [augment(s, rng, side=side, grid=grid, mirror=mirror) for s in studies]
    for i, (study, view) in enumerate(zip(studies, views, strict=True)):
        chosen = rng.permutation(len(study.targets))[:6]
        for t in chosen:
            add_target(draft, study, study.targets[t], view.masks[t], i, view.mirrored, rng)
        if study.labels is not None:
            _add_labels(draft, study, i, rng)
        if study.reported:
            _add_report(draft, study, i, view.mirrored, rng)
        if study.denials and rng.random() < 0.5:
            denial = str(rng.choice(study.denials))
            draft.phrases.append(DraftPhrase(denial, NOWHERE, None))
    _add_absent(draft, rng, count=max(4, len(studies) // 2))
    return assemble(draft, studies, views, grid)


def add_target(
    draft: Draft,
    study: TrainingStudy,
    target: PhraseTarget,
    mask: Float32,
    image: int,
    mirrored: bool,
    rng: np.random.Generator,
) -> None:
    """Write one phrase of a finding with its mask, and now and then its swapped or denied form."""
    if mask.max() < 0.05:  # moved out of view
        return
    if target.texts:
        text = str(rng.choice(target.texts))
    else:
        text = random_phrase(
            target.label,
            rng,
            side=target.side,
            zone=target.zone,
            must_place=target.must_place,
        )
    swapped = side_swapped(text)
    if mirrored and swapped:
        text, swapped = swapped, text
    weight = target.trust * (0.6 if study.exact else 1.0)
    draft.phrases.append(DraftPhrase(text, image, target.group, mask, weight=weight))
    if swapped and target.sided_alone and rng.random() < 0.5:
        absent = 1.0 if study.exact else 0.3 * target.trust
        if study.exact:
            draft.weak.append((image, len(draft.phrases), False))
        opposite = _other_side(mask)
        elsewhere = weight if opposite.any() else 0.0
        draft.phrases.append(
            DraftPhrase(swapped, image, None, opposite, elsewhere=elsewhere, absent_weight=absent)
        )
    if rng.random() < 0.3 and (denied := negated(text)):
        draft.phrases.append(DraftPhrase(denied, NOWHERE, None))


def _other_side(mask: Float32) -> Float32:
    """Where the side-swapped phrase would lie: the other half of the image, at the same height.

    Empty when the mask reaches over the middle, as it does for what lies behind the heart.
    """
    grid = mask.shape[0]
    columns = mask.sum(0)
    left = float(columns[: grid // 2].sum() / max(columns.sum(), 1e-6))
    elsewhere = np.zeros_like(mask)
    if 0.1 < left < 0.9:
        return elsewhere
    rows = np.flatnonzero(mask.max(1) > 0.05)
    margin = round(0.08 * grid)
    band = slice(max(0, rows[0] - margin), rows[-1] + 1 + margin)
    half = slice(grid // 2, None) if left > 0.5 else slice(None, grid // 2)
    elsewhere[band, half] = 1.0
    return elsewhere


def _add_labels(draft: Draft, study: TrainingStudy, image: int, rng: np.random.Generator) -> None:
    """Image-level labels as plain phrases: those present, and three that surely are not."""
    for label in sorted(study.labels or ()):
        text = random_phrase(label, rng, side=None, zone=None)
        draft.weak.append((image, len(draft.phrases), True))
        draft.phrases.append(DraftPhrase(text, image, FINDINGS[label].group))
    for label in rng.choice(list(FINDINGS), 3, replace=False):
        if FINDINGS[label].group not in study.maybe_present:
            text = random_phrase(label, rng, side=None, zone=None)
            draft.weak.append((image, len(draft.phrases), False))
            draft.phrases.append(DraftPhrase(text, image, None, absent_weight=0.0))


def _add_report(
    draft: Draft, study: TrainingStudy, image: int, mirrored: bool, rng: np.random.Generator
) -> None:
    """Up to four phrases that the report asserts, and a finding that it denies by name."""
    for s in rng.permutation(len(study.sentences))[:4]:
        text, (group, *more) = study.sentences[s].text, sorted(study.sentences[s].groups)
        if mirrored:
            text = side_swapped(text) or text
        draft.weak.append((image, len(draft.phrases), True))
        draft.phrases.append(DraftPhrase(text, image, group, more=frozenset(more)))
    if study.denied:
        draft.weak.append((image, len(draft.phrases), False))
        draft.phrases.append(DraftPhrase(str(rng.choice(study.denied)), image, None))


def _add_absent(draft: Draft, rng: np.random.Generator, *, count: int) -> None:
    """Phrases that are in no image: null phrases, nonsense, stated absences."""
    for i in range(count):
        text = (
            random_absent(rng) if i % 3 else random_negation(str(rng.choice(list(FINDINGS))), rng)
        )
        draft.phrases.append(DraftPhrase(text, NOWHERE, None))


def assemble(
    draft: Draft, studies: Sequence[TrainingStudy], views: Sequence[Augmented], grid: int
) -> Batch:
    """The arrays of what was written."""
    phrases = draft.phrases
    empty = np.zeros((grid, grid), np.float32)
    safe = np.zeros((len(studies), len(phrases)), np.float32)
    for p, phrase in enumerate(phrases):
        for b, study in enumerate(studies):
            safe[b, p] = _safe(phrase, b, study, studies)
    return Batch(
        pixels=np.stack([v.pixels for v in views])[:, None],
        phrases=[p.text for p in phrases],
        owner=np.array([p.owner for p in phrases], np.int64),
        masks=np.stack([empty if p.mask is None else p.mask for p in phrases] or [empty])[
            : len(phrases)
        ],
        weight=np.array([p.weight for p in phrases], np.float32),
        elsewhere=np.array([p.elsewhere for p in phrases], np.float32),
        safe=safe,
        weak=draft.weak,
        section=np.array([p.section for p in phrases], np.int64),
        mirrored=np.array([v.mirrored for v in views]),
    )


def _safe(
    phrase: DraftPhrase, image: int, study: TrainingStudy, studies: Sequence[TrainingStudy]
) -> float:
    """Weight of "this phrase is not true of this image"."""
    if phrase.owner == NOWHERE:
        return 1.0
    if phrase.owner == image:
        return phrase.absent_weight if phrase.group is None else 0.0
    if phrase.group is None or study.shares_report(studies[phrase.owner]):
        return 0.0
    groups = phrase.more | {phrase.group}
    if phrase.denies:
        return float(bool(groups & study.present))
    return float(not study.may_show(groups))
