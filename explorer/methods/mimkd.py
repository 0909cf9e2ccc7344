"""MIMKD: a small tower learns to share information with a large one (Shrivastava et al., 2021).

Paper: A. Shrivastava, Y. Qi, V. Ordonez, "Estimating and Maximizing Mutual Information for
Knowledge Distillation", arXiv 2110.15946.

Equation: task + a J(T; s) + b J(T; s_r) + c J(t_r; s_r), J = mean softplus(-S_ii) + mean
softplus(S_ij): the Jensen-Shannon bound between teacher and student, global with global, global
with every place, and place with the same place; other images are the negatives.

Intuition: copying numbers asks a small network for more than it can hold; telling its image from
others by what the teacher saw of it asks for what matters.

Ours: weights, critics (a linear layer each side, dot product), pairs of the local term, and the
task, which for a checkpoint without class labels is the teacher's own score of every patch for a
set of phrases. The student keeps the teacher's text tower, so that both answer the same phrases.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.methods._base import MethodCard, MethodOptions, Shapes, option


def pair_loss(scores: Tensor) -> Tensor:
    """Negative Jensen-Shannon bound: `mean softplus(-S_ii) + mean softplus(S_ij)`, i not j.

    Args:
        scores: (B, B, ...) teacher i with student j, at any number of places.

    >>> round(pair_loss(torch.zeros(2, 2)).item(), 4)  # a critic that tells nothing: 2 log 2
    1.3863
    """
    own = torch.eye(len(scores), dtype=torch.bool, device=scores.device)
    return F.softplus(-scores[own]).mean() + F.softplus(scores[~own]).mean()


def global_loss(teacher: Tensor, student: Tensor) -> Tensor:
    """Teacher (B, D) with student (B, D); all other images are negatives."""
    return pair_loss(teacher @ student.T)


def rolled_loss(teacher: Tensor, student: Tensor) -> Tensor:
    """The same with one negative an image, the next one: memory linear in B."""
    own = (teacher * student).sum(-1)
    other = (teacher * student.roll(-1, 0)).sum(-1)
    return F.softplus(-own).mean() + F.softplus(other).mean()


def local_loss(teacher: Tensor, student: Tensor) -> Tensor:
    """Teacher as a whole (B, D) with every place of the student (B, R, D)."""
    return pair_loss(torch.einsum("bd,crd->bcr", teacher, student))


def place_loss(teacher: Tensor, student: Tensor) -> Tensor:
    """Teacher (B, R, D) with the same place of the student (B, R, D)."""
    return pair_loss(torch.einsum("brd,crd->bcr", teacher, student))


def soft_label_loss(teacher: Tensor, student: Tensor, *, temperature: float = 4.0) -> Tensor:
    """Hinton's distillation, T^2 KL(teacher, student) of logits (B, C) over T."""
    t, s = (torch.log_softmax(logits / temperature, -1) for logits in (teacher, student))
    return temperature**2 * F.kl_div(s, t, log_target=True, reduction="batchmean")


@dataclass(frozen=True)
class MimkdOptions(MethodOptions):
    """What decides a distillation."""

    global_weight: float = option(1.0, "Weight of image with image.", min=0)
    local_weight: float = option(0.5, "Weight of image with every place.", min=0)
    place_weight: float = option(1.0, "Weight of place with the same place.", min=0)
    task_weight: float = option(20.0, "Weight of the teacher's scores of patches.", min=0)
    units: int = option(64, "Numbers that a critic compares.", min=1)
    image_size: int = option(128, "Side of the student's input, a multiple of 32.", min=32)
    width: int = option(96, "Channels of the student's neck.", min=8)
    steps: int = option(600, "Steps.", min=1)
    batch: int = option(16, "Films of a step.", min=2)
    rate: float = option(2e-3, "Learning rate.", above=0)
    weight_decay: float = option(0.01, "Of AdamW.", min=0)
    check_views: int = option(1600, "Pictures that the image check learns from.", min=80)
    seed: int = option(0, "Of everything random.", min=0)


class Mimkd(nn.Module):
    """Critics of the three terms, and the task; tower and student are given by the loop."""

    card: ClassVar[MethodCard] = MethodCard(
        title="MIMKD: a small student",
        paper="A. Shrivastava, Y. Qi, V. Ordonez, Estimating and Maximizing Mutual Information "
        "for Knowledge Distillation, 2021, arXiv 2110.15946",
        year=2021,
        kind="head",
        equation="task + a J(T; s) + b J(T; s_r) + c J(t_r; s_r), "
        "J = mean softplus(-S_ii) + mean softplus(S_ij)",
        intuition="Telling its image from others by what the teacher saw of it asks a small "
        "network for what matters, not for every number.",
        ours=(
            "Weights, critics and the pairs of the local term: the paper's were not read.",
            "The task is the teacher's score of every patch for a set of phrases.",
            "The student keeps the teacher's text tower.",
        ),
        needs=frozenset({"ids"}),
        needs_batch=2,
    )
    Options = MimkdOptions

    def __init__(self, options: MimkdOptions, shapes: Shapes) -> None:
        super().__init__()
        self.options = options
        names = ("teacher whole", "student whole", "teacher place", "student place")
        self.critics = nn.ModuleDict(
            {name: nn.Linear(shapes.dimension, options.units) for name in names}
        )

    def forward(self, teacher: Tensor, student: Tensor) -> dict[str, Tensor]:
        """Weighted terms of teacher (B, R, D) and student (B, R, D) patches at the same places."""
        options = self.options
        see = {name: self._see(name, side) for name, side in self._sides(teacher, student)}
        whole = see["teacher whole"]
        return {
            "image with image": options.global_weight * global_loss(whole, see["student whole"]),
            "image with places": options.local_weight * local_loss(whole, see["student place"]),
            "place with place": options.place_weight
            * place_loss(see["teacher place"], see["student place"]),
        }

    def _sides(self, teacher: Tensor, student: Tensor) -> list[tuple[str, Tensor]]:
        return [
            ("teacher whole", teacher.mean(1)),
            ("student whole", student.mean(1)),
            ("teacher place", teacher),
            ("student place", student),
        ]

    def _see(self, name: str, vectors: Tensor) -> Tensor:
        seen: Tensor = self.critics[name](vectors * math.sqrt(vectors.shape[-1]))
        return seen / seen.shape[-1] ** 0.25  # products of two then have unit size at the start

    def task(self, logits: Tensor, wanted: Tensor) -> Tensor:
        """Weighted divergence of the student's patch scores from the teacher's.

        Args:
            logits: (B, P, R) of the student.
            wanted: (B, P, R) of the teacher.
        """
        target = torch.sigmoid(wanted)
        entropy = F.binary_cross_entropy_with_logits(wanted, target)
        found = F.binary_cross_entropy_with_logits(logits, target) - entropy
        return self.options.task_weight * found


METHOD = Mimkd
