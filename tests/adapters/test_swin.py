"""CXR-CLIP with Swin-T against `SwinModel`, and the names that older files have."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional

from . import battery
from .makers import cxr_clip
from .published import encode_one, images_of, opened, unit

STEM = "image_encoder.image_encoder."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("swin") / "tiny"


@pytest.fixture(scope="module")
def engine(folder: Path) -> Any:
    return opened(folder, cxr_clip, swin=True)


@pytest.fixture(scope="module")
def published(engine: Any) -> Any:
    """The network as the published code runs it: a SwinModel, then the projection."""
    from transformers import SwinConfig, SwinModel

    config = SwinConfig(
        image_size=128, embed_dim=8, depths=[1, 1, 1, 2], num_heads=[1, 2, 2, 4], window_size=4
    )
    model = SwinModel(config, add_pooling_layer=False).eval()
    own = engine._network.image_encoder.image_encoder
    model.load_state_dict(own.state_dict())
    return model


def test_the_whole_is_the_first_place_projected(engine: Any, published: Any) -> None:
    hidden = published(images_of(engine)).last_hidden_state.detach()
    whole = engine._network.image_projection(hidden[0, 0])
    np.testing.assert_allclose(encode_one(engine).whole, unit(whole), atol=1e-5)


def test_a_patch_is_its_value_path(engine: Any, published: Any) -> None:
    """Attention that is the identity, written as a mask: every place sees itself alone."""
    block = published.encoder.layers[-1].blocks[-1]
    places = block.window_size**2
    alone = torch.full((1, places, places), -1e9)
    alone[0].fill_diagonal_(0.0)
    block.get_attn_mask = lambda *_, **__: alone
    block.attention.relative_position_bias.relative_position_bias_table.data.zero_()
    hidden = published(images_of(engine)).last_hidden_state.detach()[0]
    patches = functional.normalize(engine._network.image_projection(hidden), dim=-1)
    found = encode_one(engine).grid.values.reshape(places, -1)
    np.testing.assert_allclose(found, patches, atol=1e-5)


def test_the_file_has_the_names_of_older_transformers(engine: Any, folder: Path) -> None:
    names = {name for name in load_file(folder / "model.safetensors") if name.startswith(STEM)}
    block = f"{STEM}encoder.layers.3.blocks.1."
    assert {
        f"{block}attention.self.query.weight",
        f"{block}attention.self.relative_position_bias_table",
        f"{block}attention.output.dense.bias",
        f"{block}intermediate.dense.weight",
        f"{block}output.dense.bias",
        f"{STEM}encoder.layers.0.downsample.reduction.weight",
        f"{STEM}layernorm.weight",
    } <= names
    assert not any("q_proj" in name or "fc1" in name for name in names)


def test_a_buffer_of_older_files_is_left_alone(engine: Any, folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "older"))
    tensors = load_file(copy / "model.safetensors")
    tensors[f"{STEM}encoder.layers.0.blocks.0.attention.self.relative_position_index"] = (
        torch.zeros(16, 16, dtype=torch.long)
    )
    save_file(tensors, copy / "model.safetensors")
    battery.sign(copy)
    assert (battery.open_tiny(copy).embed_text(["mass"]) == engine.embed_text(["mass"])).all()


def test_another_tower_is_refused_by_name(tmp_path: Path) -> None:
    cxr_clip.make(tmp_path, swin=True)
    battery.sign(tmp_path, architecture={"image": "vit"})
    assert "image must be resnet_50 or swin_tiny, got 'vit'" in battery.refusal(tmp_path)
