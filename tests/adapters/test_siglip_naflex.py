"""SigLIP 2 of free shape against what `transformers` itself gives, and what needs one grid."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from explorer import pipeline
from explorer.errors import RetrievalError

from . import battery
from .makers import siglip_naflex

SHAPES = ((90, 70), (64, 160), (120, 120), (300, 20))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("naflex") / "tiny"
    made.mkdir()
    siglip_naflex.make(made)
    return made


@pytest.fixture(scope="module")
def engine(folder: Path) -> Any:
    return battery.open_tiny(folder)


def test_the_grid_follows_the_film(engine: Any) -> None:
    grids = [engine.frame_of(*shape).grid_shape for shape in SHAPES]
    assert grids == [(9, 7), (5, 12), (8, 8), (30, 2)]
    assert all(rows * columns <= siglip_naflex.MOST for rows, columns in grids)


@pytest.mark.parametrize("shape", SHAPES)
def test_what_the_network_sees_is_what_the_processor_gives(
    engine: Any, folder: Path, shape: tuple[int, int]
) -> None:
    from transformers import Siglip2ImageProcessorPil

    levels = np.round(battery.film(shape) * 255).astype(np.uint8)
    processor = Siglip2ImageProcessorPil.from_pretrained(folder)
    given = processor(images=[np.stack([levels] * 3, axis=-1)], return_tensors="np")
    rows, columns = given["spatial_shapes"][0]
    frame = engine.frame_of(*shape)
    assert (rows, columns) == frame.grid_shape
    pixels = (levels / 255).astype(np.float32)
    seen = engine.network_input([engine.model_input(pixels, frame=frame)])[0]
    patch = siglip_naflex.PATCH
    cut = seen.reshape(3, rows, patch, columns, patch).transpose(1, 3, 2, 4, 0)
    expected = given["pixel_values"][0, : rows * columns]
    np.testing.assert_allclose(cut.reshape(rows * columns, -1), expected, atol=1.3 / 127.5)


def test_patches_and_phrases_are_those_of_transformers(engine: Any, folder: Path) -> None:
    """The published way: all films of a batch padded to one number of patches, with a mask."""
    from transformers import Siglip2Model

    model = Siglip2Model.from_pretrained(folder).eval()
    films = [battery.film(shape, seed=k) for k, shape in enumerate(SHAPES)]
    records = battery.encode(engine, films)
    pixels, masks, grids = [], [], []
    for film in films:
        frame = engine.frame_of(*film.shape)
        seen = engine.network_input([engine.model_input(film, frame=frame)])[0]
        (rows, columns), patch = frame.grid_shape, siglip_naflex.PATCH
        cut = seen.reshape(3, rows, patch, columns, patch).transpose(1, 3, 2, 4, 0)
        flat = cut.reshape(rows * columns, -1)
        empty = siglip_naflex.MOST - len(flat)
        pixels.append(np.pad(flat, ((0, empty), (0, 0))))
        masks.append([1] * len(flat) + [0] * empty)
        grids.append([rows, columns])
    with torch.inference_mode():
        found = model.vision_model(
            pixel_values=torch.from_numpy(np.stack(pixels)),
            pixel_attention_mask=torch.tensor(masks),
            spatial_shapes=torch.tensor(grids),
        )
        for k, record in enumerate(records):
            assert record.whole is not None
            whole = torch.nn.functional.normalize(found.pooler_output[k], dim=-1)
            np.testing.assert_allclose(record.whole, whole, atol=1e-5)
            tokens = found.last_hidden_state[k, : grids[k][0] * grids[k][1]]
            alone = torch.nn.functional.normalize(model.vision_model.head(tokens[:, None]), dim=-1)
            values = record.grid.values.reshape(len(tokens), -1)
            np.testing.assert_allclose(values, alone, atol=1e-5)


def test_an_index_is_refused_with_the_reason(engine: Any, tmp_path: Path) -> None:
    with pytest.raises(RetrievalError, match="needs one patch grid for all films"):
        pipeline.build_index(Path("assets/studies"), str(tmp_path / "index"), engine=engine)


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ({"max_num_patches": 1}, "max_num_patches must be a number of patches"),
        ({"patch_size": 16}, "patch_size is 16, the network has patches of 8"),
        ({"resample": 0}, "resample must be 2 or 3"),
    ],
)
def test_a_processor_that_does_not_fit_is_refused(
    tmp_path: Path, entries: dict[str, Any], why: str
) -> None:
    siglip_naflex.make(tmp_path)
    path = tmp_path / "preprocessor_config.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | entries))
    battery.sign(tmp_path)
    assert why in battery.refusal(tmp_path)


def test_a_folder_of_the_hub_is_taken_over(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXPLORER_CHECKPOINTS", str(tmp_path / "shelf"))
    published = tmp_path / "published"
    published.mkdir()
    for file in folder.iterdir():
        if file.name != "card.json":
            (published / file.name).write_bytes(file.read_bytes())
    card = pipeline.add_checkpoint(str(published), name="mine", licence="apache-2.0")
    assert (card.family, card.input_size, card.grid_size) == ("siglip_naflex", (64, 64), (8, 8))
