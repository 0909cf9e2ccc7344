"""What one step does to weights, rates and averages, each by hand."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from explorer.encoders.alignment import LocalAlignmentModel
from explorer.training import parallel
from explorer.training.config import TrainingConfig
from explorer.training.drawing import Pools, draw
from explorer.training.loop import steps, train, training_step
from explorer.training.parallel import ProcessGroup
from explorer.training.phrase_memory import PhraseMemory
from explorer.training.state import TrainingState

from .. import tiny_model  # noqa: TID252 - "tests" may be another package elsewhere
from .studies import labelled_study, square_study

CONFIG = TrainingConfig(
    image_size=64,
    warm_size=64,
    steps=4,
    boxed=1,
    weak=1,
    phantoms=0,
    warm_up=4,
    precision="float32",
)
POOLS = Pools(boxed=[square_study()], weak=[labelled_study("Cardiomegaly")], phantoms=[])


def begun(config: TrainingConfig = CONFIG) -> TrainingState:
    return TrainingState.begin(tiny_model.model(), config)


def vectors(model: LocalAlignmentModel) -> PhraseMemory:
    return PhraseMemory(model.text_encoder, tiny_model.tokenizer())


def one_step(config: TrainingConfig) -> tuple[TrainingState, dict[str, float]]:
    """The state after the first step, and its figures."""
    state = begun(config)
    (figures,) = steps(state, POOLS, config, memory=vectors(state.model), stop=1)
    return state, figures


def moved(state: TrainingState) -> set[str]:
    """Parameters that are not what they were before the run."""
    before = tiny_model.model().state_dict()
    named = state.model.named_parameters()
    return {name for name, p in named if not torch.equal(p.detach(), before[name])}


def test_rates_rise_over_the_warm_up_and_fall_with_the_cosine() -> None:
    """A quarter, half, three quarters and all of the peak, times a cosine from 1 to 2 %."""
    state = begun()
    figures = list(steps(state, POOLS, CONFIG, memory=vectors(state.model), stop=4))
    cosines = [0.49 * (1 + math.cos(math.pi * step / 4)) + 0.02 for step in range(4)]
    shares = [cosine * (step + 1) / 4 for step, cosine in enumerate(cosines)]
    assert [f["rate"] for f in figures] == pytest.approx([s * CONFIG.rate for s in shares])
    trunk = [s * CONFIG.trunk_rate for s in shares]
    assert [f["trunk rate"] for f in figures] == pytest.approx(trunk)


def test_the_trunk_has_the_rate_of_the_trunk_and_the_rest_the_other() -> None:
    """At a rate of 0 the optimiser changes nothing, decay included."""
    trunk_alone, _ = one_step(replace(CONFIG, rate=0.0))
    assert moved(trunk_alone)
    assert all(name.startswith("image_encoder.trunk.") for name in moved(trunk_alone))
    rest_alone, _ = one_step(replace(CONFIG, trunk_rate=0.0))
    assert {"log_scale", "bias"} <= moved(rest_alone)
    assert not any(name.startswith("image_encoder.trunk.") for name in moved(rest_alone))


def test_a_gradient_longer_than_1_is_cut_to_1() -> None:
    state = begun()
    figures = training_step(state, [draw(POOLS, CONFIG, 0)], CONFIG, memory=vectors(state.model))
    gradients = [p.grad.flatten() for p in state.model.parameters() if p.grad is not None]
    assert figures["gradient norm"] > 1
    assert torch.cat(gradients).norm().item() == pytest.approx(1, abs=0.01)


def test_the_average_moves_by_what_the_decay_leaves() -> None:
    """Late in a run, .9 of the average stays; the first step takes 10/11 of the new weights."""
    for step, decay, share in ((10_000, 0.9, 0.1), (0, 0.998, 10 / 11)):
        state = begun()
        state.step = step
        before = state.model.bias.item()
        with torch.no_grad():
            state.model.bias.add_(1)
        state.update_average(decay=decay)
        assert state.average["bias"].item() == pytest.approx(before + share, abs=1e-5)


@pytest.mark.parametrize(("ema", "same"), [(0.0, True), (0.998, False)])
def test_a_run_ends_with_the_averaged_weights(tmp_path: Path, ema: float, same: bool) -> None:
    """Without decay they are the last weights, with it they are not."""
    model = tiny_model.model()
    config = replace(CONFIG, ema=ema, steps=2)
    train(model, POOLS, config, memory=vectors(model), folder=tmp_path, report=print)
    ended = model.state_dict()
    saved = torch.load(tmp_path / "state.pt", weights_only=True)
    assert all(torch.equal(ended[name], value) for name, value in saved["average"].items())
    assert torch.equal(ended["bias"], saved["model"]["bias"]) is same


def test_gradients_of_processes_are_averaged_not_added(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process has gradients 1 and 2, the other one 3 and 4: means 2 and 3."""

    def add_those_of_the_other(flat: Tensor) -> None:
        flat += torch.tensor([3.0, 4.0])

    monkeypatch.setattr(parallel.distributed, "all_reduce", add_those_of_the_other)
    weights = [nn.Parameter(torch.zeros(1)) for _ in range(2)]
    for weight, gradient in zip(weights, (1.0, 2.0), strict=True):
        weight.grad = torch.tensor([gradient])
    ProcessGroup(0, 2).average_gradients(weights)
    assert [w.grad.item() for w in weights if w.grad is not None] == [2.0, 3.0]
