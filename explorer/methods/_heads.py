"""What heads share: the vectors they learn from, and a descent that goes on where it was.

A head takes plain vectors of a frozen checkpoint and nothing else: no pixels, no text, no network.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from explorer.embeddings import Scoring
from explorer.entities import Float32
from explorer.errors import TrainingError
from explorer.methods._base import MethodCard, MethodOptions, Shapes

Progress = Callable[[int, int], None]  # steps done, steps in all
SAVE_EVERY = 50  # steps
STATE_FILE = "state.pt"


@dataclass(frozen=True, slots=True)
class HeadData:
    """Vectors of N films, M regions and P phrases in one space of D dimensions, all unit norm.

    Attributes:
        space_id: What the vectors lie in.
        images: (N, D) one vector a film.
        phrases: (P, D) of what reports say.
        owner: (P,) film of each phrase.
        regions: (M, D); M may be 0.
        film: (M,) film of each region.
        region: (P,) region that a phrase speaks of; -1 where it is not known.
        text: (P,) equal numbers for equal phrases.
        patches, counts: (N, K, D) and (N, K): a few vectors that stand for all patches of a film,
            means that are shorter than unit norm, and for how many; K may be 0.
        labels: (N, L) 1 present, 0 absent, NaN unknown.
        names: Of the L labels.
        name_vectors: (L, D) of their plain names as phrases.
        scoring: How the checkpoint scores cosines; None where it is not calibrated.
        ids: Of the films.
        groups: Patient of each film: nothing is measured on a patient that was learned from.
    """

    space_id: str
    images: Float32
    phrases: Float32
    owner: NDArray[np.intp]
    regions: Float32
    film: NDArray[np.intp]
    region: NDArray[np.intp]
    text: NDArray[np.intp]
    patches: Float32
    counts: Float32
    labels: Float32
    names: tuple[str, ...]
    name_vectors: Float32
    scoring: Scoring | None
    ids: tuple[str, ...]
    groups: tuple[str, ...]

    def __post_init__(self) -> None:
        films, phrases = len(self.images), len(self.phrases)
        for name, rows, wanted in (
            ("owner", len(self.owner), phrases),
            ("region", len(self.region), phrases),
            ("text", len(self.text), phrases),
            ("film", len(self.film), len(self.regions)),
            ("labels", len(self.labels), films),
            ("patches", len(self.patches), films),
            ("counts", len(self.counts), films),
            ("name_vectors", len(self.name_vectors), len(self.names)),
            ("ids", len(self.ids), films),
            ("groups", len(self.groups), films),
        ):
            if rows != wanted:
                raise ValueError(f"{name} must have {wanted} rows, got {rows}.")

    @property
    def dimension(self) -> int:
        """D."""
        return int(self.images.shape[1])

    def of_films(self, rows: NDArray[np.intp]) -> "HeadData":
        """The same of some films, in the order of `rows`."""
        place = np.full(len(self.images), -1)
        place[rows] = np.arange(len(rows))
        phrases = np.flatnonzero(place[self.owner] >= 0)
        regions = np.flatnonzero(place[self.film] >= 0)
        region = np.full(len(self.regions) + 1, -1)  # the last stands for "not known"
        region[regions] = np.arange(len(regions))
        return replace(
            self,
            images=self.images[rows],
            phrases=self.phrases[phrases],
            owner=place[self.owner[phrases]],
            regions=self.regions[regions],
            film=place[self.film[regions]],
            region=region[self.region[phrases]],
            text=self.text[phrases],
            patches=self.patches[rows],
            counts=self.counts[rows],
            labels=self.labels[rows],
            ids=tuple(self.ids[row] for row in rows),
            groups=tuple(self.groups[row] for row in rows),
        )

    def pairs(self) -> tuple[Float32, Float32, NDArray[np.intp]]:
        """Image side (P, D), phrase side (P, D), text number (P,): a region where one is known."""
        sides = self.images[self.owner]
        known = self.region >= 0
        sides[known] = self.regions[self.region[known]]
        return sides, self.phrases, self.text


class Head(nn.Module):
    """What is learned on top of a frozen checkpoint: small, stored and loaded by itself.

    Attributes:
        card: For people.
        Options: Frozen dataclass of `option` fields.
    """

    card: ClassVar[MethodCard]
    Options: ClassVar[type[MethodOptions]]

    def __init__(self, options: Any, shapes: Shapes) -> None:
        super().__init__()
        self.options = options
        self.shapes = shapes

    @classmethod
    def fit(
        cls,
        data: HeadData,
        options: Any,
        *,
        progress: Progress = lambda *_: None,
        work: Path | None = None,
    ) -> Self:
        """Learn from vectors; a run that was stopped goes on from its state in `work`.

        Raises:
            TrainingError: The data lacks what the head needs, or the loss is not finite.
        """
        raise NotImplementedError

    def figures(self, data: HeadData) -> Mapping[str, float]:
        """What people look at first, measured on data that was not learned from."""
        raise NotImplementedError


def require(condition: bool, message: str) -> None:
    """Stop a training that its data does not allow.

    Raises:
        TrainingError: The condition does not hold.
    """
    if not condition:
        raise TrainingError(message)


def settings_of(options: MethodOptions, data: HeadData) -> dict[str, Any]:
    """What a state must agree on with the run that takes it up."""
    digest = hashlib.sha256()
    for array in (data.images, data.phrases, data.regions, data.labels):
        digest.update(np.ascontiguousarray(array).tobytes())
    return {"options": asdict(options), "space": data.space_id, "data": digest.hexdigest()}


def mean_average_precision(scores: NDArray[Any], relevant: NDArray[np.bool_]) -> float:
    """Mean over queries of the average precision of a ranking; equal scores by index.

    Args:
        scores: (Q, N), larger is better.
        relevant: (Q, N); queries without a right answer are left out.

    >>> mean_average_precision(np.array([[3, 2, 1]]), np.array([[True, False, True]])).__round__(4)
    0.8333
    """
    order = np.argsort(-scores, axis=1, kind="stable")
    hits = np.take_along_axis(relevant, order, axis=1)[relevant.any(1)]
    precision = hits.cumsum(1) / np.arange(1, hits.shape[1] + 1)
    return float(((precision * hits).sum(1) / hits.sum(1)).mean())


def total_of(parts: dict[str, Tensor], *, step: int) -> Tensor:
    """Sum of the named parts of a loss.

    Raises:
        TrainingError: A part is not finite; it is named.
    """
    for name, part in parts.items():
        if not bool(torch.isfinite(part)):
            raise TrainingError(
                f"Every part of the loss must be a finite number, {name!r} is {part.item()} at "
                f"step {step}. Lower the rate or look for vectors that are not finite."
            )
    return torch.stack(list(parts.values())).sum()


def descend(
    module: nn.Module,
    loss_of: Callable[[int, torch.Generator], dict[str, Tensor]],
    *,
    steps: int,
    rate: float,
    seed: int,
    settings: dict[str, Any],
    weight_decay: float = 0.0,
    work: Path | None = None,
    progress: Progress = lambda *_: None,
) -> dict[str, float]:
    """Minimise with Adam; what was stopped goes on exactly where it was.

    Args:
        module: What is trained, in place.
        loss_of: Named parts at a step; all that is random comes from the generator.
        steps: In all.
        rate: Learning rate.
        seed: Of the generator.
        settings: What else decides the run; a state of other settings is refused.
        weight_decay: As AdamW has it, on weights and not on biases.
        work: Folder of the state; None keeps none.
        progress: Told how far it is.

    Returns:
        The parts of the last step.

    Raises:
        TrainingError: A part of the loss is not finite, or the state is of other settings.
    """
    optimizer = _optimizer(module, rate, weight_decay)
    generator = torch.Generator().manual_seed(seed)
    digest = _digest(settings | {"steps": steps, "rate": rate, "seed": seed})
    path = None if work is None else work / STATE_FILE
    first = 0 if path is None else _resume(path, module, optimizer, generator, digest)
    module.train()
    parts: dict[str, Tensor] = {}
    for step in range(first, steps):
        parts = loss_of(step, generator)
        optimizer.zero_grad(set_to_none=True)
        total_of(parts, step=step).backward()
        optimizer.step()
        done = step + 1
        if path is not None and (done % SAVE_EVERY == 0 or done == steps):
            _save(path, module, optimizer, generator, digest, done)
        progress(done, steps)
    module.eval()
    return {name: float(part.detach()) for name, part in parts.items()}


def _optimizer(module: nn.Module, rate: float, weight_decay: float) -> torch.optim.Optimizer:
    learned = [p for p in module.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in learned if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in learned if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([g for g in groups if g["params"]], lr=rate)


def _digest(settings: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode()).hexdigest()


def _resume(
    path: Path,
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    generator: torch.Generator,
    digest: str,
) -> int:
    if not path.exists():
        return 0
    state = torch.load(path, weights_only=True)
    require(
        state["settings"] == digest,
        f"The folder {path.parent.name!r} holds the state of a run with other settings or data. "
        "Give another folder, or delete it to begin anew.",
    )
    module.load_state_dict(state["module"])
    optimizer.load_state_dict(state["optimizer"])
    generator.set_state(state["generator"])
    return int(state["step"])


def _save(
    path: Path,
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    generator: torch.Generator,
    digest: str,
    step: int,
) -> None:
    """Write beside, then swap: a kill while writing loses nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    try:
        torch.save(
            {
                "module": module.state_dict(),
                "optimizer": optimizer.state_dict(),
                "generator": generator.get_state(),
                "settings": digest,
                "step": step,
            },
            partial,
        )
        partial.replace(path)
    except (OSError, RuntimeError) as error:  # torch reports a full disk as a RuntimeError
        raise TrainingError(
            f"The state of the training cannot be written to {path.parent.name!r} ({error}). Make "
            "room or give another folder; what was saved before is kept."
        ) from error
