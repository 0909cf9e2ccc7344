"""What CLIP and SigLIP folders share: a ViT of one square input beside a text tower."""

from pathlib import Path
from typing import Any

from explorer.adapters._base import AdapterCard
from explorer.adapters._hf import config_of, hugging_face_layout, preprocessing_of
from explorer.adapters._import import Layout
from explorer.adapters._layouts import card_entries
from explorer.adapters._published import PublishedEngine

_PARTS = ("text_config", "vision_config", "projection_dim")


def square_vit_layout(folder: Path, *, kind: str, config: str, title: str) -> Layout | None:
    """A folder of the hub whose config.json says this model type.

    Args:
        folder: As it was published.
        kind: Model type.
        config: Class of `transformers` that reads it.
        title: Of the card, before the depth.
    """
    said = config_of(folder, (kind,))
    if said is None:
        return None
    import transformers

    sizes = getattr(transformers, config)(**{k: v for k, v in said.items() if k in _PARTS})
    entries = card_entries(
        preprocessing_of(folder, side=sizes.vision_config.image_size),
        title=f"{title}, ViT of {sizes.vision_config.num_hidden_layers} layers",
        grid_shape=_grid_shape(sizes),
        dimension=_dimension(sizes),
        pooling="mean",
    )
    return hugging_face_layout(folder, entries, words=True)


class SquareVitEngine(PublishedEngine):
    """A loaded checkpoint; a family writes `_patches` and `_vectors`.

    Args:
        card: Of the checkpoint.
        model: Of `transformers`, with every tensor from the file.
        words: Cuts phrases.
        device, precision: As `open_checkpoint` takes them.
    """

    def __init__(
        self, card: AdapterCard, model: Any, words: Any, *, device: str, precision: str
    ) -> None:
        super().__init__(
            card,
            preprocessing_of(card.folder, side=model.config.vision_config.image_size),
            grid_shape=_grid_shape(model.config),
            dimension=_dimension(model.config),
            device=device,
            precision=precision,
        )
        self._model = self.ready(model)
        self._words = words


def _grid_shape(sizes: Any) -> tuple[int, int]:
    side = sizes.vision_config.image_size // sizes.vision_config.patch_size
    return side, side


def _dimension(sizes: Any) -> int:
    """Of the projection where there is one (CLIP), else of the image tower (SigLIP)."""
    return int(getattr(sizes, "projection_dim", sizes.vision_config.hidden_size))
