"""What the folders of BioViL and BioViL-T share: random tensors under the published names."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional

from explorer.adapters._biovil import ImageModel, Shape
from explorer.adapters._cxr_bert import CxrBert
from tests import tiny_model

SMALL = Shape((1, 1, 2, 1), width=8, hidden=20, joint=12, static=16, depth=2, mlp_width=16)


def randomise(module: nn.Module, *, seed: int) -> nn.Module:
    """Random parameters and statistics, so that nothing is hidden behind zeros and ones."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in module.state_dict().items():
        if tensor.is_floating_point():
            # Weights a little larger than keep the size of a signal, biases small beside it.
            scale = 2 / tensor[0].numel() ** 0.5 if tensor.ndim > 1 else 0.1
            noise = torch.randn(tensor.shape, generator=generator) * scale
            positive = name.endswith(("running_var", "bn1.weight", "bn2.weight", "orm.weight"))
            tensor.copy_(noise.abs() + 0.5 if positive else noise)
    return module.eval()


def know_images(model: ImageModel) -> None:
    """Give the batch norms the statistics of noise, so that patches differ from one another."""
    for norm in (m for m in model.modules() if isinstance(m, nn.BatchNorm2d)):
        norm.momentum = 1.0
    coarse = torch.rand(4, 1, 12, 12, generator=torch.Generator().manual_seed(4))
    with torch.no_grad():
        model.train()(functional.interpolate(coarse, size=(192, 192)).expand(4, 3, 192, 192))
    model.eval()


def write_image(folder: Path, model: ImageModel) -> None:
    """Image weights, with the layer of ImageNet classes that the published file keeps."""
    randomise(model, seed=1)
    know_images(model)
    state = dict(model.state_dict())
    wide = model.encoder.encoder.channels[-1]
    state |= {
        "encoder.encoder.fc.weight": torch.zeros(10, wide),
        "encoder.encoder.fc.bias": torch.zeros(10),
    }
    save_file({k: v.contiguous() for k, v in state.items()}, folder / "image_model.safetensors")


def write_text(folder: Path) -> None:
    """Text weights, with the layer that predicts words, its tokenizer and config."""
    config = tiny_model.bert_config()
    text = randomise(CxrBert(config, projection_size=SMALL.joint), seed=2)
    state = dict(text.state_dict()) | {"cls.predictions.bias": torch.zeros(config.vocab_size)}
    save_file({k: v.contiguous() for k, v in state.items()}, folder / "model.safetensors")
    tiny_model.tokenizer().save(str(folder / "tokenizer.json"))
    entries: dict[str, Any] = {
        k: v for k, v in config.to_dict().items() if isinstance(v, int | float | str)
    }
    entries |= {"model_type": "cxr-bert", "projection_size": SMALL.joint}
    entries |= {"auto_map": {"AutoModel": "modeling_cxrbert.CXRBertModel"}}
    (folder / "config.json").write_text(json.dumps(entries), encoding="utf-8")
