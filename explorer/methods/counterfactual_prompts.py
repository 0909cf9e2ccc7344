"""Counterfactual prompts: a phrase for a new finding from a few films (He et al., EMNLP 2022).

Paper: X. He et al., "CPL: Counterfactual Prompt Learning for Vision and Language Models", EMNLP
2022, arXiv 2210.10362.

Equation: CE(scores of the prompt, y) + w mean -log softmax([cos(t, v), cos(t, v')])_0 + r ||u||,
v' = unit((1 - u) o v + u o v_other): v with the features u taken from a film of a similar finding.

Intuition: a prompt that tells a film from the nearest film on which the finding would be another
one has learned the finding, and not what comes with it.

Ours: the prompt is a vector beside that of the finding's name, not a row of tokens; the score is
the checkpoint's own pooling over patches with a learned bias; v is the mean of the patches by
their score; the similar finding is chosen by the text tower, not by BERTScore; only the finding's
own text is contrasted, as the paper intends (the released code averages over all classes).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.entities import Float32
from explorer.methods._base import MethodCard, MethodOptions, Shapes, option
from explorer.methods._heads import (
    Head,
    HeadData,
    Progress,
    descend,
    require,
    settings_of,
)

_UNSCALED = 10.0  # logits of cosines where the checkpoint has no scale
_CHANGES = 0.5  # from this share on a feature is said to change


def counterfactual(image: Tensor, other: Tensor, u: Tensor) -> Tensor:
    """`unit((1 - u) o image + u o other)`, (..., D); u in [0, 1].

    >>> counterfactual(torch.tensor([3.0, 4.0]), torch.tensor([0.0, 9.0]), torch.tensor([0.0, 0.0]))
    tensor([0.6000, 0.8000])
    """
    return F.normalize((1 - u) * image + u * other, dim=-1)


def contrast_loss(text: Tensor, image: Tensor, changed: Tensor) -> Tensor:
    """`-log softmax([cos(text, image), cos(text, changed)])_0` of (..., D): no temperature."""
    own, other = (F.cosine_similarity(text, v, dim=-1) for v in (image, changed))
    return F.softplus(other - own)


def fewest_swaps(image: Tensor, other: Tensor, text: Tensor, wanted: Tensor) -> Tensor:
    """Fewest features (D,) bool that, taken from `other`, let `wanted` win over `text`.

    Both are compared with one vector, so what a feature gives adds up: taking the largest gains
    first needs the fewest, and each is needed. Where even all gains do not suffice, all are taken.

    >>> fewest_swaps(torch.tensor([1.0, 0.0, 0.2]), torch.tensor([0.0, 1.0, 0.0]),
    ...              torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.0, 1.0, 0.0])).tolist()
    [True, True, False]
    """
    toward = wanted - text
    gain = (other - image) * toward
    order = torch.argsort(gain, descending=True)
    margin = image @ toward + torch.cumsum(gain[order].clamp(min=0), 0)
    needed = int((margin <= 0).sum()) + 1 if float(image @ toward) <= 0 else 0
    chosen = torch.zeros(len(image), dtype=torch.bool)
    chosen[order[:needed]] = True
    return chosen & (gain > 0)


@dataclass(frozen=True)
class CounterfactualOptions(MethodOptions):
    """What decides the learning of a prompt."""

    finding: str = option("", "Finding to learn, as the data names it.")
    shots: int = option(16, "Films with it, and films without it, that are learned from.", min=1)
    contrast: float = option(1.0, "Weight of the counterfactual contrast.", min=0)
    size: float = option(0.07, "Weight of the norm of u.", min=0)
    memory: float = option(0.999, "Share of the solver's features in u.", min=0, max=1)
    stay: float = option(1.0, "Weight of the squared distance from the name's vector.", min=0)
    steps: int = option(150, "Steps.", min=1)
    rate: float = option(0.01, "Learning rate.", above=0)
    seed: int = option(0, "Of everything random.", min=0)


class CounterfactualPrompts(Head):
    """A vector beside that of a finding's name, and the features that would have to change."""

    card = MethodCard(
        title="Counterfactual prompts",
        paper="X. He, D. Yang, W. Feng, T.-J. Fu, A. Akula, V. Jampani, P. Narayana, S. Basu, "
        "W. Y. Wang, X. E. Wang, CPL: Counterfactual Prompt Learning for Vision and Language "
        "Models, EMNLP 2022, arXiv 2210.10362",
        year=2022,
        kind="head",
        equation="CE(e^t cos(v, prompts), y) + w mean -log softmax([cos(t,v), cos(t,v')])_0 + "
        "r ||u||, v' = unit((1-u) o v + u o v_other)",
        intuition="A prompt that tells a film from the nearest film on which the finding would be "
        "another one has learned the finding, and not what comes with it.",
        ours=(
            "The prompt is a vector near that of the finding's name, not a row of tokens.",
            "Scores are the checkpoint's own pooling over patches with a learned bias.",
            "The similar finding is chosen by the text tower, not by BERTScore.",
            "Only the finding's own text is contrasted.",
        ),
        needs=frozenset({"labels"}),
        frozen=True,
    )
    Options = CounterfactualOptions

    def __init__(self, options: CounterfactualOptions, shapes: Shapes) -> None:
        super().__init__(options, shapes)
        zeros = torch.zeros(shapes.dimension)
        self.shift = nn.Parameter(zeros.clone())
        self.bias = nn.Parameter(torch.zeros(()))
        self.learned_u = nn.Parameter(torch.full((shapes.dimension,), 0.5))
        for name in ("name", "similar", "other", "solved_u"):
            self.register_buffer(name, zeros.clone())
        self.register_buffer("scale", torch.tensor(_UNSCALED))
        self.register_buffer("near", torch.tensor(-1))  # number of the similar finding

    @property
    def prompt(self) -> Tensor:
        """(D,) unit: it is used wherever the vector of a phrase is."""
        return F.normalize(self.get_buffer("name") + self.shift, dim=-1)

    @property
    def u(self) -> Tensor:
        """(D,) in [0, 1]: how far each feature would have to change."""
        memory = self.options.memory
        mixed = memory * self.get_buffer("solved_u") + (1 - memory) * self.learned_u
        return mixed.clamp(0, 1)

    def scores(self, patches: Tensor, counts: Tensor, text: Tensor) -> Tensor:
        """(N,) log-sum-exp of scaled cosines over patches (N, K, D) that count (N, K) each."""
        logits = (patches @ text) * self.get_buffer("scale")
        share = counts / counts.sum(-1, keepdim=True)
        return torch.logsumexp(logits + share.clamp(min=1e-12).log(), -1)

    def attended(self, patches: Tensor, counts: Tensor, text: Tensor) -> Tensor:
        """(N, D) unit: the patches (N, K, D) by their score for a text."""
        logits = (patches @ text) * self.get_buffer("scale") + counts.clamp(min=1e-12).log()
        weight = torch.softmax(logits, -1).detach()
        return F.normalize(torch.einsum("nk,nkd->nd", weight, patches), dim=-1)

    def forward(self, patches: Tensor, counts: Tensor, present: Tensor) -> dict[str, Tensor]:
        """Named parts of the loss for films and whether they show the finding (N,)."""
        prompt = self.prompt
        logits = self.scores(patches, counts, prompt) + self.bias
        shown = self.attended(patches, counts, prompt)[present > 0]
        changed = counterfactual(shown, self.get_buffer("other"), self.u)
        options = self.options
        return {
            "label": F.binary_cross_entropy_with_logits(logits, present),
            "counterfactual": options.contrast * contrast_loss(prompt, shown, changed).mean(),
            "size": options.size * torch.linalg.vector_norm(self.u),
            "stay": options.stay * self.shift.square().sum(),
        }

    def evidence(self, patches: Float32, chosen: NDArray[np.bool_] | None = None) -> Float32:
        """(...) what each patch (..., D) gives to the score by the features that would change.

        `chosen` (D,) are those of one film; None = those of the finding, by how far they would.
        """
        with torch.inference_mode():
            values = torch.from_numpy(np.asarray(patches, np.float32))
            share = self.u if chosen is None else torch.from_numpy(chosen).to(values.dtype)
            found = ((values - self.get_buffer("other")) * share) @ self.prompt
        return np.asarray(found.numpy())

    def on_film(self, patches: Float32, counts: Float32) -> tuple[float, NDArray[np.bool_], bool]:
        """What the prompt says of a film (K, D), (K,), and what would have to change on it.

        Returns:
            Probability of the finding where half of the films show it; the fewest features (D,)
            that, taken from films of the similar finding, let that one win; and whether they do.
        """
        with torch.inference_mode():
            film = torch.from_numpy(patches)[None], torch.from_numpy(counts)[None]
            said = torch.sigmoid(self.scores(*film, self.prompt) + self.bias)
            own, other = self.attended(*film, self.prompt)[0], self.get_buffer("other")
            similar = self.get_buffer("similar")
            chosen = fewest_swaps(own, other, self.prompt, similar)
            turned = torch.where(chosen, other, own) @ (similar - self.prompt) > 0
        return float(said), np.asarray(chosen.numpy()), bool(turned)

    def features(self) -> list[tuple[int, float]]:
        """Features that would have to change and how far, those that count most first."""
        with torch.inference_mode():
            share = self.u
            weight = share * (self.get_buffer("name") - self.get_buffer("other")).abs()
            order = torch.argsort(weight, descending=True, stable=True)
        return [(int(k), float(share[k])) for k in order if share[k] > _CHANGES]

    @classmethod
    def fit(
        cls,
        data: HeadData,
        options: CounterfactualOptions,
        *,
        progress: Progress = lambda *_: None,
        work: Path | None = None,
    ) -> "CounterfactualPrompts":
        """Learn a prompt from `shots` films with and as many without the finding.

        Raises:
            TrainingError: The finding is unknown, or there are too few films of a kind.
        """
        column = _column(data, options.finding)
        rows = _shots(data, column, options)
        torch.manual_seed(options.seed)
        head = cls(options, Shapes(dimension=data.dimension))
        near = _most_similar(data, column)
        head._start(data, column, near, rows)
        patches, counts = torch.from_numpy(data.patches[rows]), torch.from_numpy(data.counts[rows])
        present = torch.from_numpy(data.labels[rows, column])

        def loss_of(_: int, __: torch.Generator) -> dict[str, Tensor]:
            parts: dict[str, Tensor] = head(patches, counts, present)
            return parts

        descend(
            head, loss_of, steps=options.steps, rate=options.rate, seed=options.seed,
            settings=settings_of(options, data), work=work, progress=progress,
        )  # fmt: skip
        return head

    def _start(self, data: HeadData, column: int, near: int, rows: NDArray[np.intp]) -> None:
        """Vectors of both findings, the film of the similar one, and the solver's features."""
        name, similar = (torch.from_numpy(data.name_vectors[k]) for k in (column, near))
        if data.scoring is not None:
            self.get_buffer("scale").fill_(data.scoring.scale)
        self.get_buffer("name").copy_(name)
        self.get_buffer("similar").copy_(similar)
        self.get_buffer("near").fill_(near)
        others = np.flatnonzero((data.labels[:, near] == 1) & (data.labels[:, column] == 0))
        others = others if others.size else np.flatnonzero(data.labels[:, column] == 0)
        shown = rows[data.labels[rows, column] == 1]

        def vectors(films: NDArray[np.intp], text: Tensor) -> Tensor:
            patches, counts = (
                torch.from_numpy(each[films]) for each in (data.patches, data.counts)
            )
            return self.attended(patches, counts, text)

        self.get_buffer("other").copy_(F.normalize(vectors(others, similar).mean(0), dim=0))
        solved = [
            fewest_swaps(own, self.get_buffer("other"), name, similar)
            for own in vectors(shown, name)
        ]
        self.get_buffer("solved_u").copy_(torch.stack(solved).float().mean(0))

    def figures(self, data: HeadData) -> dict[str, float]:
        """AUROC of the name alone and of the prompt, and how many films they are measured on."""
        column = _column(data, self.options.finding)
        known = np.isfinite(data.labels[:, column])
        present = data.labels[known, column] == 1
        patches, counts = (torch.from_numpy(e[known]) for e in (data.patches, data.counts))
        with torch.inference_mode():
            plain = self.scores(patches, counts, self.get_buffer("name")).numpy()
            learned = self.scores(patches, counts, self.prompt).numpy()
        return {
            "zero-shot AUROC": area(plain, present),
            "few-shot AUROC": area(learned, present),
            "films with it": float(present.sum()),
            "films without it": float((~present).sum()),
            "features that would change": float(len(self.features())),
        }


