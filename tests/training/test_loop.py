"""The loop: a killed and resumed run equals one that was not, and learning lowers the loss."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from explorer.encoders.alignment import LocalAlignmentModel
from explorer.errors import TrainingError
from explorer.training.config import TrainingConfig
from explorer.training.drawing import Pools, draw
from explorer.training.language import Statement, StatementPool
from explorer.training.loop import batch_losses, steps, train
from explorer.training.parallel import ProcessGroup
from explorer.training.phrase_memory import PhraseMemory
from explorer.training.state import TrainingState

from .. import tiny_model  # noqa: TID252 - "tests" may be another package elsewhere
from .studies import labelled_study, square_study

CONFIG = TrainingConfig(
    image_size=64, warm_size=64, steps=4, boxed=2, weak=1, phantoms=1, warm_up=2, save_every=2
)
POOLS = Pools(
    boxed=[square_study(), square_study("Effusion", row=280, labels=frozenset({"Effusion"}))],
    weak=[labelled_study("Cardiomegaly"), labelled_study()],
    phantoms=[square_study(exact=True, labels=None, texts=("right mass", "mass"))],
)
DATA = Path(__file__).parents[1] / "data"
STATEMENTS = StatementPool(
    {"mass": ("mass",), "effusion": ("effusion", "pleural effusion")},
    [
        Statement("there is no mass", "mass", present=False),
        Statement("left effusion", "effusion", present=True),
        Statement("mass in the lung", "mass", present=True),
    ],
)


class Killed(Exception):
    """Stands for a power cut."""


class Vectors(PhraseMemory):
    """The text tower; dies, or answers NaN, when it is asked at step `dies_at` or `ill_at`."""

    def __init__(
        self,
        model: LocalAlignmentModel,
        *,
        dies_at: int | None = None,
        ill_at: int | None = None,
    ) -> None:
        super().__init__(model.text_encoder, tiny_model.tokenizer())
        self._asked, self._dies_at, self._ill_at = 0, dies_at, ill_at

    def __call__(self, phrases: Sequence[str]) -> Tensor:
        if self._asked == self._dies_at:
            raise Killed
        self._asked += 1
        vectors = super().__call__(phrases)
        return vectors * float("nan") if self._asked - 1 == self._ill_at else vectors


def run(
    folder: Path,
    *,
    config: TrainingConfig = CONFIG,
    dies_at: int | None = None,
    ill_at: int | None = None,
) -> tuple[LocalAlignmentModel, list[float]]:
    model = tiny_model.model()
    losses: list[float] = []
    train(
        model,
        POOLS,
        config,
        memory=Vectors(model, dies_at=dies_at, ill_at=ill_at),
        folder=folder,
        report=lambda _, figures: losses.append(figures["loss"]),
    )
    return model, losses


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a run that was not interrupted."""
    return tmp_path_factory.mktemp("whole")


@pytest.fixture(scope="module")
def uninterrupted(whole: Path) -> LocalAlignmentModel:
    return run(whole)[0]


def test_a_killed_and_resumed_run_gives_the_same_bits(
    uninterrupted: LocalAlignmentModel, tmp_path: Path
) -> None:
    """Saved after step 2, killed in step 4 (number 3): two steps are taken again."""
    with pytest.raises(Killed):
        run(tmp_path, dies_at=3)
    assert torch.load(tmp_path / "state.pt", weights_only=True)["step"] == 2
    resumed, _ = run(tmp_path)
    expected = uninterrupted.state_dict()
    different = [k for k, v in resumed.state_dict().items() if not torch.equal(v, expected[k])]
    assert different == []


def test_towers_move_and_the_text_tower_stays(uninterrupted: LocalAlignmentModel) -> None:
    before = tiny_model.model().state_dict()
    moved = {k for k, v in uninterrupted.state_dict().items() if not torch.equal(v, before[k])}
    assert any(k.startswith("image_encoder.trunk.") for k in moved)
    assert {"log_scale", "bias", "pooled_bias"} <= moved
    assert not [k for k in moved if k.startswith(("text_encoder.", "image_check."))]
    assert not uninterrupted.training


def test_a_finished_run_is_not_trained_again(
    uninterrupted: LocalAlignmentModel, whole: Path
) -> None:
    again, losses = run(whole)
    assert losses == []
    expected = uninterrupted.state_dict()
    assert all(torch.equal(v, expected[k]) for k, v in again.state_dict().items())
    assert [f.name for f in whole.iterdir()] == ["state.pt"]  # nothing half-written is left


