"""Distillation by shared information: the oracle, and a student that gains from it."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.methods import mimkd
from explorer.methods._base import Shapes
from explorer.methods.mimkd import Mimkd, MimkdOptions

ORACLE = np.load(Path(__file__).parent.parent / "data" / "mimkd.npz")
TOLERANCE = json.loads(str(ORACLE["meta"]))["tol"]


def tensor(name: str) -> Tensor:
    return torch.from_numpy(ORACLE[name])


@pytest.mark.parametrize(
    ("function", "names"),
    [
        ("global_loss", "teacher_global student_global global_all"),
        ("rolled_loss", "teacher_global student_global global_roll"),
        ("local_loss", "teacher_global student_local local_all"),
        ("place_loss", "teacher_local student_local feature_all"),
        ("soft_label_loss", "kd_logits_t kd_logits_s kd_loss"),
    ],
)
def test_agrees_with_the_oracle(function: str, names: str) -> None:
    teacher, student, expected = names.split()
    found = getattr(mimkd, function)(tensor(teacher), tensor(student))
    assert found.item() == pytest.approx(float(ORACLE[expected]), abs=TOLERANCE)


def test_terms_are_weighted_and_the_task_is_nothing_for_equal_scores() -> None:
    options = MimkdOptions(global_weight=0.0, local_weight=2.0, place_weight=0.0, units=8)
    torch.manual_seed(0)
    method = Mimkd(options, Shapes(dimension=6))
    teacher, student = F.normalize(torch.randn(2, 4, 9, 6), dim=-1)
    parts = method(teacher, student)
    assert parts["image with image"] == 0
    assert parts["place with place"] == 0
    assert parts["image with places"] > 2 * 1.0  # near 2 log 2, twice
    logits = torch.randn(4, 3, 9)
    assert method.task(logits, logits).item() == pytest.approx(0.0, abs=1e-6)
    assert method.task(logits + 1, logits) > 0


def test_the_same_place_costs_less_than_another() -> None:
    """Only the term of places sees where something is."""
    torch.manual_seed(0)
    teacher = F.normalize(torch.randn(6, 4, 8), dim=-1)
    turned = teacher.roll(1, dims=1)
    scaled = 3 * teacher
    assert mimkd.place_loss(scaled, scaled) < mimkd.place_loss(scaled, 3 * turned) - 0.1
    whole = scaled.mean(1)
    assert mimkd.local_loss(whole, scaled).item() == pytest.approx(
        mimkd.local_loss(whole, 3 * turned).item(), abs=1e-5
    )


# --- what the paper promises -----------------------------------------------------------------

SEEDS, MUCH, FEW = 4, 4000, 300


def classes(seed: int) -> tuple[Tensor, Tensor]:
    """Ten classes behind a bent mixture: the first 300 are labelled for the student."""
    rng = np.random.default_rng(seed)
    centres, mixing = rng.normal(size=(10, 6)), rng.normal(size=(6, 30))
    numbers = rng.integers(10, size=MUCH + 2000)
    hidden = centres[numbers] + 0.7 * rng.normal(size=(len(numbers), 6))
    x = np.tanh(hidden @ mixing / 2) + rng.normal(size=(len(numbers), 30))
    return torch.tensor(x, dtype=torch.float32), torch.tensor(numbers)


class Layers(nn.Module):
    """The same linear layer for each of several networks that learn side by side."""

    def __init__(self, networks: int, size_in: int, size_out: int) -> None:
        super().__init__()
        limit = size_in**-0.5
        start = torch.empty(SEEDS, size_in + 1, size_out).uniform_(-limit, limit)
        self.weight = nn.Parameter(start.repeat(networks // SEEDS, 1, 1))  # alike in all arms

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, torch.ones_like(x[..., :1])], -1) @ self.weight


def fit(module: nn.Module, loss_of, *, steps: int, rows: int, batch: int) -> None:
    optimizer = torch.optim.Adam(module.parameters(), lr=3e-3)
    generator = torch.Generator().manual_seed(0)
    for _ in range(steps):
        loss = loss_of(torch.randint(rows, (batch,), generator=generator))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def test_a_small_student_gains_from_its_teacher() -> None:
    """Eight units, 300 labels, with weight 4 and without: at least .03 more right on average."""
    drawn = [classes(seed) for seed in range(SEEDS)]
    x, y = (torch.stack(each) for each in zip(*drawn, strict=True))
    torch.manual_seed(0)
    teacher = nn.ModuleList([Layers(SEEDS, 30, 64), Layers(SEEDS, 64, 10)])

    def taught(r: Tensor) -> Tensor:
        logits = teacher[1](teacher[0](x[:, r]).relu())
        return SEEDS * F.cross_entropy(logits.flatten(0, 1), y[:, r].flatten())

    fit(teacher, taught, steps=400, rows=MUCH, batch=128)
    seen = teacher[0](x[:, :FEW]).relu().detach()
    arms = 2 * SEEDS  # without, then with
    torch.manual_seed(0)
    student = nn.ModuleList(
        [Layers(arms, 30, 8), Layers(arms, 8, 10), Layers(arms, 64, 32), Layers(arms, 8, 32)]
    )
    x2, y2 = x.repeat(2, 1, 1), y.repeat(2, 1)

    def learned(r: Tensor) -> Tensor:
        features = student[0](x2[:, r]).relu()
        task = F.cross_entropy(student[1](features).flatten(0, 1), y2[:, r].flatten())
        sides = student[2](seen.repeat(2, 1, 1)[:, r]), student[3](features)
        shared = [mimkd.global_loss(sides[0][k] / 32**0.5, sides[1][k]) for k in range(SEEDS, arms)]
        return arms * task + 4.0 * torch.stack(shared).sum()

    fit(student, learned, steps=500, rows=FEW, batch=64)
    with torch.no_grad():
        said = student[1](student[0](x2[:, MUCH:]).relu()).argmax(-1)
    right = (said == y2[:, MUCH:]).float().mean(1)
    assert (right[SEEDS:] - right[:SEEDS]).mean() >= 0.03
