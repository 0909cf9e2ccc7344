"""An index of a checkpoint that learned from images alone: films, regions, prototypes, no words."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from explorer import pipeline
from explorer.entities import Box
from explorer.errors import PhraseError
from explorer.retrieval.search_film import film_of_index, likeness_parts
from tests.adapters import battery
from tests.adapters.makers import dino

from .conftest import FrontalEngine


@pytest.fixture(scope="module")
def image_only(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("checkpoints") / "tiny-dino"
    folder.mkdir()
    dino.make(folder)
    return FrontalEngine(battery.open_tiny(folder))


@pytest.fixture(scope="module")
def opened(image_only: Any, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    uri = str(tmp_path_factory.mktemp("index"))
    report = pipeline.build_index(corpus, uri, engine=image_only)
    assert (report.added, report.left_out) == (24, [])
    return pipeline.open_index(uri, engine=image_only)


def test_films_and_segments_go_in_and_no_words(opened: Any) -> None:
    assert len(opened) == 24
    assert opened.films.signatures.shape == (24, 0)
    assert set(opened.regions.columns["source"]) == {"segment"}
    assert opened.sentence_count == 0


def test_a_film_finds_itself_when_it_comes_as_a_new_one(
    opened: Any, image_only: Any, corpus: Path
) -> None:
    study = pipeline.read_study([(corpus / "s07" / "image.png").read_bytes()], report=None)
    film = study.radiographs[0]
    found = pipeline.search_film(opened, image_only, pipeline.embed(image_only, film))
    assert found.hits[0].film_id == film.digest[:32]
    assert found.hits[0].score > 0.9 > found.hits[1].score
    assert [part.text for part in found.hits[0].parts] == ["the film as a whole"]


def test_likeness_is_the_cosine_of_films_about_their_mean(opened: Any) -> None:
    film = opened.films.columns["film_id"][3]
    vectors = opened.films.vectors.astype(np.float64)
    apart = vectors - vectors.mean(axis=0)
    apart /= np.linalg.norm(apart, axis=1, keepdims=True)
    found = likeness_parts(opened, film_of_index(opened, film))
    assert found.shape == (24, 1)
    np.testing.assert_allclose(found[:, 0], apart @ apart[3], atol=0.05)  # the grid is packed


def test_regions_find_regions_of_other_films(opened: Any, image_only: Any) -> None:
    film = opened.films.columns["film_id"][0]
    height, width = (int(side) for side in opened.films.shapes[0])
    box = Box(width * 0.1, height * 0.2, width * 0.5, height * 0.6)
    found = pipeline.search_region(opened, image_only, film, box)
    assert found.total == 23
    assert film not in [hit.film_id for hit in found.hits]
    assert found.hits[0].score >= found.hits[-1].score


def test_prototypes_are_named_by_their_places(opened: Any, image_only: Any) -> None:
    points = pipeline.points_of(opened, image_only)
    built = pipeline.build_prototypes(points, granularity=4, with_stability=False)
    assert len(built.prototypes) == 4
    assert all(prototype.name.startswith("nothing named, ") for prototype in built.prototypes)


def test_words_are_refused_with_the_reason(opened: Any, image_only: Any) -> None:
    film = opened.films.columns["film_id"][0]
    for ask in (
        lambda: pipeline.search_text(opened, image_only, "pleural effusion"),
        lambda: pipeline.search_film(opened, image_only, film, without=["effusion"]),
        lambda: pipeline.search_reports(opened, image_only, film),
    ):
        with pytest.raises(PhraseError, match="learned from images alone"):
            ask()