def area(scores: NDArray[np.floating], present: NDArray[np.bool_]) -> float:
    """Share of pairs of films with and without the finding that are in order; ties count half.

    >>> area(np.array([3.0, 1.0, 2.0]), np.array([True, False, False]))
    1.0
    """
    with_it, without = scores[present][:, None], scores[~present]
    if not with_it.size or not without.size:
        return float("nan")
    return float(((with_it > without) + 0.5 * (with_it == without)).mean())


def _column(data: HeadData, finding: str) -> int:
    require(
        finding in data.names,
        f"Option finding must be one of {', '.join(data.names) or 'none'}, got {finding!r}.",
    )
    require(
        data.patches.shape[1] > 0,
        "counterfactual_prompts needs the patches of films, these vectors have none. Give an "
        "index, phantoms or a data set.",
    )
    return data.names.index(finding)


def _most_similar(data: HeadData, column: int) -> int:
    """The other finding whose name is nearest by the text tower."""
    require(
        len(data.names) > 1,
        "counterfactual_prompts needs a second finding to contrast with, the data has one. Give "
        "films with other findings.",
    )
    cosine = data.name_vectors @ data.name_vectors[column]
    cosine[column] = -np.inf
    return int(cosine.argmax())


def _shots(data: HeadData, column: int, options: CounterfactualOptions) -> NDArray[np.intp]:
    """Films of different patients: first those with the finding, then those without."""
    rng = np.random.default_rng(options.seed)
    chosen: list[int] = []
    for kind, words in ((1, "with"), (0, "without")):
        rows = rng.permutation(np.flatnonzero(data.labels[:, column] == kind))
        patients: dict[str, int] = {}
        for row in rows:
            patients.setdefault(data.groups[row], int(row))
        found = list(patients.values())[: options.shots]
        require(
            len(found) == options.shots,
            f"{options.shots} shots need as many patients {words} {options.finding!r}, there are "
            f"{len(found)}. Set option shots to {max(1, len(found))} or give more films.",
        )
        chosen += found
    return np.array(chosen, dtype=np.intp)


METHOD = CounterfactualPrompts
