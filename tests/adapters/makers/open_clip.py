"""Tiny open_clip folders: BiomedCLIP's towers, and open_clip's own."""

import json
from pathlib import Path
from typing import Any

from explorer.adapters._bert import BertShape
from explorer.adapters._open_clip_config import OpenClipSizes, read_plan
from explorer.adapters._vit import VitShape
from explorer.adapters.open_clip import OpenClipNetwork
from tests import tiny_model

from . import _hf, _random
from ._card import write_card

VIT = {"image_size": 64, "patch_size": 8, "width": 32, "depth": 2, "heads": 2, "mlp_width": 64}
BERT = {"vocabulary": _random.VOCABULARY, "width": 16, "depth": 2, "heads": 2, "mlp_width": 24}
BIOMED: dict[str, Any] = {
    "model_cfg": {
        "embed_dim": 12,
        "vision_cfg": {
            "timm_model_name": "vit_base_patch16_224",
            "timm_model_pretrained": False,
            "timm_pool": "",
            "timm_proj": "linear",
            "image_size": 64,
        },
        "text_cfg": {
            "hf_model_name": "microsoft/BiomedNLP-BiomedBERT-base-uncased-abstract",
            "hf_tokenizer_name": "microsoft/BiomedNLP-BiomedBERT-base-uncased-abstract",
            "hf_proj_type": "mlp",
            "hf_pooler_type": "cls_last_hidden_state_pooler",
            "context_length": 256,
        },
    },
    "preprocess_cfg": {
        "mean": [0.48145466, 0.4578275, 0.40821073],
        "std": [0.26862954, 0.26130258, 0.27577711],
    },
}
OWN: dict[str, Any] = {
    "model_cfg": {
        "embed_dim": 12,
        "quick_gelu": True,
        "vision_cfg": {
            "image_size": 64,
            "layers": 2,
            "width": 32,
            "head_width": 16,
            "mlp_ratio": 2.0,
            "patch_size": 8,
        },
        "text_cfg": {
            "context_length": 40,
            "vocab_size": len(_hf.clip_vocabulary()),
            "width": 32,
            "heads": 2,
            "layers": 2,
        },
    },
    "preprocess_cfg": {"interpolation": "bicubic", "resize_mode": "squash"},
}


def make(folder: Path, *, own: bool = False) -> None:
    """Write a whole checkpoint folder: BiomedCLIP's towers, or open_clip's own."""
    _random.seed()
    config = OWN if own else BIOMED
    sizes = OpenClipSizes() if own else OpenClipSizes(VitShape(**VIT), BertShape(**BERT))
    network = OpenClipNetwork(read_plan(config, sizes), biased=False)
    _random.fill_zeros(network)
    tensors = network.state_dict()
    if own:  # open_clip keeps its own text tower at the top
        tensors = {name.removeprefix("text."): tensor for name, tensor in tensors.items()}
        _hf.save_clip_tokenizer(folder)
        weights = "open_clip_model.safetensors"
    else:
        tensors = _random.position_ids(tensors, "text.transformer")
        tiny_model.tokenizer().save(str(folder / "tokenizer.json"))
        weights = "open_clip_pytorch_model.bin"
    _random.save(tensors, folder / weights)
    (folder / "open_clip_config.json").write_text(json.dumps(config), encoding="utf-8")
    write_card(
        folder,
        family="open_clip",
        weights=[weights],
        input_size=64,
        grid_size=8,
        dimension=12,
        frame_mode="squash" if own else "center crop",
        **({} if own else {"architecture": {"vit": VIT, "bert": BERT}}),
    )
