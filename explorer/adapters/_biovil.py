"""Image networks of BioViL (Boecking et al., 2022) and BioViL-T (Bannur et al., 2023).

Tensors are named as the code of microsoft/hi-ml names them (health_multimodal/image/model), from
which the names were read; they were not checked against the published weights themselves.
Sizes come from the tensors, so that a test can use small ones.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from explorer.adapters._resnet import ResNet

HEADS = 8  # of the transformer that compares two films; not to be read from its tensors
TRUNK, POOLER = "encoder.encoder.", "encoder.vit_pooler."
UNUSED = (r"encoder\.encoder\.fc\.(weight|bias)",)  # ImageNet classes of the ResNet


class Shape(NamedTuple):
    """Sizes of a network.

    Attributes:
        blocks, width: Of the ResNet.
        hidden, joint: Of the projection.
        static: Channels of each half in the network that reads two films.
        depth, mlp_width: Of the transformer that compares them.
    """

    blocks: tuple[int, ...]
    width: int
    hidden: int
    joint: int
    static: int
    depth: int
    mlp_width: int


PUBLISHED = Shape((3, 4, 6, 3), width=64, hidden=128, joint=128, static=256, depth=3, mlp_width=256)

# Where a size can be read: the first of these tensors that is there, and its axis.
_SIZES: dict[str, tuple[tuple[str, int], ...]] = {
    "width": ((f"{TRUNK}conv1.weight", 0), (f"{TRUNK}bn1.weight", 0)),
    "hidden": (("projector.model.0.weight", 0), ("projector.model.1.bias", 0)),
    "joint": (("projector.model.3.weight", 0), ("projector.model.3.bias", 0)),
    "static": (("encoder.backbone_to_vit.weight", 0), ("encoder.missing_previous_emb", 1)),
    "mlp_width": ((f"{POOLER}blocks.0.mlp.fc1.weight", 0), (f"{POOLER}blocks.0.mlp.fc1.bias", 0)),
}


def shape_of(tensors: Mapping[str, Tensor]) -> Shape:
    """Sizes of the network that these tensors belong to; published ones where none tells."""
    blocks = tuple(_count(tensors, f"{TRUNK}layer{stage}.") for stage in range(1, 5))
    found: dict[str, Any] = {
        "blocks": blocks if all(blocks) else PUBLISHED.blocks,
        "depth": _count(tensors, f"{POOLER}blocks.") or PUBLISHED.depth,
    }
    for size, places in _SIZES.items():
        known = [(tensors[name], axis) for name, axis in places if name in tensors]
        if known and known[0][0].ndim > known[0][1]:
            found[size] = known[0][0].shape[known[0][1]]
    return PUBLISHED._replace(**found)


def _count(tensors: Mapping[str, Tensor], prefix: str) -> int:
    rest = (name.removeprefix(prefix) for name in tensors if name.startswith(prefix))
    return len({name.partition(".")[0] for name in rest})


class ImageModel(nn.Module):
    """ResNet and projection of BioViL: every patch, and their mean, in the joint space."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.encoder = _Trunk(shape)
        self.projector = _Projector(self.encoder.channels, shape.hidden, shape.joint)

    def forward(self, images: Tensor, previous: Tensor | None = None) -> Tensor:
        """(B, 3, H, W) to projected patches (B, h, w, D), not of unit norm."""
        patches = self.encoder(images) if previous is None else self.encoder(images, previous)
        projected: Tensor = self.projector(patches)
        return projected.permute(0, 2, 3, 1)


class PairModel(ImageModel):
    """The network of BioViL-T: half of its channels say what changed since the previous film."""

    def __init__(self, shape: Shape, *, grid: tuple[int, int]) -> None:
        nn.Module.__init__(self)
        self.encoder = _PairTrunk(shape, grid=grid)
        self.projector = _Projector(2 * shape.static, shape.hidden, shape.joint)


