r"""BioViL: learn the words first, then align whole images with whole reports.

Paper: B. Boecking, N. Usuyama, S. Bannur, D. C. Castro, A. Schwaighofer, S. Hyland, M. Wetscherek,
T. Naumann, A. Nori, J. Alvarez-Valle, H. Poon, O. Oktay, "Making the Most of Text Semantics to
Improve Biomedical Vision-Language Processing", ECCV 2022, arXiv 2204.09817.

Equation: text stage: masked language model + InfoNCE of findings and impression of one report;
joint stage: InfoNCE of image and report, both ways, + masked language model. The image vector is
the mean of the projected patches, $v = \bar p / |\bar p|$, so the cosine of image and text is a
mean over the similarity map.

Intuition: text that knows its words and which impression follows from which findings is a better
partner for images; a global objective alone then grounds phrases.

Deviations: the published weights and temperatures of the losses were not read, ours are in the
options. The text tower stays frozen: it reads the sentences with words blanked out, and what learns
to fill them in is the trained projection of phrases and a small head of the method's own, so the
joint space must keep what tells words apart. A report is the mean of its sentences.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.methods._base import (
    Method,
    MethodBatch,
    MethodCard,
    MethodOptions,
    Shapes,
    WordBatch,
    option,
)
from explorer.methods._bounds import BOUND_NAMES
from explorer.methods._scores import bag_negatives, phrase_negatives
from explorer.methods._vectors import (
    at_least_float32,
    image_vectors,
    pair_contrast,
    phrase_bags,
    report_vectors,
)

FINDINGS, IMPRESSION = 1, 2
_BLANKED, _EXCHANGED = 0.8, 0.1  # shares of BERT (Devlin et al., 2019); the rest stays as it is


def blank_words(
    ids: Tensor,
    words: Tensor,
    *,
    blank: int,
    vocabulary: int,
    share: float,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Choose words to guess; most become [MASK], some another word, some stay.

    At least one word of every row that has any is chosen.

    Args:
        ids: Word pieces (P, T).
        words: (P, T) True for pieces that may be chosen: neither special nor padding.
        blank: Id of [MASK].
        vocabulary: Number of word pieces.
        share: Of the words to choose, in (0, 1].
        generator: On the CPU.

    Returns:
        Changed ids (P, T) and (P, T) True for the words to guess.
    """
    draws = torch.rand(3, *ids.shape, generator=generator).to(ids.device)
    rank = draws[0].masked_fill(~words, 2.0)
    chosen = words & ((rank < share) | (rank == rank.amin(1, keepdim=True)))
    changed = torch.where(chosen & (draws[1] < _BLANKED), blank, ids)
    exchanged = chosen & (draws[1] >= _BLANKED) & (draws[1] < _BLANKED + _EXCHANGED)
    return torch.where(exchanged, (draws[2] * vocabulary).long(), changed), chosen


@dataclass(frozen=True)
class BioViLOptions(MethodOptions):
    """Settings of BioViL; the paper's values were not read, all are ours."""

    temperature: float = option(0.1, "Divisor of the cosine of image and report.", above=0)
    estimator: str = option("infonce", "Bound of both contrasts.", choices=BOUND_NAMES)
    weight: float = option(1.0, "Weight of the contrast of image and report.", min=0)
    text_stage: float = option(0.15, "Share of the steps that learn from text alone.", min=0, max=1)
    matching: float = option(0.5, "Weight of findings against impressions.", min=0)
    matching_temperature: float = option(0.1, "Divisor of the cosine of sections.", above=0)
    language: float = option(0.1, "Weight of guessing blanked words.", min=0)
    blanked: float = option(0.15, "Share of the words to guess.", above=0, max=1)
    sentences: int = option(16, "Most sentences of a step with words blanked out.", min=1)


