"""Heads on disk: strict, whole or not there, resumed to the last bit, and clear about bad input."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from explorer.errors import CheckpointError, TrainingError
from explorer.methods import _heads
from explorer.methods._heads import Head, HeadData, descend
from explorer.training.heads import fit_head, read_head, write_head
from tests.methods.toy_heads import head_data, unit

SHA = "ab" * 32


@pytest.fixture(scope="module")
def data() -> HeadData:
    rng = np.random.default_rng(0)
    return head_data(unit(rng.normal(size=(40, 6))), unit(rng.normal(size=(40, 6))))


OPTIONS = {"bits": 8, "steps": "12", "batch": 8}


@pytest.fixture(scope="module")
def stored(data: HeadData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("heads") / "codes"
    head = fit_head("cmimh", data, OPTIONS)
    write_head(
        folder, head, method="cmimh", checkpoint="tiny", checkpoint_sha256=SHA,
        about={"figures": {"mAP": 0.5}},
    )  # fmt: skip
    return folder


def same(a: Head, b: Head) -> bool:
    other = b.state_dict()
    return all(torch.equal(value, other[name]) for name, value in a.state_dict().items())


def test_a_head_comes_back_as_it_was(data: HeadData, stored: Path) -> None:
    found = read_head(stored, checkpoint_sha256=SHA)
    assert same(found.head, fit_head("cmimh", data, OPTIONS))
    assert (found.method, found.checkpoint, found.about["figures"]) == (
        "cmimh",
        "tiny",
        {"mAP": 0.5},
    )
    assert found.head.options.bits == 8
    assert not any(p.requires_grad for p in found.head.parameters())


def test_a_damaged_foreign_or_incomplete_head_is_refused(stored: Path, tmp_path: Path) -> None:
    def broken(name: str) -> Path:
        return Path(shutil.copytree(stored, tmp_path / name))

    flipped = broken("flipped")
    content = bytearray((flipped / "head.safetensors").read_bytes())
    content[-1] ^= 1
    (flipped / "head.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError, match="digest"):
        read_head(flipped)
    half = broken("half")
    (half / "head.json").unlink()
    with pytest.raises(CheckpointError, match="does not hold a head"):
        read_head(half)
    more = broken("more bits")
    about = json.loads((more / "head.json").read_text())
    about["options"]["bits"] = 16
    (more / "head.json").write_text(json.dumps(about))
    with pytest.raises(CheckpointError, match="does not hold a head"):
        read_head(more)
    with pytest.raises(CheckpointError, match="vectors of one checkpoint"):
        read_head(stored, checkpoint_sha256="cd" * 32)


def test_a_run_that_was_stopped_ends_as_one_that_was_not(
    data: HeadData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_heads, "SAVE_EVERY", 5)
    whole = fit_head("cmimh", data, OPTIONS)

    def stop(done: int, _: int) -> None:
        if done == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_head("cmimh", data, OPTIONS, work=tmp_path, progress=stop)
    steps = []
    resumed = fit_head(
        "cmimh", data, OPTIONS, work=tmp_path, progress=lambda done, _: steps.append(done)
    )
    assert steps[0] == 6  # what was saved at 5 is not done again
    assert same(resumed, whole)


def test_a_state_of_other_settings_or_data_is_refused(data: HeadData, tmp_path: Path) -> None:
    fit_head("cmimh", data, OPTIONS, work=tmp_path)
    with pytest.raises(TrainingError, match="other settings or data"):
        fit_head("cmimh", data, OPTIONS | {"seed": 1}, work=tmp_path)
    with pytest.raises(TrainingError, match="other settings or data"):
        fit_head("cmimh", data.of_films(np.arange(39)), OPTIONS, work=tmp_path)


def test_a_loss_that_is_not_finite_stops_and_names_its_part() -> None:
    layer = nn.Linear(1, 1)
    before = layer.weight.clone()
    with pytest.raises(TrainingError, match="'gap' is nan at step 0"):
        descend(
            layer, lambda *_: {"good": layer.weight.sum(), "gap": layer.bias.sum() * torch.nan},
            steps=3, rate=0.1, seed=0, settings={},
        )  # fmt: skip
    assert torch.equal(layer.weight, before)


def test_a_full_disk_is_told_in_words(
    data: HeadData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(TrainingError, match="Make room"):
        fit_head("cmimh", data, OPTIONS, work=tmp_path)


def test_unknown_methods_and_options_are_named(data: HeadData) -> None:
    with pytest.raises(TrainingError, match="Unknown method 'magic'"):
        fit_head("magic", data, {})
    with pytest.raises(TrainingError, match="has no option 'bit'"):
        fit_head("cmimh", data, {"bit": 8})
    with pytest.raises(TrainingError, match="bits must be a whole number from 8 to 128"):
        fit_head("cmimh", data, {"bits": 7})


def test_data_of_some_films_keeps_who_belongs_to_whom() -> None:
    rng = np.random.default_rng(0)
    images, phrases = unit(rng.normal(size=(3, 4))), unit(rng.normal(size=(4, 4)))
    whole = head_data(
        images, images, phrases=phrases, owner=np.array([0, 1, 1, 2]),
        text=np.arange(4), regions=phrases, film=np.array([0, 1, 1, 2]),
        region=np.array([0, 2, -1, 3]),
    )  # fmt: skip
    part = whole.of_films(np.array([2, 1]))
    assert part.owner.tolist() == [1, 1, 0]
    assert part.film.tolist() == [1, 1, 0]
    assert part.region.tolist() == [1, -1, 2]
    assert part.ids == ("film-2", "film-1")
    sides, words, _ = part.pairs()
    assert np.array_equal(sides[0], phrases[2])
    assert np.array_equal(sides[1], images[1])  # no region is known: the whole film
    assert np.array_equal(words, phrases[1:])