class _Trunk(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.encoder = ResNet(blocks=shape.blocks, width=shape.width)
        self.channels = self.encoder.channels[-1]

    def forward(self, images: Tensor) -> Tensor:
        """Features (B, channels, h, w) at 1/32 of the input."""
        found: Tensor = self.encoder(images)
        return found


class _PairTrunk(_Trunk):
    def __init__(self, shape: Shape, *, grid: tuple[int, int]) -> None:
        super().__init__(shape)
        self.backbone_to_vit = nn.Conv2d(self.channels, shape.static, 1, bias=False)
        self.vit_pooler = _Pooler(shape, grid=grid)
        self.missing_previous_emb = nn.Parameter(torch.zeros(1, shape.static, 1, 1))

    def forward(self, images: Tensor, previous: Tensor | None = None) -> Tensor:
        """Static features and those of change, side by side: (B, 2 * static, h, w)."""
        both = images if previous is None else torch.cat([images, previous])
        features = self.backbone_to_vit(self.encoder(both))
        now = features[: len(images)]
        if previous is None:
            change = self.missing_previous_emb.expand_as(now)
        else:
            change = self.vit_pooler(now, features[len(images) :])
        return torch.cat([now, change], dim=1)


class _Projector(nn.Module):
    def __init__(self, channels: int, hidden: int, joint: int) -> None:
        super().__init__()
        self.model = nn.Sequential(
            nn.Conv2d(channels, hidden, 1, bias=False),
            nn.BatchNorm2d(hidden),
            nn.ReLU(),
            nn.Conv2d(hidden, joint, 1),
        )

    def forward(self, features: Tensor) -> Tensor:
        """(B, channels, h, w) to (B, joint, h, w)."""
        projected: Tensor = self.model(features)
        return projected


class _Pooler(nn.Module):
    """Tokens of both films attend to one another; those of the current film are kept."""

    def __init__(self, shape: Shape, *, grid: tuple[int, int]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            _Block(shape.static, shape.mlp_width) for _ in range(shape.depth)
        )
        self.norm_post = nn.LayerNorm(shape.static, eps=1e-6)
        self.type_embed = nn.Parameter(torch.zeros(2, 1, shape.static))
        self.register_buffer("places", sine_places(grid, shape.static), persistent=False)
        self.places: Tensor

    def forward(self, now: Tensor, before: Tensor) -> Tensor:
        """Features (B, C, h, w) of the current and the previous film to those of change."""
        tokens = torch.cat([now.flatten(2), before.flatten(2)], dim=2).transpose(1, 2)
        kind = self.type_embed.expand(2, len(self.places), -1)
        added = (self.places + kind).flatten(0, 1)  # (2 h w, C), given anew to each block
        for block in self.blocks:
            tokens = block(tokens, added)
        kept = self.norm_post(tokens)[:, : len(self.places)]
        return kept.transpose(1, 2).reshape(now.shape)


class _Block(nn.Module):
    def __init__(self, width: int, mlp_width: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = _Attention(width)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = _Mlp(width, mlp_width)

    def forward(self, tokens: Tensor, added: Tensor) -> Tensor:
        """Place and kind are added to what all three projections of the attention read."""
        tokens = tokens + self.attn(self.norm1(tokens) + added)
        return tokens + self.mlp(self.norm2(tokens))


class _Attention(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.proj_q = nn.Linear(width, width, bias=False)
        self.proj_k = nn.Linear(width, width, bias=False)
        self.proj_v = nn.Linear(width, width, bias=False)
        self.proj = nn.Linear(width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        query, key, value = (
            projection(tokens).unflatten(-1, (HEADS, -1)).transpose(1, 2)
            for projection in (self.proj_q, self.proj_k, self.proj_v)
        )  # (B, heads, T, C / heads)
        seen = functional.scaled_dot_product_attention(query, key, value)
        mixed: Tensor = self.proj(seen.transpose(1, 2).flatten(2))
        return mixed


class _Mlp(nn.Module):
    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, inner)
        self.fc2 = nn.Linear(inner, width)

    def forward(self, tokens: Tensor) -> Tensor:
        mixed: Tensor = self.fc2(functional.gelu(self.fc1(tokens)))
        return mixed


def sine_places(grid: tuple[int, int], width: int) -> Tensor:
    """Sines and cosines of row and column (h * w, C): half the channels for each.

    Rows and columns count from 1 and are stretched to 2 pi at the last one; wavelengths grow in
    powers of 10,000, and sine and cosine of one wavelength stand side by side.
    """
    half = width // 2
    wavelength = 10_000.0 ** (2 * (torch.arange(half) // 2) / half)
    parts = []
    for count in grid:
        place = torch.arange(1, count + 1) / (count + 1e-6) * 2 * math.pi
        angle = place[:, None] / wavelength
        waves = torch.stack([angle[:, 0::2].sin(), angle[:, 1::2].cos()], dim=2)
        parts.append(waves.flatten(1))
    rows, columns = parts
    h, w = grid
    both = [rows[:, None].expand(h, w, half), columns[None].expand(h, w, half)]
    return torch.cat(both, dim=2).reshape(h * w, width)
