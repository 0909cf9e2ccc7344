"""Reads `open_clip_config.json`: which towers, of which sizes, and the preprocessing.

What a configuration asks for and the towers here do not do is refused by name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from explorer.adapters._bert import BertShape
from explorer.adapters._open_clip_towers import TextShape
from explorer.adapters._preprocessing import OPENAI_MEAN, OPENAI_STD, Preprocessing, Resize
from explorer.adapters._vit import VitShape

_RESIZES: dict[str, Resize] = {
    "shortest": "shorter side",
    "longest": "longer side",
    "squash": "both sides",
}
_POOLERS = ("mean_pooler", "cls_pooler", "cls_last_hidden_state_pooler")
_PROJECTIONS = ("", "linear", "mlp")
_TIMM = re.compile(r"vit_(tiny|small|base|large)_patch(\d+)_(\d+)(\..*)?")
_WIDTHS = {
    "tiny": (192, 12, 3),
    "small": (384, 12, 6),
    "base": (768, 12, 12),
    "large": (1024, 24, 16),
}
_PUBMED_BERT = BertShape(vocabulary=30_522)
# Entries that change nothing when a trained network is run.
_OF_TRAINING = {
    "timm_model_pretrained",
    "timm_drop",
    "timm_drop_path",
    "patch_dropout",
    "hf_model_pretrained",
    "hf_tokenizer_name",
    "tokenizer_kwargs",
}


@dataclass(frozen=True, slots=True)
class OpenClipSizes:
    """What `architecture` of a card may say in place of the names in the configuration."""

    vit: VitShape | None = None
    bert: BertShape | None = None


@dataclass(frozen=True, slots=True)
class OpenClipPlan:
    """A configuration, read.

    Attributes:
        image: Sizes of the image tower; `timm` says whose layout it has.
        text: Of open_clip's own text tower, or of a BERT.
        pooler, projection: Of the BERT.
        nested: Whether the tensors of the text tower begin with "text.".
    """

    dimension: int
    quick_gelu: bool
    image: VitShape
    timm: bool
    text: TextShape | BertShape
    nested: bool
    context: int
    pooler: str
    projection: str
    preprocessing: Preprocessing


def read_plan(config: Mapping[str, Any], sizes: OpenClipSizes) -> OpenClipPlan:
    """The towers and the preprocessing of a configuration.

    Raises:
        ValueError, KeyError, TypeError: It lacks an entry or asks for what is not done here.
    """
    model = dict(config["model_cfg"])
    vision, text = dict(model.pop("vision_cfg")), dict(model.pop("text_cfg"))
    timm, image = _image(vision, sizes.vit)
    bert = "hf_model_name" in text
    context = int(text.get("context_length", 77))
    pooler, projection = "", ""
    if bert:
        pooler, projection = _bert_ends(text)
        written: TextShape | BertShape = sizes.bert or _PUBMED_BERT
    else:
        written = _own_text(text)
    plan = OpenClipPlan(
        dimension=int(model.pop("embed_dim")),
        quick_gelu=bool(model.pop("quick_gelu", False)),
        image=image,
        timm=timm,
        text=written,
        nested=bool(model.pop("custom_text", False)) or bert,
        context=context,
        pooler=pooler,
        projection=projection,
        preprocessing=_preprocessing(config.get("preprocess_cfg", {}), image.image_size),
    )
    _require_no_more("model_cfg", model)
    return plan


def _image(said: dict[str, Any], override: VitShape | None) -> tuple[bool, VitShape]:
    name = said.pop("timm_model_name", None)
    side = said.pop("image_size", 224)
    if not isinstance(side, int):
        raise ValueError(f"image_size must be one number, got {side}")
    if name is None:
        return False, override or _own_image(said, side)
    pool, projection = said.pop("timm_pool", "avg"), said.pop("timm_proj", "linear")
    if pool not in ("", "token") or projection != "linear" or said.pop("timm_proj_bias", False):
        raise ValueError(f"timm_pool {pool!r} with timm_proj {projection!r} is not done here")
    _require_no_more("vision_cfg", said)
    if override is not None:
        return True, override
    found = _TIMM.fullmatch(name)
    if found is None:
        raise ValueError(f"timm_model_name {name!r} is not done here, only vit_*_patch*_*")
    width, depth, heads = _WIDTHS[found[1]]
    return True, VitShape(side, int(found[2]), width, depth, heads, 4 * width)


def _own_image(said: dict[str, Any], side: int) -> VitShape:
    depth, width = said.pop("layers", 12), said.pop("width", 768)
    if not isinstance(depth, int):
        raise ValueError("a ResNet image tower is not done here")
    heads = width // said.pop("head_width", 64)
    mlp = int(width * said.pop("mlp_ratio", 4.0))
    patch = said.pop("patch_size", 16)
    _require_no_more("vision_cfg", said)
    return VitShape(side, patch, width, depth, heads, mlp)


def _bert_ends(said: dict[str, Any]) -> tuple[str, str]:
    """Pooler and projection, under the names that open_clip gave them at one time or another."""
    said.pop("hf_model_name")
    said.pop("context_length", None)
    pooler = said.pop("hf_pooler_type", None) or said.pop("pooler_type", "mean_pooler")
    projection = said.pop("hf_proj_type", None) or said.pop("proj", None) or ""
    for what, name, known in (("pooler", pooler, _POOLERS), ("proj", projection, _PROJECTIONS)):
        if name not in known:
            raise ValueError(f"text {what} {name!r} is not done here, only {', '.join(known)}")
    _require_no_more("text_cfg", said)
    return pooler, projection


def _own_text(said: dict[str, Any]) -> TextShape:
    shape = TextShape(
        context=said.pop("context_length", 77),
        vocabulary=said.pop("vocab_size", 49_408),
        width=said.pop("width", 512),
        heads=said.pop("heads", 8),
        depth=said.pop("layers", 12),
    )
    _require_no_more("text_cfg", said)
    return shape


def _preprocessing(said: Mapping[str, Any], side: int) -> Preprocessing:
    mode = said.get("resize_mode", "shortest")
    interpolation = said.get("interpolation", "bicubic")
    if interpolation not in ("bilinear", "bicubic", "random"):
        raise ValueError(f"interpolation {interpolation!r} is not done here")
    if said.get("fill_color", 0) != 0:
        raise ValueError("a fill_color other than 0 is not done here")
    size = said.get("size", side)
    if size not in (side, [side, side]):
        raise ValueError(f"preprocess_cfg size must be {side}, got {size}")
    return Preprocessing(
        (side, side),
        _RESIZES[mode],
        "bilinear" if interpolation == "bilinear" else "bicubic",
        resized_to=side,
        mean=_three(said.get("mean", OPENAI_MEAN)),
        std=_three(said.get("std", OPENAI_STD)),
        nearest_half=True,
    )


def _three(values: Any) -> tuple[float, float, float]:
    first, second, third = values
    return float(first), float(second), float(third)


def _require_no_more(part: str, said: Mapping[str, Any]) -> None:
    rest = {k: v for k, v in said.items() if k not in _OF_TRAINING and v}
    if rest:
        name = min(rest)
        raise ValueError(f"{part} {name} {rest[name]!r} is not done here")
