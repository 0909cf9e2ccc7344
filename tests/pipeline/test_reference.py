"""Making a bank of reference films: only training films, as many as asked for, and in the card."""

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explorer import pipeline
from explorer.adapters import open_checkpoint
from explorer.encoders.files import REFERENCE_FILE
from explorer.entities import ImageCheck, ImageEmbeddings
from explorer.errors import DataSetError
from explorer.pipeline import reference
from explorer.pipeline.taught import knows, taught, words_of

ROWS = [
    ("train", "No Finding"),
    ("train", "No Finding"),
    ("train", "Mass"),
    ("train", "Effusion|Mass"),
    ("val", "No Finding"),
    ("val", "Mass"),
    ("train", ""),
]


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A table of seven small films, four of them of use."""
    with (tmp_path / "films.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "split", "findings"])
        for number, row in enumerate(ROWS):
            noise = np.random.default_rng(number).integers(0, 255, (40, 50), np.uint8)
            Image.fromarray(noise).save(tmp_path / f"{number}.png")
            writer.writerow([f"{number}.png", *row])
    return tmp_path / "films.csv"


@pytest.fixture
def engine(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> pipeline.Engine:
    """The tiny checkpoint, with an image check that takes every film for frontal."""

    folder = Path(shutil.copytree(tiny_checkpoint, tmp_path / "tiny"))
    plain = reference.embed_pixels

    def frontal(engine: pipeline.Engine, pixels: np.ndarray) -> ImageEmbeddings:
        check = ImageCheck({"frontal": 1.0}, "frontal", False, "")
        return replace(plain(engine, pixels), check=check)

    monkeypatch.setattr(reference, "embed_pixels", frontal)
    return open_checkpoint(folder)


def test_training_films_alone_become_the_bank(engine: pipeline.Engine, images: Path) -> None:
    films = pipeline.make_reference(engine, images=images, normal=2, abnormal=2, phantoms=0)
    assert films.normal.tolist() == [True, True, False, False]
    assert films.counts.sum(1).tolist() == [64] * 4
    folder = engine.card.folder
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    assert card["reference"]["normal_films"] == 2
    assert "derived" in card["reference"]["privacy"]
    assert REFERENCE_FILE in card["files"]
    opened = open_checkpoint(folder)
    seen = pipeline.embed_pixels(opened, np.full((64, 64), 0.5, np.float32))
    assert pipeline.ground(opened, seen, ["mass"])[0].standing.grade != "no reference"


def test_films_of_validation_are_never_taken(engine: pipeline.Engine, images: Path) -> None:
    with pytest.raises(DataSetError, match="must hold 3 frontal training films"):
        pipeline.make_reference(engine, images=images, normal=3, abnormal=1, phantoms=0)


@pytest.mark.parametrize(
    "phrase", ["left pleural effusion", "enlarged heart", "The lungs are clear."]
)
def test_what_the_corpora_teach_is_known(phrase: str) -> None:
    assert knows(taught(), phrase)


@pytest.mark.parametrize("phrase", ["pectus excavatum", "a bowl of soup", "", "12"])
def test_what_they_do_not_teach_is_unknown(phrase: str) -> None:
    assert not knows(taught(), phrase)


def test_words_leave_numbers_out() -> None:
    assert words_of("A 12 mm nodule, left base.") == ["mm", "nodule", "left", "base"]
