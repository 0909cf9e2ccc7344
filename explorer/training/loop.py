"""The training loop: readable in one sitting, exact to resume.

Every draw of step n comes from generators seeded with (seed, n), so a run that is killed and
resumed gives the weights of one that was not.
"""

import logging
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from explorer.encoders.alignment import LocalAlignmentModel
from explorer.encoders.image import PATCH_STRIDE
from explorer.training.batches import Batch, make_batch
from explorer.training.config import TrainingConfig
from explorer.training.losses import losses
from explorer.training.samples import TrainingStudy

log = logging.getLogger(__name__)

PhraseVectors = Callable[[Sequence[str]], Tensor]  # (P, C): the frozen text tower, remembered
Report = Callable[[int, dict[str, float]], None]


@dataclass(frozen=True, slots=True)
class Pools:
    """Training studies by kind; a kind may be empty when its batch share is 0."""

    boxed: Sequence[TrainingStudy]
    weak: Sequence[TrainingStudy]
    phantoms: Sequence[TrainingStudy]


def train(
    model: LocalAlignmentModel,
    pools: Pools,
    config: TrainingConfig,
    *,
    phrase_vectors: PhraseVectors,
    folder: Path,
    report: Report,
) -> LocalAlignmentModel:
    """Train image tower and projections; the text tower stays as it is.

    Args:
        model: Changed in place; returned with the averaged weights.
        pools: Where images are drawn from.
        config: Settings.
        phrase_vectors: Output of the text tower for phrases.
        folder: Holds `state.pt`; a run found there is resumed.
        report: Called every ten steps.
    """
    optimizer, rates = _optimizer(model, config)
    average = {k: v.clone() for k, v in model.state_dict().items()}
    start = _resume(folder / "state.pt", model, optimizer, average)
    model.train()
    model.text_encoder.eval()
    with ThreadPoolExecutor(1) as worker:  # the next batch is drawn while this one is computed
        upcoming = worker.submit(_draw, pools, config, start)
        for step in range(start, config.steps):
            batch = upcoming.result()
            upcoming = worker.submit(_draw, pools, config, min(step + 1, config.steps - 1))
            _set_rates(optimizer, rates, step, config)
            torch.manual_seed(config.seed * 1_000_003 + step)
            figures = training_step(model, batch, optimizer, phrase_vectors=phrase_vectors)
            _update_average(average, model, step, decay=config.ema)
            if step % 10 == 0:
                report(step, figures)
            if (step + 1) % config.save_every == 0 or step + 1 == config.steps:
                _save(folder / "state.pt", model, optimizer, average, step + 1)
    model.load_state_dict(average)
    return model.eval()


def training_step(
    model: LocalAlignmentModel,
    batch: Batch,
    optimizer: torch.optim.Optimizer,
    *,
    phrase_vectors: PhraseVectors,
) -> dict[str, float]:
    """One forward, backward and update; returns the parts of the loss."""
    device = next(model.parameters()).device
    images = torch.from_numpy(batch.pixels).to(device).to(memory_format=torch.channels_last)
    with torch.autocast(device.type, torch.bfloat16):
        features, _ = model.image_encoder(images)
    patches = model.patch_projection(features.float())
    phrases = model.phrase_projection(phrase_vectors(batch.phrases).to(device))
    parts = losses(model, batch, patches, phrases)
    total = torch.stack(list(parts.values())).sum()
    optimizer.zero_grad(set_to_none=True)
    total.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return {"loss": total.item()} | {k: v.item() for k, v in parts.items()}


def _draw(pools: Pools, config: TrainingConfig, step: int) -> Batch:
    rng = np.random.default_rng((config.seed, step))
    side = config.warm_size if step < config.warm_share * config.steps else config.image_size
    studies = [
        pool[i]
        for pool, count in (
            (pools.boxed, config.boxed),
            (pools.weak, config.weak),
            (pools.phantoms, config.phantoms),
        )
        if count and len(pool)
        for i in rng.integers(len(pool), size=count)
    ]
    return make_batch(studies, rng, side=side, grid=side // PATCH_STRIDE, mirror=config.mirror)


def _optimizer(
    model: LocalAlignmentModel, config: TrainingConfig
) -> tuple[torch.optim.Optimizer, list[float]]:
    trunk = list(model.image_encoder.trunk.parameters())
    frozen = {id(p) for p in (*model.text_encoder.parameters(), *model.image_check.parameters())}
    known = frozen | {id(p) for p in trunk}
    rest = [p for p in model.parameters() if id(p) not in known]
    rates = [config.trunk_rate, config.rate]
    groups = [{"params": p, "lr": r} for p, r in zip((trunk, rest), rates, strict=True)]
    return torch.optim.AdamW(groups, weight_decay=config.weight_decay), rates


def _set_rates(
    optimizer: torch.optim.Optimizer, rates: Sequence[float], step: int, config: TrainingConfig
) -> None:
    """Linear warm-up, then cosine down to 2 %."""
    cosine = 0.5 * (1 + math.cos(math.pi * step / config.steps)) * 0.98 + 0.02
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        group["lr"] = rate * min(1.0, (step + 1) / config.warm_up) * cosine


def _update_average(
    average: dict[str, Tensor], model: LocalAlignmentModel, step: int, *, decay: float
) -> None:
    decay = min(decay, (step + 1) / (step + 11))
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if name.startswith("text_encoder."):
                continue
            if value.dtype.is_floating_point:
                average[name].lerp_(value, 1 - decay)
            else:
                average[name].copy_(value)


def _save(
    path: Path,
    model: LocalAlignmentModel,
    optimizer: torch.optim.Optimizer,
    average: dict[str, Tensor],
    step: int,
) -> None:
    """Write the whole state beside, then swap: a kill while writing loses nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "average": average,
        "step": step,
    }
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)


def _resume(
    path: Path,
    model: LocalAlignmentModel,
    optimizer: torch.optim.Optimizer,
    average: dict[str, Tensor],
) -> int:
    if not path.exists():
        return 0
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    average.update(state["average"])
    log.info("Resuming at step %d.", state["step"])
    return int(state["step"])
