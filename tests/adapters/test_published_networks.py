"""Our trunks against the same networks of `transformers`, tensor for tensor."""

import re
from typing import TypeVar

import numpy as np
import pytest
import torch
from torch import Tensor

from explorer.adapters._resnet import ResNet
from explorer.adapters._vit import VisionTransformer, VitShape

TINY = VitShape(image_size=32, patch_size=8, width=24, depth=3, heads=2, mlp_width=48)


Network = TypeVar("Network", bound=torch.nn.Module)


def randomise(module: Network) -> Network:
    """Random parameters and statistics, so that nothing is hidden behind zeros and ones."""
    generator = torch.Generator().manual_seed(5)
    for name, tensor in module.state_dict().items():
        if tensor.is_floating_point():
            noise = torch.randn(tensor.shape, generator=generator) * 0.2
            tensor.copy_(noise.abs() + 0.5 if name.endswith("running_var") else noise)
    module.eval().requires_grad_(requires_grad=False)
    return module


@pytest.fixture
def images() -> Tensor:
    return torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))


def test_resnet_is_the_network_of_transformers(images: Tensor) -> None:
    from transformers import ResNetConfig, ResNetModel

    blocks, width = (2, 1, 2, 1), 8
    ours = randomise(ResNet(blocks=blocks, width=width))
    sizes = [4 * width * 2**i for i in range(4)]
    theirs = ResNetModel(ResNetConfig(embedding_size=width, hidden_sizes=sizes, depths=blocks))
    state = {}
    for name, tensor in theirs.state_dict().items():
        own = name.replace("embedder.embedder.convolution", "conv1")
        own = own.replace("embedder.embedder.normalization", "bn1")
        own = re.sub(r"encoder\.stages\.(\d)\.layers", lambda m: f"layer{int(m[1]) + 1}", own)
        own = own.replace("shortcut.convolution", "downsample.0")
        own = own.replace("shortcut.normalization", "downsample.1")
        own = re.sub(r"layer\.(\d)\.convolution", lambda m: f"conv{int(m[1]) + 1}", own)
        own = re.sub(r"layer\.(\d)\.normalization", lambda m: f"bn{int(m[1]) + 1}", own)
        state[name] = ours.state_dict()[own]
        assert state[name].shape == tensor.shape
    assert len(state) == len(ours.state_dict())
    theirs.load_state_dict(state)
    with torch.inference_mode():
        found = theirs.eval()(images, output_hidden_states=True).hidden_states[1:]
        own_stages = ours.stages(images)
    for ours_stage, theirs_stage in zip(own_stages, found, strict=True):
        torch.testing.assert_close(ours_stage, theirs_stage, rtol=1e-4, atol=1e-5)


def test_vit_is_the_network_of_transformers(images: Tensor) -> None:
    from transformers import ViTConfig, ViTModel

    ours = randomise(VisionTransformer(TINY))
    config = ViTConfig(
        hidden_size=TINY.width,
        num_hidden_layers=TINY.depth,
        num_attention_heads=TINY.heads,
        intermediate_size=TINY.mlp_width,
        image_size=TINY.image_size,
        patch_size=TINY.patch_size,
        layer_norm_eps=1e-6,
    )
    theirs = ViTModel(config, add_pooling_layer=False)
    own = ours.state_dict()
    state = {}
    for name, tensor in theirs.state_dict().items():
        parts = re.match(r"layers\.(\d+)\.attention\.([qkv])_proj\.(\w+)", name)
        if parts:
            fused = own[f"blocks.{parts[1]}.attn.qkv.{parts[3]}"]
            state[name] = fused.chunk(3)["qkv".index(parts[2])]
            continue
        renamed = name.replace("embeddings.cls_token", "cls_token")
        renamed = renamed.replace("embeddings.position_embeddings", "pos_embed")
        renamed = renamed.replace("embeddings.patch_embeddings.projection", "patch_embed.proj")
        renamed = renamed.replace("layers.", "blocks.").replace("attention.o_proj", "attn.proj")
        renamed = renamed.replace("layernorm_before", "norm1").replace("layernorm_after", "norm2")
        state[name] = own[renamed.replace("layernorm.", "norm.")]
        assert state[name].shape == tensor.shape
    theirs.load_state_dict(state)
    small = images[..., :32, :32]
    with torch.inference_mode():
        expected = theirs.eval()(small).last_hidden_state
        found = ours(small)
        whole, places = ours.whole_and_places(small)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(whole, expected[:, 0], rtol=1e-4, atol=1e-5)
    assert places.shape == (2, 4, 4, TINY.width)


def test_a_place_alone_is_the_value_path_of_the_last_block() -> None:
    """Written out once more: value, out-projection, residual, MLP, norm."""
    ours = randomise(VisionTransformer(TINY))
    image = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(2))
    state = {k: v.double() for k, v in ours.state_dict().items()}
    before: list[Tensor] = []
    ours.blocks[-1].register_forward_pre_hook(lambda _, inputs: before.append(inputs[0]))
    _, places = ours.whole_and_places(image)
    tokens = before[0].double()

    def norm(x: Tensor, name: str) -> Tensor:
        scaled = (x - x.mean(-1, keepdim=True)) / (
            x.var(-1, keepdim=True, correction=0) + 1e-6
        ) ** 0.5
        return scaled * state[f"{name}.weight"] + state[f"{name}.bias"]

    def linear(x: Tensor, name: str) -> Tensor:
        return x @ state[f"{name}.weight"].T + state[f"{name}.bias"]

    last = "blocks.2"
    value = linear(norm(tokens, f"{last}.norm1"), f"{last}.attn.qkv")[..., -TINY.width :]
    tokens = tokens + linear(value, f"{last}.attn.proj")
    inner = torch.nn.functional.gelu(linear(norm(tokens, f"{last}.norm2"), f"{last}.mlp.fc1"))
    tokens = tokens + linear(inner, f"{last}.mlp.fc2")
    expected = norm(tokens, "norm")[0, 1:].reshape(4, 4, -1)
    np.testing.assert_allclose(places[0].numpy(), expected.numpy(), atol=1e-4)
