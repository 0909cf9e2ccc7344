"""A tiny untrained LocalAlignmentModel, written as training writes it."""

from pathlib import Path

from explorer.training.checkpoint import write_checkpoint
from explorer.training.config import TrainingConfig
from tests import tiny_model


def make(folder: Path) -> None:
    """Write a whole checkpoint folder."""
    write_checkpoint(
        folder,
        tiny_model.model(),
        tiny_model.tokenizer(),
        config=TrainingConfig(name="tiny", title="Tiny model (untrained)"),
        card={
            "licence": "Apache-2.0",
            "training_data": "none",
            "calibration": {"threshold": 0.4},
        },
    )
