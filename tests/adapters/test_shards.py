"""Weights in several files: taken over with a digest of each, opened whole or not at all."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from explorer import pipeline
from explorer.adapters._shards import INDEX_FILE, PICKLED_INDEX_FILE
from explorer.encoders.files import sha256_of
from explorer.errors import CheckpointError

from . import battery
from .makers import siglip
from .makers._hf import weights_in


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shards") / "tiny"
    folder.mkdir()
    siglip.make(folder, sharded=True)
    return folder


@pytest.fixture
def published(made: Path, tmp_path: Path) -> Path:
    """The folder as the hub has it, without a card."""
    folder = Path(shutil.copytree(made, tmp_path / "published"))
    (folder / "card.json").unlink()
    return folder


@pytest.fixture(autouse=True)
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EXPLORER_CHECKPOINTS", str(tmp_path / "shelf"))
    return tmp_path / "shelf"


def pickled(folder: Path) -> None:
    """The same weights as older repositories have them."""
    index = json.loads((folder / INDEX_FILE).read_text(encoding="utf-8"))
    for name in sorted(set(index["weight_map"].values())):
        torch.save(load_file(folder / name), folder / name.replace("safetensors", "bin"))
        (folder / name).unlink()
    said = json.dumps(index).replace(".safetensors", ".bin")
    (folder / PICKLED_INDEX_FILE).write_text(said, encoding="utf-8")
    (folder / INDEX_FILE).unlink()


@pytest.mark.parametrize("older", [False, True])
def test_shards_are_taken_over_with_a_digest_of_each(
    older: bool, published: Path, made: Path, shelf: Path
) -> None:
    if older:
        pickled(published)
    card = pipeline.add_checkpoint(str(published), name="mine", licence="mit")
    weights = card.extra["weights"]
    assert len(weights) > 1
    assert [f.name for f in sorted((shelf / "mine").glob("*.safetensors"))] == list(weights)
    for name in (*weights, INDEX_FILE):
        assert card.extra["files"][name] == sha256_of(shelf / "mine" / name)
    taken, plain = battery.open_tiny(shelf / "mine"), battery.open_tiny(made)
    np.testing.assert_array_equal(
        taken.embed_text(battery.PHRASES), plain.embed_text(battery.PHRASES)
    )


def test_a_shard_that_was_not_copied_is_named(published: Path, shelf: Path) -> None:
    gone = weights_in(published)[1]
    (published / gone).unlink()
    with pytest.raises(CheckpointError, match=rf"lacks '{gone}', 1 of the \d files"):
        pipeline.add_checkpoint(str(published), name="mine", licence="mit")
    assert not any(shelf.glob("mine"))


def change_index(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        path = folder / INDEX_FILE
        index = json.loads(path.read_text(encoding="utf-8"))
        change(index)
        path.write_text(json.dumps(index), encoding="utf-8")

    return apply


def swap_two(folder: Path) -> None:
    one, other = weights_in(folder)[:2]
    (folder / one).rename(folder / "aside")
    (folder / other).rename(folder / one)
    (folder / "aside").rename(folder / other)


@pytest.mark.parametrize(
    ("breaking", "why"),
    [
        (swap_two, "in model-00001-of-"),
        (change_index(lambda i: i["weight_map"].pop("logit_scale")), "1 extra: logit_scale in"),
        (
            change_index(lambda i: i["weight_map"].update(a="../b.safetensors")),
            "'../b.safetensors'",
        ),
        (change_index(lambda i: i["weight_map"].update(a="b.safetensors")), "b.safetensors"),
        (change_index(dict.clear), "weight_map"),
        (lambda folder: (folder / INDEX_FILE).write_text("{"), INDEX_FILE),
    ],
)
def test_an_index_that_does_not_fit_opens_nothing(
    breaking: Callable[[Path], object], why: str, made: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(made, tmp_path / "broken"))
    breaking(folder)
    battery.sign(folder)
    assert why in battery.refusal(folder)


def test_a_shard_without_a_digest_is_refused(made: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(made, tmp_path / "broken"))
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    gone = card["weights"].pop()
    del card["files"][gone]
    battery.sign(folder, weights=card["weights"], files=card["files"])
    assert f"must name the weights {', '.join([*card['weights'], gone])}" in battery.refusal(folder)