@pytest.mark.parametrize(
    "precision",
    [pytest.param("float16", marks=pytest.mark.slow), "float32"],  # CPUs are slow in float16
)
def test_other_precisions_and_accumulation_train(tmp_path: Path, precision: str) -> None:
    """The loss scale of float16 starts at 65536, halves when a gradient is infinite."""
    config = replace(CONFIG, precision=precision, accumulate=2, steps=2)
    trained, losses = run(tmp_path, config=config)
    assert len(losses) == 2  # the first step and the last
    assert all(v.isfinite().all() for v in trained.state_dict().values())
    scaler = torch.load(tmp_path / "state.pt", weights_only=True)["scaler"]
    assert set(scaler) == (
        {"scale", "growth_factor", "backoff_factor", "growth_interval", "_growth_tracker"}
        if precision == "float16"
        else set()
    )


def test_an_accumulated_gradient_is_the_mean_over_the_batches_of_a_step(tmp_path: Path) -> None:
    """Two batches, one after the other: the loss that is reported is the mean of theirs."""
    config = replace(CONFIG, accumulate=2, steps=1, precision="float32")
    _, (both,) = run(tmp_path / "both", config=config)
    alone = []
    for part in range(2):
        state = TrainingState.begin(tiny_model.model(), config)
        batch = draw(POOLS, config, 0, part)
        memory = Vectors(state.model)
        parts, _ = batch_losses(state, batch, config, memory, ProcessGroup(), part=part)
        alone.append(sum(v.item() for v in parts.values()))
    assert both == pytest.approx(sum(alone) / 2, rel=1e-4)


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_state(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"at step 2 it is not \(loss, absence, .*lower rate"):
        run(tmp_path, ill_at=2)
    saved = torch.load(tmp_path / "state.pt", weights_only=True)
    assert saved["step"] == 2
    assert all(v.isfinite().all() for v in saved["model"].values())
    run(tmp_path)  # goes on


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seed": 1}, "seed 0, now 1"),
        ({"rate": 0.01}, "rate 0.0015, now 0.01"),
        ({"pooling": "max"}, "pooling 'log-sum-exp', now 'max'"),
        ({"weak": 0}, "weak 1, now 0"),
        ({"options": {"cnr": 0.5}}, "options.cnr 0.6, now 0.5"),
    ],
)
def test_a_run_is_not_resumed_with_other_settings(
    uninterrupted: LocalAlignmentModel,
    whole: Path,
    changes: dict[str, Any],
    said: str,
) -> None:
    with pytest.raises(TrainingError, match="or another --work folder") as raised:
        run(whole, config=replace(CONFIG, **changes))
    assert said in str(raised.value)
    run(whole, config=replace(CONFIG, title="Another title", save_every=1))


def test_a_setting_that_is_newer_than_the_run_is_taken_at_its_default(tmp_path: Path) -> None:
    state = TrainingState.begin(tiny_model.model(), CONFIG)
    del state.settings["told"]
    state.save(tmp_path / "state.pt")
    TrainingState.begin(tiny_model.model(), CONFIG).resume(tmp_path / "state.pt")
    other = TrainingState.begin(tiny_model.model(), replace(CONFIG, told="findings"))
    with pytest.raises(TrainingError, match="told 'all', now 'findings'"):
        other.resume(tmp_path / "state.pt")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_leaves_the_state_before(tmp_path: Path) -> None:
    state = TrainingState.begin(tiny_model.model(), CONFIG)
    state.save(tmp_path / "state.pt")
    before = (tmp_path / "state.pt").read_bytes()
    (tmp_path / "state.partial").symlink_to("/dev/full")
    with pytest.raises(TrainingError, match=r"cannot be written into .* make room"):
        state.save(tmp_path / "state.pt")
    assert (tmp_path / "state.pt").read_bytes() == before


def test_the_numbers_are_those_of_the_loop_before_methods() -> None:
    """Recorded at commit 7bdd694, where the losses were part of the loop; float32."""
    pools = replace(POOLS, statements=STATEMENTS)
    config = replace(CONFIG, precision="float32", statements=3, place_labels_at=1.0)
    state = TrainingState.begin(tiny_model.model(), config)
    found = list(steps(state, pools, config, memory=Vectors(state.model), stop=4))
    recorded = json.loads((DATA / "dense_grounding_steps.json").read_text(encoding="utf-8"))
    assert len(found) == len(recorded) == 4
    # Steps magnify rounding, of another processor or another order of sums; the first two do not.
    for now, before, rounding in zip(found, recorded, (1e-5, 1e-3, 0.05, 0.05), strict=True):
        assert list(now) == [{"contrast": "cnr"}.get(name, name) for name in before]
        assert list(now.values()) == pytest.approx(list(before.values()), rel=rounding, abs=1e-5)


@pytest.mark.slow
def test_learning_lowers_the_loss(tmp_path: Path) -> None:
    _, losses = run(tmp_path, config=replace(CONFIG, steps=61, save_every=100, warm_up=10))
    assert losses[-1] < 0.8 * losses[0]
