"""Deep InfoMax: released and exact losses, and features that tell more than pixels."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from explorer.errors import TrainingError
from explorer.methods import _bounds as bounds
from explorer.methods._base import Shapes
from explorer.methods.deep_infomax import DeepInfoMax, DeepInfoMaxOptions, places_table

from .batches import SHAPES, make_batch

ORACLE = np.load(Path(__file__).parents[1] / "data" / "jsd_dim.npz")
STUDY = torch.arange(4)


def oracle(name: str) -> Tensor:
    return torch.tensor(ORACLE[name])


def build(*, shapes: Shapes = SHAPES, **options: object) -> DeepInfoMax:
    torch.manual_seed(0)
    return DeepInfoMax(DeepInfoMaxOptions(**options), shapes)  # type: ignore[arg-type]


def test_jsd_and_its_gradients_are_the_released_ones() -> None:
    """Shifted by 2 log 2, so that a critic that tells nothing costs 0."""
    places, summary = oracle("l").requires_grad_(), oracle("m").requires_grad_()
    scores, matched, other = places_table(summary[..., 0], places.mT, STUDY)
    loss = -bounds.jsd(scores, positive=matched, negative=other) - 2 * math.log(2)
    loss.backward()
    assert loss.item() == pytest.approx(float(ORACLE["fd_JSD"]), abs=1e-8)
    torch.testing.assert_close(places.grad, oracle("fd_JSD_grad_l"), rtol=0, atol=1e-8)
    torch.testing.assert_close(summary.grad, oracle("fd_JSD_grad_m"), rtol=0, atol=1e-8)


def test_infonce_and_donsker_varadhan_are_the_exact_ones() -> None:
    """Not the released: one keeps own places at a logit of -10, the other raises an error."""
    scores, matched, other = places_table(oracle("m")[..., 0], oracle("l").mT, STUDY)
    infonce = math.log(16) - bounds.infonce(scores, positive=matched, negative=other).item()
    assert infonce == pytest.approx(float(ORACLE["nce_exact_slow"]), abs=1e-8)
    assert infonce != pytest.approx(float(ORACLE["nce_reference"]), abs=1e-8)
    dv = -bounds.dv(scores, positive=matched, negative=other).item()
    assert dv == pytest.approx(float(ORACLE["dv_exact_slow"]), abs=1e-8)


def test_images_of_one_examination_are_no_negatives() -> None:
    _, matched, other = places_table(torch.eye(3), torch.ones(3, 2, 3), torch.tensor([5, 5, 6]))
    assert matched[0].tolist() == [True, True, False, False, False, False]
    assert other[0].tolist() == [False, False, False, False, True, True]


@pytest.mark.parametrize("estimator", bounds.BOUND_NAMES)
def test_every_estimator_trains(estimator: str) -> None:
    batch = make_batch(images=4)
    batch.features.requires_grad_()
    parts = build(estimator=estimator)(batch)
    assert set(parts) == {"local", "prior"}
    torch.stack(list(parts.values())).sum().backward()
    assert all(part.isfinite() for part in parts.values())
    assert batch.features.grad is not None
    assert torch.isfinite(batch.features.grad).all()
    assert batch.features.grad.abs().sum() > 0


def test_weights_of_the_parts_are_used() -> None:
    batch = make_batch(images=4)
    parts, twice = build()(batch), build(local_weight=2.0, prior=0.3)(batch)
    torch.testing.assert_close(twice["local"], 2 * parts["local"])
    torch.testing.assert_close(twice["prior"], 3 * parts["prior"])
    assert set(build(prior=0.0)(batch)) == {"local"}


def test_places_are_means_of_patches_where_the_grid_is_finer() -> None:
    batch = make_batch(images=4)
    halves = batch.features.unflatten(1, (2, 2)).unflatten(3, (2, 2)).mean((2, 4))
    coarser = build(side=2)(replace(batch, features=halves))
    torch.testing.assert_close(build(side=2)(batch)["local"], coarser["local"])
    assert build(side=0)(batch)["local"] != coarser["local"]


def test_phrases_are_not_looked_at() -> None:
    batch = make_batch(images=4)
    other = replace(batch, phrases=-batch.phrases, owner=torch.full_like(batch.owner, -1))
    torch.testing.assert_close(build()(other), build()(batch))


def test_a_step_of_one_study_is_refused_in_words() -> None:
    with pytest.raises(TrainingError, match="at least two examinations in a batch, got 1"):
        build()(make_batch(images=1))


# --- features that tell more than pixels ----------------------------------------------------

SIDE, KINDS = 16, 4


def pictures(count: int, *, draw: torch.Generator) -> tuple[Tensor, Tensor]:
    """Noisy pictures (N, 1, 16, 16) with one of four gratings in a window anywhere."""
    kind = torch.randint(KINDS, (count,), generator=draw)
    angle = kind * math.pi / KINDS
    row, column = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
    phase = 2 * math.pi * torch.rand(count, generator=draw)
    wave = torch.cos(
        1.6 * (row * angle.cos()[:, None, None] + column * angle.sin()[:, None, None])
        + phase[:, None, None]
    )
    corner = torch.randint(SIDE - 9, (count, 2, 1, 1), generator=draw)
    window = (row >= corner[:, 0]) & (row < corner[:, 0] + 10)
    window = window & (column >= corner[:, 1]) & (column < corner[:, 1] + 10)
    noise = 0.5 * torch.randn(count, SIDE, SIDE, generator=draw)
    return (wave * window + noise)[:, None], kind


def probe(train: tuple[Tensor, Tensor], test: tuple[Tensor, Tensor]) -> float:
    """Accuracy of a ridge regression on standardised features."""
    mean, spread = train[0].mean(0), train[0].std(0) + 1e-6
    x, y = ((f - mean) / spread for f in (train[0], test[0]))
    target = nn.functional.one_hot(train[1], KINDS).float()
    weights = torch.linalg.solve(x.T @ x + 10 * torch.eye(x.shape[1]), x.T @ (target - 0.25))
    return ((y @ weights).argmax(1) == test[1]).float().mean().item()


@pytest.mark.slow
def test_features_of_local_infomax_tell_more_than_pixels() -> None:
    draw = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    tower = nn.Sequential(
        nn.Conv2d(1, 16, 5, stride=2, padding=2),
        nn.ReLU(),
        nn.Conv2d(16, 24, 3, stride=2, padding=1),
        nn.ReLU(),
    )
    method = build(shapes=replace(SHAPES, features=24), units=32, code=16)
    optimizer = torch.optim.Adam([*tower.parameters(), *method.parameters()], lr=2e-3)
    for step in range(400):
        features = tower(pictures(32, draw=draw)[0]).movedim(1, -1)
        batch = replace(
            make_batch(0, images=32), features=features, study=torch.arange(32), seed=step
        )
        optimizer.zero_grad()
        torch.stack(list(method(batch).values())).sum().backward()
        optimizer.step()
    seen, held_out = pictures(600, draw=draw), pictures(600, draw=draw)

    def learned(x: Tensor) -> Tensor:
        return tower(x).mean((2, 3)).detach()

    pixels = probe((seen[0].flatten(1), seen[1]), (held_out[0].flatten(1), held_out[1]))
    found = probe((learned(seen[0]), seen[1]), (learned(held_out[0]), held_out[1]))
    assert found > pixels + 0.1
