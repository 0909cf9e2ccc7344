"""Vision transformer whose tensors are named as timm names them (ViT-B/16 of BiomedCLIP and MGCA).

Its last block is run twice. Once as trained: the class token then stands for the whole image. Once
with every token looking at itself alone, so that attention is the identity and a patch keeps
what is at its place: its value goes through out-projection, residual and MLP. This is the dense
reading of a class-token model that MaskCLIP found (Zhou, Loy and Dai, 2022).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

NORM_EPSILON = 1e-6  # of timm, and of MGCA


@dataclass(frozen=True, slots=True)
class VitShape:
    """Sizes of the network; those of ViT-B/16 at 224 pixels unless said otherwise."""

    image_size: int = 224
    patch_size: int = 16
    width: int = 768
    depth: int = 12
    heads: int = 12
    mlp_width: int = 3072

    @property
    def grid_size(self) -> int:
        """Patches along a side."""
        return self.image_size // self.patch_size


VIT_B_16 = VitShape()


class _Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, tokens: Tensor, *, alone: bool) -> Tensor:
        batch, count, width = tokens.shape
        qkv = self.qkv(tokens)
        if alone:
            own: Tensor = self.proj(qkv[..., 2 * width :])
            return own
        query, key, value = (
            qkv.reshape(batch, count, 3, self.heads, width // self.heads)
            .permute(2, 0, 3, 1, 4)
            .unbind(0)
        )  # each (B, heads, N, C / heads)
        mixed = functional.scaled_dot_product_attention(query, key, value)
        out: Tensor = self.proj(mixed.transpose(1, 2).reshape(batch, count, width))
        return out


class _Mlp(nn.Module):
    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, inner)
        self.fc2 = nn.Linear(inner, width)

    def forward(self, tokens: Tensor) -> Tensor:
        out: Tensor = self.fc2(functional.gelu(self.fc1(tokens)))
        return out


class _Block(nn.Module):
    def __init__(self, shape: VitShape) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(shape.width, eps=NORM_EPSILON)
        self.attn = _Attention(shape.width, shape.heads)
        self.norm2 = nn.LayerNorm(shape.width, eps=NORM_EPSILON)
        self.mlp = _Mlp(shape.width, shape.mlp_width)

    def forward(self, tokens: Tensor, *, alone: bool = False) -> Tensor:
        tokens = tokens + self.attn(self.norm1(tokens), alone=alone)
        out: Tensor = tokens + self.mlp(self.norm2(tokens))
        return out


class _PatchEmbed(nn.Module):
    def __init__(self, shape: VitShape) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, shape.width, shape.patch_size, stride=shape.patch_size)

    def forward(self, images: Tensor) -> Tensor:
        out: Tensor = self.proj(images).flatten(2).transpose(1, 2)
        return out


class VisionTransformer(nn.Module):
    """The trunk, without a classifier."""

    def __init__(self, shape: VitShape) -> None:
        super().__init__()
        self.shape = shape
        positions = shape.grid_size**2 + 1
        self.cls_token = nn.Parameter(torch.zeros(1, 1, shape.width))
        self.pos_embed = nn.Parameter(torch.zeros(1, positions, shape.width))
        self.patch_embed = _PatchEmbed(shape)
        self.blocks = nn.ModuleList(_Block(shape) for _ in range(shape.depth))
        self.norm = nn.LayerNorm(shape.width, eps=NORM_EPSILON)

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, S, S) to tokens (B, 1 + h * w, C), the class token first."""
        hidden = self._before_last(images)
        out: Tensor = self.norm(self.blocks[-1](hidden))
        return out

    def whole_and_places(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Class token (B, C) as trained; patches (B, h, w, C) that look at themselves alone."""
        hidden = self._before_last(images)
        whole = self.norm(self.blocks[-1](hidden))[:, 0]
        places = self.norm(self.blocks[-1](hidden, alone=True))[:, 1:]
        return whole, self.in_place(places)

    @property
    def before_last(self) -> nn.Module:
        """The module whose output the last block reads; places are added to that of patches."""
        return self.blocks[-2] if len(self.blocks) > 1 else self.patch_embed

    def in_place(self, patches: Tensor) -> Tensor:
        """(B, h * w, C) to (B, h, w, C)."""
        return patches.unflatten(1, (self.shape.grid_size, self.shape.grid_size))

    def _before_last(self, images: Tensor) -> Tensor:
        patches = self.patch_embed(images)
        tokens = torch.cat([self.cls_token.expand(len(images), -1, -1), patches], dim=1)
        tokens = tokens + self.pos_embed
        for block in list(self.blocks)[:-1]:
            tokens = block(tokens)
        return tokens
