"""A small index built by the tiny model; made once, copy it before you change it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from explorer import pipeline
from explorer.entities import ImageCheck, ImageEmbeddings
from tests import tiny_model

REPORTS = (
    "FINDINGS: Left pleural effusion. No pneumothorax.",
    "FINDINGS: Right upper lung mass.",
    "FINDINGS: Cardiomegaly. No pleural effusion. Seen by Dr. Jane Roe on 3/4/2019.",
    "FINDINGS: The lungs are clear.",
)
FRONTAL = ImageCheck({"frontal": 1.0}, "frontal", refuse=False, message="")


class FrontalEngine:
    """An engine to which every image but a black one is a frontal chest radiograph."""

    card: Any

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self.card = engine.card

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def embed_image(self, pixels: np.ndarray, *, frame: Any) -> ImageEmbeddings:
        found = self._engine.embed_image(pixels, frame=frame)
        if np.nanmax(pixels) > 0:
            return replace(found, check=FRONTAL)
        check = ImageCheck({}, "not a chest radiograph", refuse=True, message="This is no chest.")
        return replace(found, check=check)

    def embed_images(self, batch: Sequence[np.ndarray], *, frames: Any) -> Any:
        return [self.embed_image(p, frame=f) for p, f in zip(batch, frames, strict=True)]


def write_study(folder: Path, *, seed: int, report: str = "") -> Path:
    """A study folder of one picture and a report."""
    folder.mkdir(parents=True, exist_ok=True)
    grey = np.round(tiny_model.pixels(seed=seed) * 255).astype(np.uint8)
    Image.fromarray(grey).save(folder / "image.png")
    (folder / "report.txt").write_text(report)
    return folder


@pytest.fixture(scope="session")
def engine(tiny_checkpoint: Path) -> Any:
    return FrontalEngine(pipeline.open_engine(str(tiny_checkpoint), device="cpu"))


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 studies; reports in turn."""
    folder = tmp_path_factory.mktemp("corpus")
    for k in range(24):
        write_study(folder / f"s{k:02d}", seed=k, report=REPORTS[k % len(REPORTS)])
    return folder


@pytest.fixture(scope="session")
def index_uri(engine: Any, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    uri = str(tmp_path_factory.mktemp("index"))
    pipeline.build_index(corpus, uri, engine=engine)
    return uri


@pytest.fixture
def index(engine: Any, index_uri: str) -> Any:
    return pipeline.open_index(index_uri, engine=engine)
