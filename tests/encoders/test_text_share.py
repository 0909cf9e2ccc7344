"""A shared text tower: taken from the named folder, and only if it is the very one."""

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from explorer.encoders.stored import open_stored
from explorer.encoders.text_share import ENTRY, PREFIX, SharedTower
from explorer.errors import CheckpointError


@pytest.fixture
def pair(tiny_checkpoint: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A whole checkpoint, and one beside it that shares its text tower."""
    whole, small = tmp_path / "whole", tmp_path / "small"
    shutil.copytree(tiny_checkpoint, whole)
    shutil.copytree(tiny_checkpoint, small)
    state = load_file(small / "model.safetensors")
    own = {k: v for k, v in state.items() if not k.startswith(PREFIX)}
    save_file(own, small / "model.safetensors", metadata={"format": "pt"})
    (small / "tokenizer.json").unlink()
    config = json.loads((small / "config.json").read_text(encoding="utf-8"))
    config[ENTRY] = asdict(SharedTower.of(whole))
    (small / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return whole, small


def test_the_shared_tower_gives_the_model_of_the_whole_checkpoint(pair: tuple[Path, Path]) -> None:
    (one, tokenizer), (two, other) = (open_stored(folder) for folder in pair)
    expected = one.state_dict()
    assert all(torch.equal(v, expected[k]) for k, v in two.state_dict().items())
    assert tokenizer.to_str() == other.to_str()


def test_who_shares_with_a_sharer_shares_with_the_one_that_holds_the_tower(
    pair: tuple[Path, Path],
) -> None:
    whole, small = pair
    assert SharedTower.of(small) == SharedTower.of(whole)
    assert SharedTower.of(small).checkpoint == "whole"


@pytest.mark.parametrize("changed", ["a word piece", "the tokenizer", "gone"])
def test_another_tower_is_never_taken_in_its_place(pair: tuple[Path, Path], changed: str) -> None:
    whole, small = pair
    if changed == "gone":
        shutil.rmtree(whole)
    elif changed == "the tokenizer":
        with (whole / "tokenizer.json").open("a", encoding="utf-8") as file:
            file.write(" ")
    else:
        state = load_file(whole / "model.safetensors")
        name = next(k for k in state if k.startswith(PREFIX))
        state[name][0] += 1
        save_file(state, whole / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match=r"shares the text tower .* Put the folder 'whole'"):
        open_stored(small)


def test_the_digest_is_of_the_tower_alone(pair: tuple[Path, Path]) -> None:
    whole, _ = pair
    before = SharedTower.of(whole)
    state = load_file(whole / "model.safetensors")
    state["bias"] += 1
    save_file(state, whole / "model.safetensors", metadata={"format": "pt"})
    assert SharedTower.of(whole) == before
    assert replace(before, sha256="0") != before
