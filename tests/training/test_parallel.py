"""Two processes train as one with all images: same losses, same gradients, same weights."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from explorer.errors import TrainingError
from explorer.training import parallel
from explorer.training.parallel import JoinedBatchNorm2d, JoinedDropout2d, ProcessGroup

from . import one_of_two

ROOT = Path(__file__).parents[2]


def test_shares_are_neighbours_and_leave_no_image_out() -> None:
    shares = [ProcessGroup(rank, 3).share(8) for rank in range(3)]
    assert shares == [slice(0, 2), slice(2, 5), slice(5, 8)]


def test_more_processes_than_images_are_refused() -> None:
    with pytest.raises(TrainingError, match="Each of 3 processes needs an image, a batch has 2"):
        ProcessGroup(0, 3).share(2)


def test_one_process_is_a_group_that_changes_nothing() -> None:
    with parallel.joined() as alone:
        assert (alone, alone.first) == (ProcessGroup(0, 1), True)
    rows = torch.ones(2, 3)
    assert alone.gather(rows, count=2) is rows
    layers = nn.Sequential(nn.BatchNorm2d(2))
    norm = layers[0]
    with parallel.joined_layers(layers, alone, count=4):
        assert layers[0] is norm


def test_layers_are_swapped_with_their_own_tensors_and_back() -> None:
    layers = nn.Sequential(nn.BatchNorm2d(2), nn.Dropout2d(0.5))
    before, names = list(layers), list(layers.state_dict())
    with parallel.joined_layers(layers, ProcessGroup(1, 2), count=4):
        assert [type(m) for m in layers] == [JoinedBatchNorm2d, JoinedDropout2d]
        assert layers[0].weight is before[0].weight
        assert layers[0].running_mean is before[0].running_mean
        assert list(layers.state_dict()) == names
        layers.eval()
    assert list(layers) == before
    assert not any(m.training for m in layers)


def test_dropout_takes_its_rows_of_one_draw() -> None:
    x = torch.ones(4, 8, 2, 2)
    torch.manual_seed(3)
    whole = nn.Dropout2d(0.5)(x)
    torch.manual_seed(3)
    assert torch.equal(JoinedDropout2d(0.5, rows=slice(1, 3), count=4)(x[1:3]), whole[1:3])


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    """What one process and what two processes left behind."""
    alone, two = (tmp_path_factory.mktemp(name) for name in ("alone", "two"))
    one_of_two.run(alone)
    command = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"]
    subprocess.run(
        [sys.executable, "-m", *command, "tests.training.one_of_two", str(two)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        check=True,
        timeout=120,
    )
    return _left(alone), _left(two)


def _left(folder: Path) -> dict[str, Any]:
    state: dict[str, Any] = torch.load(folder / "state.pt", weights_only=True)
    figures = json.loads((folder / "figures.json").read_text(encoding="utf-8"))
    exact = torch.load(folder / "gradients.pt", weights_only=True)
    return state | {"figures": figures["0"], "gradients": exact}


@pytest.mark.slow
def test_two_processes_have_the_losses_of_one(runs: tuple[dict[str, Any], dict[str, Any]]) -> None:
    alone, two = (dict(run["figures"]) for run in runs)
    assert {"loss", "dense", "labels", "local_mi", "rate", "trunk rate"} <= set(alone)
    # The gradient norm is some hundreds in an untrained network, which magnifies rounding.
    norms = [run.pop("gradient norm") for run in (alone, two)]
    assert norms[1] == pytest.approx(norms[0], rel=0.02)
    assert two == pytest.approx(alone, rel=1e-3)


@pytest.mark.slow
def test_two_processes_have_the_gradients_of_one(
    runs: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    alone, two = (run["gradients"] for run in runs)
    assert set(alone) == set(two)
    assert {"log_scale", "image_encoder.trunk.stem.1.weight"} <= set(alone)
    assert any(name.startswith("phrase_projection.") for name in alone)
    for name, expected in alone.items():
        difference = torch.linalg.vector_norm(two[name] - expected)
        assert difference <= 1e-4 * torch.linalg.vector_norm(expected) + 1e-6, name


@pytest.mark.slow
def test_batch_norms_of_two_processes_saw_all_images(
    runs: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    alone, two = (run["model"] for run in runs)
    assert list(alone) == list(two)
    for name in (k for k in alone if k.endswith(("running_mean", "running_var", "tracked"))):
        torch.testing.assert_close(two[name], alone[name], rtol=0.02, atol=1e-3)
