"""Beside the towers: a method that draws maps comes back as it was, all others leave no file."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from explorer.errors import CheckpointError
from explorer.methods import find_method
from explorer.methods._attention import Asked
from explorer.methods._base import Method, View, read_options
from explorer.methods._stored import METHOD_FILE, MapSource, open_method, write_method

from .batches import SHAPES, make_batch

SOURCES = ("gloria", "lovt", "radtex")


def built(name: str, **options: object) -> Method:
    torch.manual_seed(3)
    kind = find_method(name)
    method: Method = kind(read_options(kind.Options, options, method=name), SHAPES)
    return method.half().float().eval()  # stored in half precision


def asked() -> tuple[View, Asked]:
    batch = make_batch(images=2)
    words = batch.words
    assert words is not None
    special = (words.ids == words.start) | (words.ids == words.end)
    view = View(batch.patches, batch.features)
    return view, Asked(batch.phrases, words.project(words.vectors), words.ids, words.mask, special)


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_of_maps_comes_back_as_it_was(name: str, tmp_path: Path) -> None:
    method = built(name)
    assert isinstance(method, MapSource)
    write_method(tmp_path, method)
    again = open_method(tmp_path)
    assert again is not None
    found = again.attention_map(*asked())
    torch.testing.assert_close(found, method.attention_map(*asked()))
    torch.testing.assert_close(found.sum((2, 3)), torch.ones(found.shape[:2]))


def test_options_come_back_too(tmp_path: Path) -> None:
    write_method(tmp_path, built("radtex", width=32, heads=2))
    again = open_method(tmp_path)
    assert isinstance(again, Method)
    assert again.options.width == 32


def test_a_method_without_maps_leaves_no_file_and_takes_an_old_one_away(tmp_path: Path) -> None:
    write_method(tmp_path, built("lovt"))
    write_method(tmp_path, built("cmc"))
    assert not (tmp_path / METHOD_FILE).exists()
    assert open_method(tmp_path) is None


def test_a_damaged_or_foreign_file_is_refused_in_words(tmp_path: Path) -> None:
    write_method(tmp_path, built("lovt"))
    path = tmp_path / METHOD_FILE
    state = load_file(path)
    state.popitem()
    save_file(state, path, metadata={"built": "{}"})
    with pytest.raises(CheckpointError, match=r"method\.safetensors of .* must hold the method"):
        open_method(tmp_path)
    path.write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match="Copy the folder again"):
        open_method(tmp_path)
