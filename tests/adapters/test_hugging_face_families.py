"""CLIP, SigLIP and DINOv2 folders: our vectors against what `transformers` itself gives."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from explorer.adapters import Engine
from explorer.errors import CheckpointError

from . import battery
from .makers import clip, dino, siglip

PHRASES = ["left lung mass", "no effusion", "a"]


def made(tmp: pytest.TempPathFactory, maker: Any, **options: Any) -> Path:
    folder = tmp.mktemp("folders") / "tiny"
    folder.mkdir()
    maker.make(folder, **options)
    return folder


def encoded(engine: Engine) -> tuple[Any, Tensor]:
    """Our record of one film, and the network input it was made from."""
    pixels = battery.film((90, 70))
    (record,) = battery.encode(engine, [pixels])
    frame = engine.frame_of(*pixels.shape)
    images = engine.network_input([engine.model_input(pixels, frame=frame)])
    return record, torch.from_numpy(images)


def unit(vectors: Tensor) -> Any:
    return functional.normalize(vectors.detach(), dim=-1).numpy()


@pytest.fixture(scope="module")
def clip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory, clip)


def test_clip_gives_the_vectors_of_transformers(clip_folder: Path) -> None:
    from transformers import AutoTokenizer, CLIPModel

    engine = battery.open_tiny(clip_folder)
    model = CLIPModel.from_pretrained(clip_folder).eval()
    record, images = encoded(engine)
    whole = model.get_image_features(pixel_values=images).pooler_output
    np.testing.assert_allclose(record.whole, unit(whole)[0], atol=1e-5)
    tokenizer = AutoTokenizer.from_pretrained(clip_folder)
    for phrase in PHRASES:
        text = model.get_text_features(**tokenizer(phrase, return_tensors="pt")).pooler_output
        np.testing.assert_allclose(engine.embed_text([phrase]), unit(text), atol=1e-5)
    np.testing.assert_allclose(
        engine.embed_text(PHRASES),
        np.concatenate([engine.embed_text([p]) for p in PHRASES]),
        atol=1e-5,
    )


def test_a_patch_of_clip_is_its_value_path(clip_folder: Path) -> None:
    """Value, out-projection, residual, MLP, post-norm, projection, written out once more."""
    from transformers import CLIPModel

    engine = battery.open_tiny(clip_folder)
    model = CLIPModel.from_pretrained(clip_folder).eval()
    record, images = encoded(engine)
    vision = model.vision_model
    with torch.inference_mode():
        tokens = vision.pre_layrnorm(vision.embeddings(images))
        tokens = vision.encoder.layers[0](tokens, None)
        last = vision.encoder.layers[1]
        value = last.self_attn.v_proj(last.layer_norm1(tokens))
        tokens = tokens + last.self_attn.out_proj(value)
        tokens = tokens + last.mlp(last.layer_norm2(tokens))
        patches = model.visual_projection(vision.post_layernorm(tokens))[0, 1:]
    np.testing.assert_allclose(record.grid.values.reshape(64, -1), unit(patches), atol=1e-5)


@pytest.fixture(scope="module")
def siglip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory, siglip)


def test_siglip_gives_the_vectors_of_transformers(siglip_folder: Path) -> None:
    from transformers import PreTrainedTokenizerFast, SiglipModel

    engine = battery.open_tiny(siglip_folder)
    model = SiglipModel.from_pretrained(siglip_folder).eval()
    record, images = encoded(engine)
    whole = model.get_image_features(pixel_values=images).pooler_output
    np.testing.assert_allclose(record.whole, unit(whole)[0], atol=1e-5)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(siglip_folder)
    padded = tokenizer(PHRASES, padding="max_length", max_length=24, return_tensors="pt")
    text = model.get_text_features(input_ids=padded["input_ids"]).pooler_output
    np.testing.assert_allclose(engine.embed_text(PHRASES), unit(text), atol=1e-5)
    np.testing.assert_allclose(engine.embed_text(["Left lung, MASS."]), unit(text[:1]), atol=1e-5)


def test_a_patch_of_siglip_is_what_the_head_takes_from_it(siglip_folder: Path) -> None:
    """With one attention head, what it mixes is the mean of the patches' values."""
    from transformers import SiglipModel

    engine = battery.open_tiny(siglip_folder)
    model = SiglipModel.from_pretrained(siglip_folder).eval()
    record, images = encoded(engine)
    head = model.vision_model.head
    with torch.inference_mode():
        tokens = model.vision_model(images).last_hidden_state  # (1, 64, C)
        width = tokens.shape[-1]
        weight, bias = head.attention.in_proj_weight, head.attention.in_proj_bias
        value = functional.linear(tokens, weight[2 * width :], bias[2 * width :])
        taken = head.attention.out_proj(value)
        alone = taken + head.mlp(head.layernorm(taken))
        np.testing.assert_allclose(record.grid.values.reshape(64, -1), unit(alone[0]), atol=1e-5)
        head.attention.num_heads, head.attention.head_dim = 1, width
        mixed, shares = head.attention(head.probe, tokens, tokens)
    np.testing.assert_allclose(mixed[0], shares[0] @ taken[0], atol=1e-5)


