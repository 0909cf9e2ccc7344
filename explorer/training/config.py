"""Settings of a training run, read from JSON and written beside the checkpoint."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from explorer.errors import DataSetError

PRECISIONS = ("bfloat16", "float16", "float32")
_OLD_NAMES = {"lesson": "statements"}  # as older settings call them


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """Everything that decides a run, apart from the data.

    Attributes:
        name: Folder name of the checkpoint.
        title: Shown to people.
        image_size: Side of the model input at the end of training, a multiple of 32.
        warm_size: Side for the first `warm_share` of the steps; smaller is faster.
        steps: Optimiser steps.
        boxed, weak, phantoms: Images of each kind in a batch, of all processes together.
        accumulate: Batches a step; their gradients are averaged.
        precision: Of the image tower: "bfloat16", "float16" (with loss scaling) or "float32".
        trunk_rate, rate: Peak learning rates of the pre-trained trunk and of the rest; with a
            trunk rate of 0 the trunk stays as it is, running statistics included.
        place_labels_at: Share of the steps after which the model places image-level labels itself
            and learns from its sure maps; 0 from the start, which asks for a start checkpoint, 1
            never.
        statements: Sentences of the grammar that a step learns to name.
        supervision: Weight of masks and boxes; at 0 they count as image-level labels only.
        pooling: How region scores become the score of an image; see `explorer.encoders.pooling`.
        both_views: Whether the checkpoint looks at the mirror image as well.
        ema: Decay of the averaged weights that become the checkpoint.
        mirror: Probability of mirroring an image (phrases swap their sides).
        text_steps: Steps of teaching the small text tower.
        text_layers: Layers of MiniLM that are kept.
        common_words: Most frequent English word pieces that are kept.
    """

    name: str = "local-alignment"
    title: str = "Local alignment"
    image_size: int = 320
    warm_size: int = 256
    warm_share: float = 0.6
    steps: int = 3600
    boxed: int = 10
    weak: int = 6
    phantoms: int = 8
    accumulate: int = 1
    precision: str = "bfloat16"
    trunk_rate: float = 4e-4
    rate: float = 1.5e-3
    weight_decay: float = 0.05
    warm_up: int = 100
    place_labels_at: float = 0.5
    statements: int = 32
    supervision: float = 1.0
    pooling: str = "log-sum-exp"
    both_views: bool = True
    ema: float = 0.998
    mirror: float = 0.5
    dimension: int = 128
    width: int = 160
    text_steps: int = 1600
    text_layers: tuple[int, ...] = (0, 2, 3, 5)
    common_words: int = 2500
    save_every: int = 100
    seed: int = 0
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise ValueError(
                f"precision must be one of {', '.join(PRECISIONS)}, got {self.precision!r}"
            )
        if self.accumulate < 1:
            raise ValueError(f"accumulate must be 1 or more, got {self.accumulate}")

    @classmethod
    def read(cls, path: Path) -> "TrainingConfig":
        """Read JSON; unknown keys are refused.

        Raises:
            DataSetError: The file is not a JSON object or has an unknown key.
        """
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            data = {_OLD_NAMES.get(name, name): value for name, value in data.items()}
            if "text_layers" in data:
                data["text_layers"] = tuple(data["text_layers"])
            return cls(**data)
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise DataSetError(
                f"{path.name!r} does not hold the settings of a training ({error}). "
                "See docs/training.md for its keys."
            ) from error

    def to_json(self) -> str:
        """JSON text that `read` takes back."""
        return json.dumps(asdict(self), indent=2)
