"""open_clip folders: its own towers are the CLIP of `transformers`; what is not done is named."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from . import battery
from .makers import open_clip
from .published import PHRASE, encode_one, hidden_states, images_of, opened, unit


def test_own_towers_of_open_clip_are_the_clip_of_transformers(tmp_path: Path) -> None:
    from transformers import CLIPConfig, CLIPModel

    engine = opened(tmp_path / "tiny", open_clip, own=True)
    record = encode_one(engine)
    said = open_clip.OWN["model_cfg"]
    ids = engine._pieces._tokenizer.get_vocab()
    tower = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    model = CLIPModel(
        CLIPConfig(
            text_config={
                **tower,
                "intermediate_size": 128,
                "vocab_size": said["text_cfg"]["vocab_size"],
                "max_position_embeddings": 40,
                "eos_token_id": ids["<|endoftext|>"],
                "bos_token_id": ids["<|startoftext|>"],
                "pad_token_id": 0,
                "hidden_act": "quick_gelu",
            },
            vision_config={
                **tower,
                "intermediate_size": 64,
                "image_size": 64,
                "patch_size": 8,
                "hidden_act": "quick_gelu",
            },
            projection_dim=12,
        )
    ).eval()
    model.load_state_dict(as_clip_model(engine._network.state_dict()))
    with torch.inference_mode():
        whole = model.get_image_features(pixel_values=images_of(engine)).pooler_output
        encoded = engine._pieces([PHRASE, "mass"])
        text = model.get_text_features(input_ids=encoded.ids).pooler_output
    np.testing.assert_allclose(record.whole, unit(whole)[0], atol=1e-5)
    np.testing.assert_allclose(engine.embed_text([PHRASE, "mass"]), unit(text), atol=1e-5)


def as_clip_model(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors under the names of `CLIPModel`."""
    found = {
        "logit_scale": state["logit_scale"],
        "visual_projection.weight": state["visual.proj"].T,
        "text_projection.weight": state["text.text_projection"].T,
        "vision_model.embeddings.class_embedding": state["visual.class_embedding"],
        "vision_model.embeddings.patch_embedding.weight": state["visual.conv1.weight"],
        "vision_model.embeddings.position_embedding.weight": state["visual.positional_embedding"],
        "text_model.embeddings.token_embedding.weight": state["text.token_embedding.weight"],
        "text_model.embeddings.position_embedding.weight": state["text.positional_embedding"],
    }
    norms = {"visual.ln_pre": "vision_model.pre_layrnorm"}
    norms |= {"visual.ln_post": "vision_model.post_layernorm"}
    norms |= {"text.ln_final": "text_model.final_layer_norm"}
    for name, tensor in state.items():
        stem, _, kind = name.rpartition(".")
        if stem in norms:
            found[f"{norms[stem]}.{kind}"] = tensor
        block = re.match(r"(visual|text)\.transformer\.resblocks\.(\d+)\.(.+)", name)
        if block is None:
            continue
        tower = {"visual": "vision_model", "text": "text_model"}[block[1]]
        layer, rest = f"{tower}.encoder.layers.{block[2]}", block[3]
        if rest.startswith("attn.in_proj_"):
            for part, value in zip("qkv", tensor.chunk(3), strict=True):
                found[f"{layer}.self_attn.{part}_proj.{rest.removeprefix('attn.in_proj_')}"] = value
            continue
        for old, new in (("attn.out_proj", "self_attn.out_proj"), ("ln_1", "layer_norm1")):
            rest = rest.replace(old, new)
        for old, new in (("ln_2", "layer_norm2"), ("c_fc", "fc1"), ("c_proj", "fc2")):
            rest = rest.replace(old, new)
        found[f"{layer}.{rest}"] = tensor
    return found


def test_text_of_biomedclip_is_cls_and_mlp(tmp_path: Path) -> None:
    engine = opened(tmp_path / "tiny", open_clip)
    tower = engine._network.text
    layers, _ = hidden_states(tower.transformer, engine._pieces, PHRASE)
    first, last = (tower.state_dict()[f"proj.{i}.weight"] for i in (0, 2))
    expected = functional.gelu(layers[-1, 0] @ first.T) @ last.T
    padded = engine.embed_text([PHRASE, "no effusion in the left upper lung"])
    np.testing.assert_allclose(padded[0], unit(expected), atol=1e-5)
    np.testing.assert_allclose(
        engine.embed_text(["left &amp; right"]), engine.embed_text(["left & right"])
    )


@pytest.mark.parametrize(
    ("part", "entries", "why"),
    [
        ("vision_cfg", {"timm_model_name": "convnext_base"}, "'convnext_base' is not done here"),
        ("vision_cfg", {"timm_pool": "avg"}, "timm_pool 'avg'"),
        ("vision_cfg", {"attentional_pool": True}, "attentional_pool True is not done here"),
        ("text_cfg", {"hf_pooler_type": "max_pooler"}, "'max_pooler' is not done here"),
        ("text_cfg", {"hf_proj_type": "conv"}, "'conv' is not done here"),
    ],
)
def test_towers_that_are_not_done_are_refused_by_name(
    tmp_path: Path, part: str, entries: dict[str, Any], why: str
) -> None:
    folder = opened(tmp_path / "tiny", open_clip).card.folder
    path = folder / "open_clip_config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["model_cfg"][part] |= entries
    path.write_text(json.dumps(config), encoding="utf-8")
    battery.sign(folder, **({"architecture": {}} if "timm_model_name" in entries else {}))
    assert why in battery.refusal(folder)


def test_a_resnet_of_open_clip_is_refused(tmp_path: Path) -> None:
    folder = opened(tmp_path / "tiny", open_clip, own=True).card.folder
    path = folder / "open_clip_config.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"layers": 2', '"layers": [3, 4]', 1))
    battery.sign(folder)
    assert "ResNet image tower is not done here" in battery.refusal(folder)
