"""Adaptation: the oracle, and that what only the new site has stays readable."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.methods import mi_uda
from explorer.methods._base import Shapes
from explorer.methods._bounds import dv
from explorer.methods._critics import ConcatCritic
from explorer.methods.mi_uda import MiUda, MiUdaOptions

ORACLE = np.load(Path(__file__).parent.parent / "data" / "mi_uda.npz")
TOLERANCE = json.loads(str(ORACLE["meta"]))["tol"]


def tensor(name: str) -> Tensor:
    return torch.from_numpy(ORACLE[name])


def test_agrees_with_the_oracle() -> None:
    critic = ConcatCritic(3, 2, (4,)).double()
    with torch.no_grad():
        critic.first.weight.copy_(tensor("W1"))
        critic.first.bias.copy_(tensor("b1"))
        last = critic.rest[0]
        assert isinstance(last, nn.Linear)
        last.weight.copy_(tensor("w2")[None])
        last.bias.zero_()
    scores = critic(tensor("X"), tensor("Z"))
    assert scores.detach().numpy() == pytest.approx(ORACLE["scores"], abs=TOLERANCE)
    assert dv(scores).item() == pytest.approx(float(ORACLE["dv_all_pairs"]), abs=TOLERANCE)
    mixed = scores[torch.arange(6), tensor("perm")]
    found = mi_uda.mine_bound(scores.diagonal(), mixed).item()
    assert found == pytest.approx(float(ORACLE["mine"]), abs=1e-6)
    after = mi_uda.moved_average(float(ORACLE["ema_before"]), mixed)
    assert after == pytest.approx(float(ORACLE["ema_after"]), abs=TOLERANCE)
    apart = mi_uda.squared_mmd(tensor("Zs"), tensor("Z"), sigma=1.0).item()
    assert apart == pytest.approx(float(ORACLE["mmd2_rbf_sigma1"]), abs=TOLERANCE)


def test_the_divergence_is_symmetric_and_grows_with_a_shift() -> None:
    torch.manual_seed(0)
    x, y = torch.randn(2, 20, 3)
    found = [mi_uda.squared_mmd(x, y + shift, sigma=1.0).item() for shift in (0.0, 1.0, 2.0)]
    assert found == sorted(found)
    assert mi_uda.squared_mmd(y, x, sigma=1.0).item() == pytest.approx(found[0], abs=1e-6)


# --- what is promised ------------------------------------------------------------------------


def site(rng: np.random.Generator, mixing: np.ndarray, *, target: bool) -> tuple[Tensor, ...]:
    """Inputs, class and private factors; the target is shifted, its private factors are weak."""
    count = 600
    classes = rng.integers(2, size=count)
    shared = np.stack([2.0 * classes - 1 + 0.7 * rng.normal(size=count)] * 2, 1)
    private = rng.normal(size=(count, 3)) * (1.0 if target else 0.0)
    values = np.concatenate([shared, private], 1) @ mixing + 0.1 * rng.normal(size=(count, 12))
    values += 0.8 * target
    kinds = (torch.float32, torch.long, torch.float32)
    return tuple(
        torch.tensor(v, dtype=k) for v, k in zip((values, classes, private), kinds, strict=True)
    )


def adapted(seed: int, preserved: float) -> tuple[float, float]:
    """Accuracy on the target, and R2 of its private factors from the latent."""
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(5, 12))
    source, classes, _ = site(rng, mixing, target=False)
    target, truth, private = site(rng, mixing, target=True)
    torch.manual_seed(seed)
    encoder = nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 6))
    answer = nn.Linear(6, 2)
    options = MiUdaOptions(preserved=preserved, hidden=32)
    method = MiUda(options, Shapes(dimension=6, features=12))
    learned = nn.ModuleList([encoder, answer, method])
    optimizer = torch.optim.AdamW(learned.parameters(), lr=3e-3, weight_decay=0.05)
    for _ in range(300):
        rows = torch.randint(600, (2, 64))
        z_s, z_t = encoder(source[rows[0]]), encoder(target[rows[1]])
        parts = method(z_s, z_t, target[rows[1]])
        loss = F.cross_entropy(answer(z_s), classes[rows[0]])
        optimizer.zero_grad()
        (loss + torch.stack(list(parts.values())).sum()).backward()
        optimizer.step()
    with torch.no_grad():
        latent = encoder(target)
        right = (answer(latent).argmax(1) == truth).float().mean()
    design = torch.cat([latent, torch.ones(600, 1)], 1)
    fit = torch.linalg.lstsq(design[:300], private[:300]).solution
    left = (private[300:] - design[300:] @ fit).square().sum(0)
    return float(right), float((1 - left / private[300:].square().sum(0)).mean())


def test_private_factors_stay_readable_and_accuracy_does_not_fall() -> None:
    """What is asserted is preservation: accuracy did not rise with it."""
    without, kept = ([adapted(seed, beta) for seed in range(2)] for beta in (0.0, 0.2))
    assert np.mean([k[1] - w[1] for k, w in zip(kept, without, strict=True)]) >= 0.1
    assert np.mean([k[0] - w[0] for k, w in zip(kept, without, strict=True)]) >= -0.05
