"""Maps by the attention of a method: opened and hashed with the checkpoint, refused if absent."""

from pathlib import Path

import numpy as np
import pytest
import torch

from explorer import pipeline
from explorer.adapters import open_checkpoint
from explorer.adapters.local_alignment import LocalAlignmentEngine
from explorer.errors import CheckpointError, PhraseError
from explorer.training.checkpoint import write_checkpoint
from explorer.training.config import TrainingConfig
from explorer.training.state import build_method

from .. import tiny_model  # noqa: TID252 - "tests" may be another package elsewhere
from ..ui.tiny import png  # noqa: TID252

PHRASES = ["left lung mass", "no effusion", "heart"]


def checkpoint(folder: Path, method: str) -> Path:
    model = tiny_model.model()
    config = TrainingConfig(name="tiny", title="Tiny", method=method)
    write_checkpoint(
        folder,
        model,
        tiny_model.tokenizer(),
        config=config,
        card={"licence": "Apache-2.0", "training_data": "none"},
        method=build_method(model, config, images=4).eval(),
    )
    return folder


def engine(folder: Path) -> LocalAlignmentEngine:
    opened = open_checkpoint(folder, device="cpu", precision="float32")
    assert isinstance(opened, LocalAlignmentEngine)
    return opened


@pytest.mark.parametrize("method", ["gloria", "lovt", "radtex"])
def test_maps_are_distributions_that_depend_on_the_phrase(method: str, tmp_path: Path) -> None:
    opened = engine(checkpoint(tmp_path / "tiny", method))
    assert opened.draws_attention
    frame = opened.frame_of(64, 64)
    image = opened.model_input(tiny_model.pixels(), frame=frame)
    maps = opened.attention_map(image, PHRASES)
    assert maps.shape == (3, *opened.card.grid_size)
    np.testing.assert_allclose(maps.sum((1, 2)), 1.0, rtol=1e-4)
    assert np.abs(maps[0] - maps[1]).max() > 1e-6
    alone = opened.attention_map(image, PHRASES[:1])
    np.testing.assert_allclose(alone[0], maps[0], rtol=1e-3)
    assert opened.attention_map(image, []).shape == (0, *opened.card.grid_size)
    with pytest.raises(PhraseError):
        opened.attention_map(image, [" "])


@pytest.mark.parametrize("method", ["gloria", "lovt", "radtex"])
def test_attention_is_a_source_of_maps_where_it_is_drawn(method: str, tmp_path: Path) -> None:
    opened = engine(checkpoint(tmp_path / "tiny", method))
    assert "attention" in pipeline.map_sources(opened)
    film = pipeline.read_study([png(4)]).radiographs[0]
    found = pipeline.source_map(opened, film, PHRASES[0], source="attention")
    image = opened.model_input(film.pixels, frame=opened.frame_of(*film.shape))
    drawn = opened.attention_map(image, PHRASES[:1])[0]
    np.testing.assert_allclose(found.map.cosine * found.largest, drawn, rtol=1e-5)
    assert found.map.cosine.max() == 1
    assert (found.unit, found.span) == ("share of the attention", (0.0, 1.0))
    assert not found.map.calibrated


def test_attention_is_refused_where_nothing_draws_it(tmp_path: Path) -> None:
    opened = engine(checkpoint(tmp_path / "tiny", "cmc"))
    assert "attention" not in pipeline.map_sources(opened)
    film = pipeline.read_study([png(4)]).radiographs[0]
    with pytest.raises(CheckpointError, match="Take the maps from similarity"):
        pipeline.source_map(opened, film, PHRASES[0], source="attention")


def test_a_checkpoint_without_such_a_method_says_so(tmp_path: Path) -> None:
    opened = engine(checkpoint(tmp_path / "tiny", "cmc"))
    assert not opened.draws_attention
    with pytest.raises(CheckpointError, match=r"a method that draws them \(gloria, "):
        opened.attention_map(np.zeros((64, 64), np.float32), PHRASES)


def test_the_method_is_hashed_with_the_checkpoint(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "tiny", "lovt")
    path = folder / "method.safetensors"
    changed = bytearray(path.read_bytes())
    changed[-1] ^= 1
    path.write_bytes(bytes(changed))
    with pytest.raises(CheckpointError, match=r"method\.safetensors"):
        engine(folder)


def test_embeddings_are_those_of_the_towers_alone(tmp_path: Path) -> None:
    """A method beside the towers changes no similarity map."""
    torch.manual_seed(0)
    one, other = (engine(checkpoint(tmp_path / m, m)) for m in ("lovt", "cmc"))
    assert one.space_id == other.space_id
    np.testing.assert_array_equal(one.embed_text(PHRASES), other.embed_text(PHRASES))
