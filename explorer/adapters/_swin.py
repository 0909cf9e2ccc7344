"""Swin transformer of `transformers` under the tensor names that files of before version 5 have.

Its last block looks over the whole grid. Run once more with every place looking at itself alone, it
leaves a place what is there: the reading of a class-token model, see `explorer.adapters._vit`.
"""

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

# Name of `transformers` 5 -> name in published files.
_PUBLISHED = {
    ".attention.q_proj.": ".attention.self.query.",
    ".attention.k_proj.": ".attention.self.key.",
    ".attention.v_proj.": ".attention.self.value.",
    ".attention.o_proj.": ".attention.output.dense.",
    ".attention.relative_position_bias.": ".attention.self.",
    ".mlp.fc1.": ".intermediate.dense.",
    ".mlp.fc2.": ".output.dense.",
}
COMPUTED = r".*\.relative_position_index"  # a buffer that older files hold


@dataclass(frozen=True, slots=True)
class SwinShape:
    """Sizes of the network; those of Swin-T unless said otherwise."""

    patch_size: int = 4
    width: int = 96
    depths: tuple[int, ...] = (2, 2, 6, 2)
    heads: tuple[int, ...] = (3, 6, 12, 24)
    window: int = 7

    @property
    def stride(self) -> int:
        """Pixels along a side of a place in the last stage."""
        return int(self.patch_size * 2 ** (len(self.depths) - 1))

    @property
    def channels(self) -> int:
        """Of the last stage."""
        return int(self.width * 2 ** (len(self.depths) - 1))


class SwinTower(nn.Module):
    """A `SwinModel` as the part `image_encoder`; state goes in and out under published names."""

    def __init__(self, shape: SwinShape, *, image_size: int) -> None:
        super().__init__()
        from transformers import SwinConfig, SwinModel

        config = SwinConfig(
            image_size=image_size,
            patch_size=shape.patch_size,
            embed_dim=shape.width,
            depths=list(shape.depths),
            num_heads=list(shape.heads),
            window_size=shape.window,
        )
        self.image_encoder: Any = SwinModel(config, add_pooling_layer=False)
        self._own = tuple(self.state_dict())
        self.register_state_dict_post_hook(_to_published)
        self.register_load_state_dict_pre_hook(_from_published)

    @property
    def before_last(self) -> nn.Module:
        """The module whose output the last stage reads."""
        merged: nn.Module = self.image_encoder.encoder.layers[-2].downsample
        return merged

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """The upper left place (B, C), and all (B, h * w, C), each looking at itself alone.

        The published code takes the first token for the image as a whole, as of a ViT; this network
        has no class token, and training made that place one.
        """
        model = self.image_encoder
        hidden, size = model.embeddings(images)
        *before, last = model.encoder.layers
        for stage in before:
            hidden = stage(hidden, size)[0]
            size = tuple((side + 1) // 2 for side in size)
        *blocks, block = last.blocks
        for one in blocks:
            hidden = one(hidden, size)[0]
        mixed = block(hidden, size)[0]
        attention = block.attention
        alone = hidden + attention.o_proj(attention.v_proj(block.layernorm_before(hidden)))
        alone = alone + block.mlp(block.layernorm_after(alone))
        return model.layernorm(mixed)[:, 0], model.layernorm(alone)


def published_name(name: str) -> str:
    """Name in a published file.

    >>> published_name("encoder.layers.0.blocks.1.mlp.fc2.bias")
    'encoder.layers.0.blocks.1.output.dense.bias'
    """
    for new, old in _PUBLISHED.items():
        name = name.replace(new, old)
    return name


def _to_published(
    module: SwinTower, state: MutableMapping[str, Tensor], prefix: str, _metadata: Any
) -> None:
    for name in module._own:
        state[f"{prefix}{published_name(name)}"] = state.pop(f"{prefix}{name}")


def _from_published(
    module: SwinTower, state: MutableMapping[str, Tensor], prefix: str, *_: Any
) -> None:
    for name in module._own:
        published = f"{prefix}{published_name(name)}"
        if published in state:
            state[f"{prefix}{name}"] = state.pop(published)
