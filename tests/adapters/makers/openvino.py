"""A tiny checkpoint of ours, exported as `explorer export` does it; once a process, it is slow."""

import importlib.util
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path

import pytest

from explorer.adapters import open_checkpoint
from explorer.adapters._export import export_openvino
from explorer.training.checkpoint import write_checkpoint
from explorer.training.config import TrainingConfig
from tests import tiny_model


@lru_cache
def exported() -> tuple[Path, Path]:
    """Folders of a tiny model that looks at the mirror image as well, and of its export."""
    if not importlib.util.find_spec("openvino"):  # importing it would import what reports
        pytest.skip("the extra openvino is not installed")
    place = Path(tempfile.mkdtemp(prefix="openvino-"))
    write_checkpoint(
        place / "tiny",
        tiny_model.model(mirror=True),
        tiny_model.tokenizer(),
        config=TrainingConfig(name="tiny", title="Tiny model (untrained)"),
        card={
            "licence": "Apache-2.0",
            "training_data": "none",
            "calibration": {"threshold": 0.4},
        },
    )
    engine = open_checkpoint(place / "tiny", device="cpu", precision="float32")
    export_openvino(engine, place / "exported", precision="float32")
    return place / "tiny", place / "exported"


def make(folder: Path) -> None:
    """Write a whole checkpoint folder."""
    shutil.copytree(exported()[1], folder, dirs_exist_ok=True)
