"""Reading published weights: only tensors come out, and every key is accounted for."""

import argparse
import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from explorer.adapters._weights import load_strictly, read_tensors
from explorer.errors import CheckpointError


class Foreign(dict[str, Any]):
    """A class of a training program: settings kept beside the tensors."""


def make(path: str) -> None:
    Path(path).mkdir()


class Bomb:
    """Calls a function when it is unpickled."""

    def __init__(self, function: Any, path: Path) -> None:
        self.call = (function, (str(path),))

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


def test_tensors_of_a_training_program_are_read_without_its_classes(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    settings = Foreign(options=argparse.Namespace(rate=1e-4), where=Path("x"))
    state = {"a.weight": torch.arange(3.0)}
    torch.save({"state_dict": state, "hyper_parameters": settings, "epoch": 3}, path)
    found = read_tensors(path)
    assert list(found) == ["a.weight"]
    assert found["a.weight"].tolist() == [0, 1, 2]


def test_no_code_of_a_pickle_runs(tmp_path: Path) -> None:
    path, made = tmp_path / "weights.pt", tmp_path / "made"
    torch.save({"state_dict": {"a": torch.ones(1)}, "bomb": Bomb(make, made)}, path)
    assert read_tensors(path).keys() == {"a"}
    assert not made.exists()
    torch.load(path, weights_only=False)
    assert made.exists()


@pytest.mark.parametrize("function", [os.mkdir, Path.mkdir])
def test_a_pickle_that_reaches_for_the_system_is_refused(tmp_path: Path, function: Any) -> None:
    path, made = tmp_path / "weights.pt", tmp_path / "made"
    torch.save({"state_dict": {"a": torch.ones(1)}, "bomb": Bomb(function, made)}, path)
    with pytest.raises(CheckpointError, match="cannot be read as tensors"):
        read_tensors(path)
    assert not made.exists()


def test_both_formats_give_the_same(tmp_path: Path) -> None:
    tensors = {"a": torch.arange(4.0), "b": torch.ones(2, 2)}
    save_file(tensors, tmp_path / "w.safetensors")
    torch.save(tensors, tmp_path / "w.bin")
    for name in ("w.safetensors", "w.bin"):
        found = read_tensors(tmp_path / name)
        assert found.keys() == tensors.keys()
        assert all(torch.equal(found[k], v) for k, v in tensors.items())


@pytest.mark.parametrize("name", ["w.safetensors", "w.bin"])
@pytest.mark.parametrize("keep", [0, 40, 200])
def test_a_truncated_file_is_a_sentence(tmp_path: Path, name: str, keep: int) -> None:
    path = tmp_path / name
    tensors = {"a": torch.arange(400.0)}
    save_file(tensors, path) if name == "w.safetensors" else torch.save(tensors, path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(CheckpointError, match=name):
        read_tensors(path)


@pytest.mark.parametrize("content", [{"epoch": 3}, [], {"state_dict": {}}])
def test_a_file_without_tensors_is_a_sentence(tmp_path: Path, content: Any) -> None:
    torch.save(content, tmp_path / "w.pt")
    with pytest.raises(CheckpointError, match="named tensors"):
        read_tensors(tmp_path / "w.pt")


def test_a_plain_pickle_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "w.pt").write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(CheckpointError, match=r"w\.pt"):
        read_tensors(tmp_path / "w.pt")


def network() -> nn.Module:
    return nn.Sequential(*(nn.Linear(2, 2) for _ in range(4)))


def test_missing_extra_and_misshapen_keys_are_named_five_of_each() -> None:
    state = network().state_dict()
    del state["0.weight"], state["3.bias"]
    state |= {f"extra.{i}": torch.ones(1) for i in range(7)}
    state["1.bias"] = torch.ones(3)
    with pytest.raises(CheckpointError) as caught:
        load_strictly(network(), state, folder=Path("some/folder"))
    said = str(caught.value)
    assert "'folder'" in said
    assert "2 missing: 0.weight, 3.bias;" in said
    assert "7 extra: extra.0, extra.1, extra.2, extra.3, extra.4, …" in said
    assert "1 of another shape: 1.bias (3,) instead of (2,)" in said


def test_only_named_keys_may_be_unused() -> None:
    state = network().state_dict() | {
        "head.a": torch.ones(1),
        "text.embeddings.position_ids": torch.arange(3),
    }
    load_strictly(network(), state, folder=Path("folder"), unused=[r"head\..*"])
    with pytest.raises(CheckpointError, match=r"1 extra: head\.a"):
        load_strictly(network(), state, folder=Path("folder"))


def test_half_precision_is_widened() -> None:
    module = network()
    state = {k: v.half() for k, v in module.state_dict().items()}
    load_strictly(module, state, folder=Path("folder"))
    assert all(p.dtype == torch.float32 for p in module.parameters())
    assert torch.equal(module.state_dict()["0.bias"], state["0.bias"].float())


def test_counters_of_training_may_be_missing() -> None:
    module = nn.BatchNorm1d(2)
    state = {k: v for k, v in module.state_dict().items() if k != "num_batches_tracked"}
    load_strictly(nn.BatchNorm1d(2), state, folder=Path("folder"))
