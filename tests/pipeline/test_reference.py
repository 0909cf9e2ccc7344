"""Making a bank of reference films: only training films, as many as asked for, and in the card."""

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

from explorer import pipeline
from explorer.adapters import open_checkpoint
from explorer.adapters._reference import write_reference
from explorer.encoders.files import REFERENCE_FILE
from explorer.entities import ImageCheck, ImageEmbeddings
from explorer.errors import DataSetError
from explorer.pipeline import evidence, reference, seen_phantoms, trust
from explorer.pipeline.seen_phantoms import SeenPhantom
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
    films = pipeline.make_reference(
        engine, images=images, normal=2, abnormal=2, phantoms=0, trusted=0
    )
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
        pipeline.make_reference(engine, images=images, normal=3, abnormal=1, phantoms=0, trusted=0)


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


def test_phantoms_tell_how_far_phrases_can_be_trusted(
    engine: pipeline.Engine,
) -> None:
    """The weights have one number a dimension and a constant, and come back from the file."""
    rng = np.random.default_rng(0)
    told = {"effusion": "Left pleural effusion.", "mass": "No effusion. Mass in the right lung."}
    sides = {"effusion": ("pleural effusion", "left"), "mass": ("mass", "right")}
    studies = [
        SeenPhantom(
            rng.standard_normal((5, 5, engine.card.dimension)).astype(np.float32),
            told[kind],
            (SimpleNamespace(name=sides[kind][0], side=sides[kind][1]),),
            (),
        )
        for kind in ("effusion", "mass") * 12
    ]
    weights = trust.learn_trust(engine, studies)
    assert weights is not None
    assert weights.shape == (engine.card.dimension + 1,)
    assert trust.learn_trust(engine, studies[:5]) is None
    films = replace(
        reference.condense(engine, [reference._Film(rng.random((8, 8, 16), np.float32), True)] * 2),
        trust=weights,
    )
    write_reference(engine.card.folder / REFERENCE_FILE, films)
    tensors = load_file(engine.card.folder / REFERENCE_FILE)
    assert np.array_equal(tensors["trust"], weights)


def test_phantoms_tell_what_a_standing_is_worth_on_films_like_them(
    engine: pipeline.Engine,
) -> None:
    """Asked are a finding with and without its place, and by its name what is surely absent."""
    rng = np.random.default_rng(0)
    studies = [
        SeenPhantom(
            rng.standard_normal((5, 5, engine.card.dimension)).astype(np.float32),
            "Left mass.",
            (SimpleNamespace(phrases={"plain": ["mass"], "sided": ["left mass"]}),),
            (("effusion", "No effusion."), ("effusion", "The pleural spaces are clear.")),
        )
        for _ in range(24)
    ]
    asked = [("mass", True), ("left mass", True), ("pleural effusion", False)]
    assert list(evidence._asked(studies[0])) == asked
    films = reference.condense(
        engine,
        [
            reference._Film(
                rng.random((8, 8, engine.card.dimension), np.float32), normal, rendered=True
            )
            for normal in (True, False, False, False)
        ],
    )
    assert films.rendered is not None
    assert films.rendered.all()
    weights = evidence.learn_evidence(engine, films, studies)
    assert weights is not None
    assert weights.shape == (2, engine.card.dimension + 1)
    assert evidence.learn_evidence(engine, films, studies[:5]) is None


def test_only_phantoms_that_pass_for_frontal_films_teach(
    engine: pipeline.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of three phantoms the second is turned away; what is known of the others stays with them."""
    seen = iter(("frontal", "lateral", "frontal"))
    embed = seen_phantoms.embed_pixels

    def judged(*arguments: object) -> ImageEmbeddings:
        found = embed(*arguments)  # type: ignore[arg-type]
        return replace(found, check=replace(found.check, verdict=next(seen)))

    monkeypatch.setattr(seen_phantoms, "embed_pixels", judged)
    studies = [
        SimpleNamespace(image=np.zeros((40, 40), np.uint16), report=r, findings=[], absent=[])
        for r in ("One.", "Two.", "Three.")
    ]
    found = list(seen_phantoms.seen_phantoms(engine, studies))
    assert [phantom.report for phantom in found] == ["One.", "Three."]
    assert found[0].grid.shape[-1] == engine.card.dimension


def test_a_phrase_is_true_of_a_film_that_shows_it_on_its_side() -> None:
    shown: list[list[tuple[set[str], str | None]]] = [
        [({"pleural effusion"}, "left")],
        [({"mass"}, None)],
    ]
    phrases = ["left effusion", "right effusion", "effusion", "mass in the left lung"]
    found = trust.truth_of(phrases, shown)
    assert found.tolist() == [[True, False, True, False], [False, False, False, True]]