class BioViL(Method):
    """Two stages; owns the head that guesses words."""

    card = MethodCard(
        title="BioViL",
        paper="B. Boecking, N. Usuyama, S. Bannur, D. C. Castro, ... O. Oktay, Making the Most of "
        "Text Semantics to Improve Biomedical Vision-Language Processing, ECCV 2022, "
        "arXiv 2204.09817",
        year=2022,
        kind="objective",
        equation="text stage: masked language model + InfoNCE(findings, impression); joint stage: "
        "InfoNCE(mean patch, report) both ways + masked language model",
        intuition="Text that knows its words and which impression follows from which findings "
        "aligns better; a global objective alone then grounds phrases.",
        ours=(
            "Weights and temperatures of the losses: the published ones were not read.",
            "The text tower is frozen: it reads blanked sentences, and the trained projection of "
            "phrases with a small head learns to fill them in.",
            "Both stages are one run: the first share of the steps learns from text alone.",
            "A report is the mean of its sentences; every row has at least one word to guess, and "
            "a step reads a limited number of sentences for it.",
            "Sections that share a study or all their sentences are no negatives.",
        ),
        needs=frozenset({"sentences", "tokens", "sections"}),
        needs_batch=2,
    )
    Options = BioViLOptions
    order_matters = "which sentences have words blanked out is drawn by their place"

    def __init__(self, options: BioViLOptions, shapes: Shapes) -> None:
        super().__init__(options, shapes)
        self.guess = nn.Sequential(
            nn.Linear(shapes.dimension, shapes.dimension),
            nn.GELU(),
            nn.LayerNorm(shapes.dimension),
            nn.Linear(shapes.dimension, shapes.vocabulary),
        )

    def forward(self, batch: MethodBatch) -> dict[str, Tensor]:
        """Parts `language` and `sections` in the text stage, `alignment` and `language` after."""
        parts = {"language": self.options.language * self._language_loss(batch)}
        if batch.step < self.options.text_stage * batch.steps:
            parts["sections"] = self.options.matching * self._section_loss(batch)
        else:
            parts["alignment"] = self.options.weight * self._alignment_loss(batch)
        return parts

    def _alignment_loss(self, batch: MethodBatch) -> Tensor:
        owned = batch.owner >= 0
        count = len(batch.patches)
        report, told = report_vectors(batch.phrases, batch.owner, use=owned, count=count)
        return pair_contrast(
            image_vectors(batch.patches),
            report,
            present=told,
            negative=_other_reports(batch, owned),
            temperature=self.options.temperature,
            estimator=self.options.estimator,
        )

    def _section_loss(self, batch: MethodBatch) -> Tensor:
        count = len(batch.patches)
        (findings, found), (impression, told) = (
            report_vectors(batch.phrases, batch.owner, use=batch.section == which, count=count)
            for which in (FINDINGS, IMPRESSION)
        )
        return pair_contrast(
            findings,
            impression,
            present=found & told,
            negative=_other_reports(batch, batch.section == IMPRESSION),
            temperature=self.options.matching_temperature,
            estimator=self.options.estimator,
        )

    def _language_loss(self, batch: MethodBatch) -> Tensor:
        """Cross-entropy of the words to guess, in nats a word."""
        words = batch.words
        if words is None or not words.mask.numel():
            return batch.phrases.sum() * 0.0
        generator = batch.generator(salt=1)
        rows = torch.randperm(len(words.ids), generator=generator)[: self.options.sentences]
        ids, mask = (x[rows.to(words.ids.device)] for x in (words.ids, words.mask))
        changed, chosen = blank_words(
            ids,
            _may_be_blanked(words, ids, mask),
            blank=words.blank,
            vocabulary=self.shapes.vocabulary,
            share=self.options.blanked,
            generator=generator,
        )
        if not chosen.any():
            return batch.phrases.sum() * 0.0
        read = words.project(words.read(changed, mask)[chosen])
        return F.cross_entropy(at_least_float32(self.guess(read)), ids[chosen])


def _may_be_blanked(words: WordBatch, ids: Tensor, mask: Tensor) -> Tensor:
    return mask & (ids != words.start) & (ids != words.end) & (ids != words.pad)


def _other_reports(batch: MethodBatch, use: Tensor) -> Tensor:
    """(B, B) True where the phrases in use of a column are not those of the row's study."""
    others = phrase_negatives(batch.owner, batch.study, batch.text_id)
    return bag_negatives(others, *phrase_bags(batch.owner, use=use, count=len(batch.patches)))


METHOD = BioViL
