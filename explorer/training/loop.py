"""The training loop: readable in one sitting, exact to resume.

Every draw of step n comes from generators seeded with (seed, n), so a run that is killed and
resumed gives the weights of one that was not.
"""

import math
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor

from explorer.encoders.alignment import LocalAlignmentModel
from explorer.errors import TrainingError
from explorer.training.batches import Batch
from explorer.training.config import TrainingConfig
from explorer.training.drawing import Pools, draw_ahead
from explorer.training.language import language_loss
from explorer.training.losses import losses
from explorer.training.parallel import ProcessGroup, joined_layers, process_group
from explorer.training.state import TrainingState

PhraseVectors = Callable[[Sequence[str]], Tensor]  # (P, C): the frozen text tower, remembered
Report = Callable[[int, dict[str, float]], None]

_REPORT_EVERY = 10  # steps
_LARGEST_GRADIENT = 1.0  # norm


def train(
    model: LocalAlignmentModel,
    pools: Pools,
    config: TrainingConfig,
    *,
    phrase_vectors: PhraseVectors,
    folder: Path,
    report: Report,
    until: int | None = None,
) -> LocalAlignmentModel:
    """Train image tower and projections; the text tower stays as it is.

    Processes that `torchrun` started and `parallel.joined` joined train as one; all call this.

    Args:
        model: Changed in place; returned on the CPU with the averaged weights.
        pools: Where images are drawn from; the same in all processes.
        config: Settings.
        phrase_vectors: Output of the text tower for phrases.
        folder: Holds `state.pt`; a run found there is resumed.
        report: Called every ten steps and after the last, with the parts of the loss, the learning
            rates and the norm of the gradient; in the first process only.
        until: Stop after this many steps, to be resumed later; None = after all.

    Raises:
        TrainingError: The loss or the gradient is not finite any more, or there are more processes
            than images in a batch.
    """
    members = process_group()
    members.share(sum(n for _, n in pools.shares(config)))
    state = TrainingState.begin(model, config)
    with members.first_goes_first():  # the first may have saved just now
        state.resume(folder / "state.pt")
    members.same_everywhere(model)
    if config.trunk_rate == 0:
        model.image_encoder.trunk.eval().requires_grad_(requires_grad=False)
    stop = config.steps if until is None else min(until, config.steps)
    for figures in steps(state, pools, config, phrase_vectors=phrase_vectors, stop=stop):
        last = state.step == stop
        if members.first and ((state.step - 1) % _REPORT_EVERY == 0 or last):
            report(state.step - 1, figures)
        if members.first and (state.step % config.save_every == 0 or last):
            state.save(folder / "state.pt")
    model.load_state_dict(state.average)
    return model.cpu().eval()


def steps(
    state: TrainingState,
    pools: Pools,
    config: TrainingConfig,
    *,
    phrase_vectors: PhraseVectors,
    stop: int,
) -> Generator[dict[str, float]]:
    """Take the steps before `stop`, one whenever the next figures are asked for."""
    members = process_group()
    count = sum(n for _, n in pools.shares(config))
    batches = draw_ahead(pools, config, start=state.step, stop=stop)
    with closing(batches), joined_layers(state.model.image_encoder, members, count=count):
        while state.step < stop:
            _set_rates(state.optimizer, config, state.step)
            figures = training_step(
                state,
                list(islice(batches, config.accumulate)),
                config,
                phrase_vectors=phrase_vectors,
                members=members,
            )
            state.update_average(decay=config.ema)
            state.step += 1
            yield figures


def training_step(
    state: TrainingState,
    batches: Sequence[Batch],
    config: TrainingConfig,
    *,
    phrase_vectors: PhraseVectors,
    members: ProcessGroup = ProcessGroup(),  # noqa: B008 - frozen
) -> dict[str, float]:
    """One update from the mean gradient of some batches.

    Negatives are those of one batch: accumulating makes gradients smoother, not negatives more.

    Returns:
        Loss and its parts (means over the batches), gradient norm before clipping, learning rates.
    """
    parameters = [p for group in state.optimizer.param_groups for p in group["params"]]
    state.optimizer.zero_grad(set_to_none=True)
    figures: dict[str, float] = {}
    for part, batch in enumerate(batches):
        torch.manual_seed(config.seed * 1_000_003 + state.step * len(batches) + part)
        parts = batch_losses(state.model, batch, config, phrase_vectors, members)
        total = torch.stack(list(parts.values())).sum()
        state.scaler.scale(total / len(batches)).backward()
        for name, value in ({"loss": total} | parts).items():
            figures[name] = figures.get(name, 0.0) + value.item() / len(batches)
    members.average_gradients(parameters)
    state.scaler.unscale_(state.optimizer)
    norm = torch.nn.utils.clip_grad_norm_(parameters, _LARGEST_GRADIENT)
    figures["gradient norm"] = norm.item()
    # An infinite gradient in float16 is skipped, and the loss scaled down, by the scaler.
    watched = [n for n in figures if n != "gradient norm" or not state.scaler.is_enabled()]
    _check_finite({n: figures[n] for n in watched}, step=state.step)
    state.scaler.step(state.optimizer)
    state.scaler.update()
    trunk, rest = (group["lr"] for group in state.optimizer.param_groups)
    return figures | {"rate": rest, "trunk rate": trunk}


def batch_losses(
    model: LocalAlignmentModel,
    batch: Batch,
    config: TrainingConfig,
    phrase_vectors: PhraseVectors,
    members: ProcessGroup,
) -> dict[str, Tensor]:
    """Weighted parts of the loss of a batch, of which this process encodes its share of images."""
    place = next(model.parameters()).device
    count = len(batch.pixels)
    pixels = torch.from_numpy(batch.pixels[members.share(count)])
    images = pixels.to(place, memory_format=torch.channels_last)
    dtype = getattr(torch, config.precision)
    with torch.autocast(place.type, dtype, enabled=dtype != torch.float32):
        features, _ = model.image_encoder(images)
    patches = members.gather(model.patch_projection(features.float()), count=count)

    def embed(texts: Sequence[str]) -> Tensor:
        return model.phrase_projection(phrase_vectors(texts).to(place))

    parts = losses(model, batch, patches, embed(batch.phrases), supervision=config.supervision)
    if batch.naming is not None:
        parts["language"] = 0.2 * language_loss(embed, batch.naming)
    return parts


def _check_finite(figures: dict[str, float], *, step: int) -> None:
    wrong = [name for name, value in figures.items() if not math.isfinite(value)]
    if wrong:
        raise TrainingError(
            f"The loss must stay finite, at step {step} it is not ({', '.join(wrong)}). The last "
            "saved state is kept: lower rate and trunk_rate, or set precision to float32, and "
            "start the same command again."
        )


def _set_rates(optimizer: torch.optim.Optimizer, config: TrainingConfig, step: int) -> None:
    """Linear warm-up, then cosine down to 2 %."""
    cosine = 0.5 * (1 + math.cos(math.pi * step / config.steps)) * 0.98 + 0.02
    rates = (config.trunk_rate, config.rate)
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        group["lr"] = rate * min(1.0, (step + 1) / config.warm_up) * cosine