@pytest.mark.parametrize("registers", [0, 3])
def test_dino_gives_the_patches_of_transformers(
    tmp_path_factory: pytest.TempPathFactory, registers: int
) -> None:
    from transformers import AutoModel

    folder = made(tmp_path_factory, dino, registers=registers)
    engine = battery.open_tiny(folder)
    record, images = encoded(engine)
    tokens = AutoModel.from_pretrained(folder).eval()(pixel_values=images).last_hidden_state[0]
    assert len(tokens) == 1 + registers + 36
    np.testing.assert_allclose(record.whole, unit(tokens[0]), atol=1e-5)
    np.testing.assert_allclose(
        record.grid.values.reshape(36, -1), unit(tokens[1 + registers :]), atol=1e-5
    )


def rewrite(path: Path, **entries: Any) -> None:
    said = json.loads(path.read_text(encoding="utf-8")) | entries
    path.write_text(json.dumps(said), encoding="utf-8")
    battery.sign(path.parent)


def test_a_folder_of_another_family_is_refused_with_its_own(clip_folder: Path) -> None:
    battery.sign(clip_folder, family="siglip")
    try:
        with pytest.raises(CheckpointError, match=r"model_type 'clip'.*'siglip' reads siglip"):
            battery.open_tiny(clip_folder)
    finally:
        battery.sign(clip_folder, family="clip")


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ({"resample": 0}, "resample must be 2 or 3"),
        ({"crop_size": 56}, "the network reads (64, 64)"),
        ({"do_resize": False}, "must be resized"),
        ({"rescale_factor": 1.0}, "rescale_factor must be 1/255"),
        ({"image_mean": [0.5]}, "three channels"),
        ({"size": "large"}, "AttributeError"),
    ],
)
def test_steps_that_are_not_known_are_refused(
    tmp_path_factory: pytest.TempPathFactory, entries: dict[str, Any], why: str
) -> None:
    folder = made(tmp_path_factory, clip)
    rewrite(folder / "preprocessor_config.json", **entries)
    assert why in battery.refusal(folder)


def test_older_and_newer_processor_files_say_the_same(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Sizes as plain numbers, and the processor inside the file of transformers 5."""
    folder = made(tmp_path_factory, clip)
    engine = battery.open_tiny(folder)
    path = folder / "preprocessor_config.json"
    rewrite(path, size=64, crop_size=64)
    older = battery.open_tiny(folder)
    inner = json.loads(path.read_text(encoding="utf-8"))
    newer_path = folder / "processor_config.json"
    newer_path.write_text(json.dumps({"image_processor": inner}), encoding="utf-8")
    path.unlink()
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    files = card["files"] | {"processor_config.json": ""}
    del files["preprocessor_config.json"]
    battery.sign(folder, files=files)
    newer = battery.open_tiny(folder)
    for other in (older, newer):
        assert other.preprocessing == engine.preprocessing  # type: ignore[attr-defined]


def test_a_size_on_the_card_that_is_not_the_network_s_is_refused(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = made(tmp_path_factory, dino)
    battery.sign(folder, grid_size=4)
    assert "input, grid and dimension are ((84, 84), (6, 6), 32)" in battery.refusal(folder)
