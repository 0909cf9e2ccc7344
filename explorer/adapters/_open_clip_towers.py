"""Towers of open_clip with its names of tensors: its own two, a timm ViT, and a BERT as text tower.

The patches of an image tower are read along the value path of the last block; see `_vit`.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from explorer.adapters._bert import BertShape, build_bert
from explorer.adapters._vit import VisionTransformer, VitShape


class QuickGelu(nn.Module):
    """The approximation that OpenAI trained with."""

    def forward(self, values: Tensor) -> Tensor:
        """Times a sigmoid of 1.702 times themselves."""
        return values * torch.sigmoid(1.702 * values)


class _Block(nn.Module):
    def __init__(
        self, width: int, heads: int, mlp_width: int, activation: Callable[[], nn.Module]
    ) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(width)
        self.attn = nn.MultiheadAttention(width, heads, batch_first=True)
        self.ln_2 = nn.LayerNorm(width)
        parts: list[tuple[str, nn.Module]] = [
            ("c_fc", nn.Linear(width, mlp_width)),
            ("gelu", activation()),
            ("c_proj", nn.Linear(mlp_width, width)),
        ]
        self.mlp = nn.Sequential(OrderedDict(parts))

    def forward(self, tokens: Tensor, mask: Tensor | None = None, *, alone: bool = False) -> Tensor:
        inner = self.ln_1(tokens)
        if alone:
            width = tokens.shape[-1]
            weight, bias = self.attn.in_proj_weight, self.attn.in_proj_bias
            value = functional.linear(inner, weight[2 * width :], bias[2 * width :])
            mixed = self.attn.out_proj(value)
        else:
            mixed = self.attn(inner, inner, inner, attn_mask=mask, need_weights=False)[0]
        tokens = tokens + mixed
        out: Tensor = tokens + self.mlp(self.ln_2(tokens))
        return out


class _Blocks(nn.Module):
    def __init__(self, depth: int, block: Callable[[], _Block]) -> None:
        super().__init__()
        self.resblocks = nn.ModuleList(block() for _ in range(depth))


@dataclass(frozen=True, slots=True)
class TextShape:
    """Sizes of open_clip's own text tower."""

    context: int = 77
    vocabulary: int = 49_408
    width: int = 512
    heads: int = 8
    depth: int = 12


class ImageTower(nn.Module):
    """open_clip's own vision transformer."""

    def __init__(
        self, shape: VitShape, dimension: int, activation: Callable[[], nn.Module]
    ) -> None:
        super().__init__()
        self.grid_size = shape.grid_size
        patch = shape.patch_size
        self.class_embedding = nn.Parameter(torch.zeros(shape.width))
        self.positional_embedding = nn.Parameter(torch.zeros(shape.grid_size**2 + 1, shape.width))
        self.proj = nn.Parameter(torch.zeros(shape.width, dimension))
        self.conv1 = nn.Conv2d(3, shape.width, patch, stride=patch, bias=False)
        self.ln_pre = nn.LayerNorm(shape.width)
        self.transformer = _Blocks(
            shape.depth,
            lambda: _Block(shape.width, shape.heads, shape.mlp_width, activation),
        )
        self.ln_post = nn.LayerNorm(shape.width)

    @property
    def before_last(self) -> nn.Module:
        """The module whose output the last block reads."""
        blocks = self.transformer.resblocks
        return blocks[-2] if len(blocks) > 1 else self.ln_pre

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Whole images (B, D) and patches (B, h, w, D) of images (B, 3, S, S)."""
        patches = self.conv1(images).flatten(2).transpose(1, 2)
        start = self.class_embedding.expand(len(images), 1, -1)
        tokens = self.ln_pre(torch.cat([start, patches], dim=1) + self.positional_embedding)
        *before, last = self.transformer.resblocks
        for block in before:
            tokens = block(tokens)
        whole = self.ln_post(last(tokens)[:, 0]) @ self.proj
        places = self.ln_post(last(tokens, alone=True)[:, 1:]) @ self.proj
        return whole, places.unflatten(1, (self.grid_size, self.grid_size))


class TimmTower(nn.Module):
    """A timm ViT with a linear head, as in BiomedCLIP."""

    def __init__(self, shape: VitShape, dimension: int) -> None:
        super().__init__()
        self.grid_size = shape.grid_size
        self.trunk = VisionTransformer(shape)
        head: list[tuple[str, nn.Module]] = [
            ("proj", nn.Linear(shape.width, dimension, bias=False))
        ]
        self.head = nn.Sequential(OrderedDict(head))

    @property
    def before_last(self) -> nn.Module:
        """The module whose output the last block reads."""
        return self.trunk.before_last

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Whole images (B, D) and patches (B, h, w, D) of images (B, 3, S, S)."""
        whole, places = self.trunk.whole_and_places(images)
        return self.head(whole), self.head(places)


class TextTower(nn.Module):
    """open_clip's own text transformer: causal, read at the end token, which has the highest id."""

    def __init__(
        self, shape: TextShape, dimension: int, activation: Callable[[], nn.Module]
    ) -> None:
        super().__init__()
        self.positional_embedding = nn.Parameter(torch.zeros(shape.context, shape.width))
        self.text_projection = nn.Parameter(torch.zeros(shape.width, dimension))
        self.token_embedding = nn.Embedding(shape.vocabulary, shape.width)
        self.transformer = _Blocks(
            shape.depth, lambda: _Block(shape.width, shape.heads, 4 * shape.width, activation)
        )
        self.ln_final = nn.LayerNorm(shape.width)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:  # noqa: ARG002 - causal
        """(S, T) token ids to (S, D)."""
        length = ids.shape[1]
        tokens = self.token_embedding(ids) + self.positional_embedding[:length]
        later = torch.ones(length, length, dtype=torch.bool, device=ids.device).triu(1)
        for block in self.transformer.resblocks:
            tokens = block(tokens, later)
        ends = ids.argmax(1)
        out: Tensor = self.ln_final(tokens)[torch.arange(len(ids)), ends] @ self.text_projection
        return out


class BertTower(nn.Module):
    """A BERT with a projection, as in BiomedCLIP.

    Args:
        shape: Of the BERT.
        dimension: Of the joint space.
        pooler: "mean_pooler", "cls_pooler" or "cls_last_hidden_state_pooler".
        projection: "linear", "mlp" or "" for none.
    """

    def __init__(self, shape: BertShape, dimension: int, *, pooler: str, projection: str) -> None:
        super().__init__()
        self.pooler_name = pooler
        self.transformer = build_bert(shape, pooler=pooler == "cls_pooler")
        between = (shape.width + dimension) // 2
        if projection == "mlp":
            self.proj: nn.Module = nn.Sequential(
                nn.Linear(shape.width, between, bias=False),
                nn.GELU(),
                nn.Linear(between, dimension, bias=False),
            )
        elif projection == "linear":
            self.proj = nn.Linear(shape.width, dimension, bias=False)
        else:
            self.proj = nn.Identity()

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(S, T) token ids and mask to (S, D)."""
        found = self.transformer(ids, mask)
        hidden = found.last_hidden_state
        if self.pooler_name == "mean_pooler":
            weight = mask[..., None].to(hidden.dtype)
            pooled = (hidden * weight).sum(1) / weight.sum(1)
        elif self.pooler_name == "cls_pooler":
            pooled = found.pooler_output
        else:
            pooled = hidden[:, 0]
        out: Tensor = self.proj(pooled)
        return out
