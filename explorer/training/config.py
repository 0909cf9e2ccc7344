"""Settings of a training run, read from JSON and written beside the checkpoint.

Two parts: the run (steps, rates, seed), checked here, and the options of its method, checked by
the method's own dataclass.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from explorer.encoders.alignment import TOWERS
from explorer.encoders.image import INPUT_MULTIPLE
from explorer.encoders.pooling import POOLING_NAMES
from explorer.errors import DataSetError, TrainingError
from explorer.methods import find_method
from explorer.methods._base import MethodOptions, option, read_options
from explorer.methods._options import parsed

# A run of minutes on one CPU core, to compare methods: phantoms and the text tower of the default
# checkpoint.
SMALL: dict[str, Any] = {
    "name": "small",
    "title": "Small tower",
    "tower": "small",
    "image_size": 128,
    "warm_size": 128,
    "warm_share": 0.0,
    "steps": 1500,
    "boxed": 0,
    "weak": 0,
    "phantoms": 32,
    "trunk_rate": 2e-3,
    "rate": 2e-3,
    "warm_up": 50,
    "place_labels_at": 1.0,
    "statements": 0,
    "both_views": False,
    "ema": 0.99,
    "dimension": 64,
    "width": 96,
    "image_check_views": 0,
    "save_every": 250,
}
PRECISIONS = ("bfloat16", "float16", "float32")
_OLD_NAMES = {"lesson": "statements"}  # as older settings call them
_NOW_OPTIONS = ("supervision",)  # settings of older runs that are options of their method now
# What may differ when a run is resumed: it says nothing about the weights.
_FREE = ("name", "title", "extra", "save_every")


@dataclass(frozen=True)
class TrainingConfig(MethodOptions):
    """Everything that decides a run, apart from the data."""

    name: str = option("local-alignment", "Folder name of the checkpoint.")
    title: str = option("Local alignment", "Shown to people.")
    method: str = option("dense_grounding", "What is minimised; explorer methods lists all.")
    options: dict[str, Any] = field(default_factory=dict)  # of the method, by name
    tower: str = option("lite0", "Image tower.", choices=TOWERS)
    image_size: int = option(320, "Side of the model input, a multiple of 32.", min=32, max=2048)
    warm_size: int = option(256, "Side for the first steps; smaller is faster.", min=32, max=2048)
    warm_share: float = option(0.6, "Share of the steps at warm_size.", min=0, max=1)
    steps: int = option(3600, "Optimiser steps.", min=1)
    boxed: int = option(10, "Images with boxes in a batch, of all processes together.", min=0)
    weak: int = option(6, "Images with labels or a report in a batch.", min=0)
    phantoms: int = option(8, "Phantoms in a batch.", min=0)
    sentences: int = option(8, "Sentences of a report that a step uses at most.", min=1)
    told: str = option(
        "all",
        "Which: all about the image, or those that assert a finding, in reports that have one.",
        choices=("all", "findings"),
    )
    accumulate: int = option(1, "Batches a step; their gradients are averaged.", min=1)
    precision: str = option("bfloat16", "Of the image tower.", choices=PRECISIONS)
    trunk_rate: float = option(
        4e-4, "Peak rate of the pre-trained trunk; at 0 it stays as it is.", min=0, max=1
    )
    rate: float = option(1.5e-3, "Peak rate of the rest, the method included.", min=0, max=1)
    weight_decay: float = option(0.05, "Of AdamW.", min=0, max=1)
    warm_up: int = option(100, "Steps in which the rates rise.", min=1)
    place_labels_at: float = option(
        0.5,
        "Share of the steps after which the model places labels itself; 0 asks for a start "
        "checkpoint, 1 is never.",
        min=0,
        max=1,
    )
    statements: int = option(32, "Sentences of the grammar that a step learns to name.", min=0)
    pooling: str = option(
        "log-sum-exp", "How region scores become the score of an image.", choices=POOLING_NAMES
    )
    both_views: bool = option(True, "Whether the checkpoint looks at the mirror image as well.")
    ema: float = option(0.998, "Decay of the averaged weights.", min=0, max=0.99999)
    mirror: float = option(0.5, "Chance of mirroring an image; phrases swap sides.", min=0, max=1)
    dimension: int = option(128, "Numbers of a patch or phrase embedding.", min=1)
    width: int = option(160, "Channels of the neck.", min=1)
    text_steps: int = option(1600, "Steps of teaching the small text tower.", min=1)
    text_layers: tuple[int, ...] = field(default=(0, 2, 3, 5))  # of MiniLM that are kept
    common_words: int = option(2500, "Most frequent English word pieces that are kept.", min=0)
    image_check_views: int = option(
        4800,
        "Pictures the image check is fitted on; 0 leaves it to the default checkpoint.",
        min=0,
    )
    save_every: int = option(100, "Steps between two saved states.", min=1)
    seed: int = option(0, "Of every draw.", min=0)
    extra: dict[str, Any] = field(default_factory=dict)  # goes into the card

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("image_size", "warm_size"):
            if getattr(self, name) % INPUT_MULTIPLE:
                raise TrainingError(
                    f"Option {name} must be a multiple of {INPUT_MULTIPLE}, "
                    f"got {getattr(self, name)}."
                )
        if not isinstance(self.options, dict) or not isinstance(self.extra, dict):
            raise TrainingError("Options and extra must be objects of names and values.")
        self.method_options()

    def method_options(self) -> Any:
        """The options of the method, checked.

        Raises:
            TrainingError: There is no such method or option, or a value is out of range.
        """
        kind = find_method(self.method).Options
        return read_options(kind, self.options, method=self.method)

    @classmethod
    def read(cls, path: Path) -> "TrainingConfig":
        """Read JSON; unknown keys are refused.

        Raises:
            DataSetError: The file is not a JSON object, has an unknown key, or a value that is not
                accepted.
        """
        try:
            return cls.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, AttributeError, TrainingError) as error:
            raise DataSetError(
                f"{path.name!r} does not hold the settings of a training ({error}). "
                "See docs/training.md for its keys."
            ) from error

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "TrainingConfig":
        """Settings of any age from plain values."""
        data = {_OLD_NAMES.get(name, name): value for name, value in data.items()}
        moved = {name: data.pop(name) for name in _NOW_OPTIONS if name in data}
        if moved:
            data["options"] = moved | data.get("options", {})
        if "text_layers" in data:
            data["text_layers"] = tuple(data["text_layers"])
        return cls(**data)

    def to_json(self) -> str:
        """JSON text that `read` takes back."""
        return json.dumps(asdict(self), indent=2)

    def decisive(self) -> dict[str, Any]:
        """What a resumed run must keep: plain values of the run and of its method's options."""
        every: dict[str, Any] = json.loads(self.to_json())
        every["options"] = asdict(self.method_options())
        return {name: value for name, value in every.items() if name not in _FREE}

    def digest(self) -> str:
        """SHA-256 of `decisive`."""
        return hashlib.sha256(json.dumps(self.decisive(), sort_keys=True).encode()).hexdigest()


def read_texts(texts: Mapping[str, str]) -> dict[str, Any]:
    """Settings of the run as a command line gives them: name -> text.

    Raises:
        TrainingError: There is no such setting, or the text is no value of its type.
    """
    fields = {f.name: f for f in run_fields()}
    for name in texts:
        if name not in fields:
            raise TrainingError(
                f"A training has no setting {name!r}. It has: {', '.join(fields)}. Options of the "
                "method are set with --option."
            )
    return {name: parsed(fields[name], text) for name, text in texts.items()}


def run_fields() -> "tuple[dataclasses.Field[Any], ...]":
    """Settings of the run that a command line can set."""
    return tuple(f for f in dataclasses.fields(TrainingConfig) if f.metadata)
