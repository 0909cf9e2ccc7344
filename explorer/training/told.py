"""What a report says of its image, sentence by sentence: the pairs that most methods learn from.

`report_phrases` keeps what may be placed; here every sentence about the image counts, denials and
plain normality included, since a report that is paired with its image is paired with all of it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from explorer.text import read_report, side_swapped
from explorer.training.augment import Augmented
from explorer.training.batches import Batch, Draft, DraftPhrase, add_target, assemble
from explorer.training.phrasing import PHANTOM_GROUPS
from explorer.training.report_phrases import groups_of
from explorer.training.samples import TrainingStudy

SECTIONS = ("", "findings", "impression")  # number of a section = its place here, else 0
_TAKEN_OUT = re.compile(r"X{3,}|_{2,}")  # what de-identification leaves behind
_KEPT = 50_000  # reports


@dataclass(frozen=True, slots=True)
class ToldSentence:
    """A sentence about the image.

    Attributes:
        text: As it is written.
        section: Its place in `SECTIONS`.
        groups: Groups of all findings it mentions.
        denies: Whether it says that they are absent.
    """

    text: str
    section: int
    groups: frozenset[str]
    denies: bool


@lru_cache(maxsize=_KEPT)
def told(report: str) -> tuple[ToldSentence, ...]:
    """Sentences of a report that speak of its image, in order.

    >>> [s.section for s in told("FINDINGS: Left effusion. IMPRESSION: No pneumothorax.")]
    [1, 2]
    """
    text = re.sub(r"[ \t]{2,}", " ", _TAKEN_OUT.sub(" ", report))
    found = []
    for sentence in read_report(text).sentences:
        if sentence.assertion == "not about the image" or " " not in sentence.text.strip():
            continue
        name = sentence.section.lower()
        section = SECTIONS.index(name) if name in SECTIONS else 0
        denies = sentence.assertion == "absent"
        groups = groups_of(sentence.text)
        # Phantoms and reports name some groups differently; both names count.
        groups |= {PHANTOM_GROUPS.get(g, g) for g in groups}
        found.append(ToldSentence(sentence.text, section, groups, denies))
    return tuple(found)


def make_report_batch(
    studies: Sequence[TrainingStudy],
    views: Sequence[Augmented],
    rng: np.random.Generator,
    *,
    grid: int,
    sentences: int,
    findings_only: bool = False,
) -> Batch:
    """Every image with sentences of its report, or with phrases of its findings where it has none.

    Args:
        studies: Of the batch.
        views: Their augmented images; in a mirrored one the sentences swap their sides.
        rng: Source of every draw.
        grid: Patches along a side.
        sentences: At most so many of each report, drawn without repeats, in their order.
        findings_only: Leave out what denies or names no finding, in reports that assert one.
    """
    draft = Draft()
    for i, (study, view) in enumerate(zip(studies, views, strict=True)):
        said = told(study.report)
        if findings_only:
            said = tuple(s for s in said if s.groups and not s.denies) or said
        if not said:
            for t, target in enumerate(study.targets):
                add_target(draft, study, target, view.masks[t], i, view.mirrored, rng)
            continue
        for s in np.sort(rng.permutation(len(said))[:sentences]):
            _add_sentence(draft, said[s], i, mirrored=view.mirrored)
    return assemble(draft, studies, views, grid)


def _add_sentence(draft: Draft, said: ToldSentence, image: int, *, mirrored: bool) -> None:
    text = (side_swapped(said.text) or said.text) if mirrored else said.text
    group, more = (min(said.groups), said.groups) if said.groups else (None, frozenset[str]())
    if said.groups and not said.denies:
        draft.weak.append((image, len(draft.phrases), True))
    draft.phrases.append(
        DraftPhrase(
            text,
            image,
            group,
            more=more,
            absent_weight=0.0,
            section=said.section,
            denies=said.denies,
        )
    )
