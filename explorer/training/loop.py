"""The training loop: readable in one sitting, exact to resume, and blind to what is minimised.

Every draw of step n comes from generators seeded with (seed, n), so a run that is killed and
resumed gives the weights of one that was not. The method says what a step costs and what it
remembers; the loop draws, encodes, updates and saves.
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
from explorer.methods._base import Method, MethodBatch
from explorer.training.batches import Batch
from explorer.training.config import TrainingConfig
from explorer.training.drawing import Pools, draw_ahead
from explorer.training.needs import require_needs
from explorer.training.parallel import ProcessGroup, joined_layers, process_group
from explorer.training.phrase_memory import PhraseMemory
from explorer.training.state import TrainingState
from explorer.training.step_batch import Towers, step_batch

Report = Callable[[int, dict[str, float]], None]

_REPORT_EVERY = 10  # steps
_LARGEST_GRADIENT = 1.0  # norm


def train(
    model: LocalAlignmentModel,
    pools: Pools,
    config: TrainingConfig,
    *,
    memory: PhraseMemory,
    folder: Path,
    report: Report,
    until: int | None = None,
) -> Method:
    """Train image tower, projections and the method's own parameters; the text tower stays.

    Processes that `torchrun` started and `parallel.joined` joined train as one; all call this.

    Args:
        model: Changed in place; ends on the CPU, in evaluation mode, with the averaged weights.
        pools: Where images are drawn from; the same in all processes.
        config: Settings.
        memory: Of the text tower.
        folder: Holds `state.pt`; a run found there is resumed.
        report: Called every ten steps and after the last, with the parts of the loss, the learning
            rates and the norm of the gradient; in the first process only.
        until: Stop after this many steps, to be resumed later; None = after all.

    Returns:
        The method with what it learned, on the CPU.

    Raises:
        TrainingError: The training set lacks what the method needs; the loss or the gradient is
            not finite any more; the run in `folder` had other settings; or there are more
            processes than images in a batch.
    """
    members = process_group()
    members.share(sum(n for _, n in pools.shares(config)))
    state = TrainingState.begin(model, config, images=len(pools))
    with members.first_goes_first():  # the first may have saved just now
        state.resume(folder / "state.pt")
    stop = config.steps if until is None else min(until, config.steps)
    if state.step < stop:
        require_needs(pools, config)
    members.same_everywhere(model)
    members.same_everywhere(state.method)
    if config.trunk_rate == 0:
        model.image_encoder.trunk.eval().requires_grad_(requires_grad=False)
    for figures in steps(state, pools, config, memory=memory, stop=stop):
        last = state.step == stop
        if members.first and ((state.step - 1) % _REPORT_EVERY == 0 or last):
            report(state.step - 1, figures)
        if members.first and (state.step % config.save_every == 0 or last):
            state.save(folder / "state.pt")
    model.load_state_dict(state.average)
    model.cpu().eval()
    return state.method.cpu().eval()


def steps(
    state: TrainingState,
    pools: Pools,
    config: TrainingConfig,
    *,
    memory: PhraseMemory,
    stop: int,
) -> Generator[dict[str, float]]:
    """Take the steps before `stop`, one whenever the next figures are asked for."""
    members = process_group()
    count = sum(n for _, n in pools.shares(config))
    batches = draw_ahead(pools, config, start=state.step, stop=stop)
    with closing(batches), joined_layers(state.model.image_encoder, members, count=count):
        while state.step < stop:
            _set_rates(state.optimizer, config, state.step)
            drawn = list(islice(batches, config.accumulate))
            figures = training_step(state, drawn, config, memory=memory, members=members)
            state.update_average(decay=config.ema)
            state.step += 1
            yield figures


def training_step(
    state: TrainingState,
    batches: Sequence[Batch],
    config: TrainingConfig,
    *,
    memory: PhraseMemory,
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
    seen: list[MethodBatch] = []
    for part, batch in enumerate(batches):
        parts, step = batch_losses(state, batch, config, memory, members, part=part)
        total = torch.stack(list(parts.values())).sum()
        if total.requires_grad:
            state.scaler.scale(total / len(batches)).backward()
        for name, value in ({"loss": total} | parts).items():
            figures[name] = figures.get(name, 0.0) + value.item() / len(batches)
        if type(state.method).after_step is not Method.after_step:
            seen.append(step.detach())
    members.average_gradients(parameters)
    state.scaler.unscale_(state.optimizer)
    norm = torch.nn.utils.clip_grad_norm_(parameters, _LARGEST_GRADIENT)
    figures["gradient norm"] = norm.item()
    # An infinite gradient in float16 is skipped, and the loss scaled down, by the scaler.
    watched = [n for n in figures if n != "gradient norm" or not state.scaler.is_enabled()]
    _check_finite({n: figures[n] for n in watched}, step=state.step)
    state.scaler.step(state.optimizer)
    state.scaler.update()
    with torch.no_grad():
        for step in seen:
            state.method.after_step(step)
    trunk, rest = (group["lr"] for group in state.optimizer.param_groups[:2])
    return figures | {"rate": rest, "trunk rate": trunk}


def batch_losses(
    state: TrainingState,
    batch: Batch,
    config: TrainingConfig,
    memory: PhraseMemory,
    members: ProcessGroup,
    *,
    part: int = 0,
) -> tuple[dict[str, Tensor], MethodBatch]:
    """Weighted parts of the loss of a batch, of which this process encodes its share of images."""
    seed = config.seed * 1_000_003 + state.step * config.accumulate + part
    torch.manual_seed(seed)
    method = state.method
    towers = Towers(state.model, memory, members, config.precision)
    seen = step_batch(
        batch,
        towers,
        needs=method.card.needs | method.card.uses,
        step=state.step,
        steps=config.steps,
        seed=seed,
    )
    return method(seen), seen


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
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * min(1.0, (step + 1) / config.warm_up) * cosine
