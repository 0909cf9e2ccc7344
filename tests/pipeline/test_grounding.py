"""What `ground` hands on: each control to its place, assertions, standings, spaces."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from explorer import pipeline
from explorer.adapters import AdapterCard, Calibration, DualEngine
from explorer.embeddings import ReferenceFilms, Scoring, Taught
from explorer.entities import (
    Assertion,
    Box,
    Float32,
    ImageCheck,
    ImageEmbeddings,
    ModelFrame,
    PatchGrid,
    Report,
    Sentence,
)
from explorer.text import NONSENSE_PHRASES

SCALE, BIAS = 6.0, -3.0
# A film twice as wide as high: 2 x 4 cells of 10 pixels.
FRAME = ModelFrame((20, 40), (20, 40), (2, 4), 1.0, 1.0, 0.0, 0.0)
LEFT, RIGHT = np.array([0, 0, 0, 1.0]), np.array([1.0, 0, 0, 0])


def card(dimension: int) -> AdapterCard:
    """The card of a checkpoint that is not there."""
    words: dict[str, Any] = dict.fromkeys(
        ("name", "title", "family", "licence", "training_data", "sha256"), "-"
    )
    return AdapterCard(
        **words,
        input_size=(20, 40),
        grid_size=(2, 4),
        dimension=dimension,
        parameters=1,
        frame_mode="letterbox",
        pooling="max",
        size_bytes=1,
        calibration=Calibration(0.5),
        folder=Path(),
    )


class SpelledEngine(DualEngine):
    """Every phrase has a dimension of its own, so a film can spell out the map of each.

    A phrase that is not spelled shares the first dimension, whose map is zero.
    """

    def __init__(self, phrases: tuple[str, ...], card: AdapterCard) -> None:
        scoring = Scoring(SCALE, BIAS, "max")
        super().__init__(card, device="cpu", dtype=torch.float32, scoring=scoring)
        self.phrases = phrases

    def _vectors(self, phrases: Sequence[str]) -> torch.Tensor:
        rows = torch.zeros(len(phrases), self.card.dimension)
        for row, phrase in zip(rows, phrases, strict=True):
            row[1 + self.phrases.index(phrase) if phrase in self.phrases else 0] = 1
        return rows


def spelled(**maps: np.ndarray) -> tuple[SpelledEngine, ImageEmbeddings]:
    """An engine and a film on which each phrase (underscores are spaces) has the given map row."""
    names = tuple(name.replace("_", " ") for name in maps)
    engine = SpelledEngine(names, card(1 + len(names)))
    values = np.zeros((2, 4, 1 + len(names)), np.float32)
    for number, row in enumerate(maps.values(), start=1):
        values[:, :, number] = row
    check = ImageCheck({"frontal": 1.0}, "frontal", False, "")
    return engine, ImageEmbeddings(PatchGrid(values, FRAME), check, engine.space_id)


def test_negated_and_side_swapped_controls_are_not_exchanged() -> None:
    engine, film = spelled(left_effusion=LEFT, no_left_effusion=0.5 * LEFT, right_effusion=1 - LEFT)
    (found,) = pipeline.ground(engine, film, ["left effusion"])
    assert found.controls.negated == pytest.approx(1)
    assert found.controls.swapped == pytest.approx(-1)


def test_controls_of_many_phrases_keep_to_their_phrases() -> None:
    engine, film = spelled(
        left_effusion=LEFT, right_effusion=RIGHT, no_left_effusion=1 - LEFT, no_right_effusion=RIGHT
    )
    left, right = pipeline.ground(engine, film, ["left effusion", "right effusion"])
    assert (left.controls.negated, right.controls.negated) == pytest.approx((-1, 1))


def test_the_nonsense_phrase_is_no_null_phrase() -> None:
    maps = {"left_effusion": LEFT, NONSENSE_PHRASES[0].replace(" ", "_"): RIGHT}
    engine, film = spelled(**maps)
    (found,) = pipeline.ground(engine, film, ["left effusion"])
    # Null phrases score sigmoid(-3) everywhere, without spread, which counts as .02.
    peak, null = 1 / (1 + np.exp(-3)), 1 / (1 + np.exp(3))
    assert found.controls.null_z == pytest.approx((peak - null) / 0.02, rel=1e-4)
    assert found.controls.nonsense < 0


def test_a_report_is_believed_about_what_is_absent() -> None:
    engine, film = spelled(left_effusion=LEFT, edema=RIGHT)
    texts: dict[str, Assertion] = {
        "left effusion": "absent",
        "edema": "present",
        "thank you": "not about the image",
    }
    sentences = tuple(
        Sentence(text, "Findings", 0, len(text), said) for text, said in texts.items()
    )
    denied, stated, aside = pipeline.ground_report(engine, film, Report("", sentences))
    assert denied is not None
    assert stated is not None
    assert aside is None
    assert "finding is absent" in denied.controls.reasons[0]
    assert not stated.controls.abstain


def reference(*, normal: float, abnormal: Sequence[float]) -> ReferenceFilms:
    """Films of one patch each, on which the one spelled phrase has these cosines."""
    cosines = [normal, normal, *abnormal]
    return ReferenceFilms(
        weights_sha256="0" * 64,
        basis=np.eye(2, dtype=np.float32),
        patches=np.array([[[1.0, c]] for c in cosines], np.float32),
        counts=np.ones((len(cosines), 1), np.float32),
        normal=np.array([True, True, *[False] * len(abnormal)]),
        taught=Taught(("pleural effusion",), ("effusion",)),
    )


@pytest.mark.parametrize(
    ("abnormal", "grade"),
    [([-1.0, 0.0], "stands out"), ([1.5, 2.5], "not above normal films")],
)
def test_a_phrase_stands_among_the_reference_films(abnormal: list[float], grade: str) -> None:
    engine, film = spelled(left_effusion=LEFT)
    engine.reference = reference(normal=0.0, abnormal=abnormal)
    (found,) = pipeline.ground(engine, film, ["left effusion"])
    assert found.standing.grade == grade
    assert found.standing.among_normal == 1
    assert found.controls.abstain == (grade == "not above normal films")


def test_without_reference_films_a_standing_says_so() -> None:
    engine, film = spelled(left_effusion=LEFT)
    (found,) = pipeline.ground(engine, film, ["left effusion"])
    assert found.standing.grade == "no reference"
    assert found.standing.among_normal is None


def test_what_was_never_taught_is_an_unknown_phrase() -> None:
    engine, film = spelled(pectus_excavatum=LEFT)
    engine.reference = reference(normal=0.0, abnormal=[-1.0, 0.0])
    (found,) = pipeline.ground(engine, film, ["pectus excavatum"])
    assert found.standing.grade == "unknown phrase"
    assert found.controls.abstain
    assert "not taught" in found.controls.reasons[0]


def test_a_denied_phrase_is_asked_for_what_it_denies() -> None:
    engine, film = spelled(pleural_effusion=LEFT)
    engine.reference = reference(normal=0.0, abnormal=[-1.0, 0.0])
    stated, denied = pipeline.ground(engine, film, ["pleural effusion", "no effusion"])
    assert denied.standing.log_odds == stated.standing.log_odds
    assert denied.standing.grade == "stands out"
    assert denied.standing.reason == (
        "What is denied, pleural effusion: stronger than in 100 of 100 normal films."
    )
    assert denied.controls.abstain


def test_a_pooling_of_its_own_is_calibrated_and_another_is_not() -> None:
    engine, film = spelled(left_effusion=LEFT)
    own = pipeline.ground(engine, film, ["left effusion"])[0]
    other = pipeline.ground(engine, film, ["left effusion"], pooling="mean")[0]
    assert own.score_calibrated
    assert not other.score_calibrated
    assert own.score == pytest.approx(1 / (1 + np.exp(-(SCALE + BIAS))))
    assert other.score == pytest.approx(1 / (1 + np.exp(-(SCALE / 4 + BIAS))))


def test_a_bowl_of_soup_scores_nothing_with_any_pooling() -> None:
    """With the bundled checkpoint; as it comes, "noisy-or" gives it .78."""
    engine = pipeline.open_engine(device="cpu")
    study, _ = pipeline.load_bundled_study("effusion-and-large-heart")
    film = pipeline.embed(engine, study.radiographs[0])
    for pooling in (None, "noisy-or", "max"):
        soup, heart = pipeline.ground(
            engine, film, ["a bowl of soup", "cardiomegaly"], pooling=pooling
        )
        assert soup.score < 0.05
        assert soup.score_calibrated
        assert heart.score > 0.1


def test_a_region_is_the_mean_direction_of_its_patches() -> None:
    _, film = spelled(left_effusion=LEFT, edema=RIGHT)
    # x from 30 to 40: the last column, where the first phrase alone has cosine 1.
    found = pipeline.embed_region(film, Box(30, 0, 40, 20))
    assert_allclose(found.vector, [0, 1, 0])
    assert found.space_id == film.space_id
    with pytest.raises(ValueError, match="must touch what the model looked at"):
        pipeline.embed_region(film, Box(50, 0, 60, 20))


def test_vectors_of_another_space_are_refused() -> None:
    engine, film = spelled(left_effusion=LEFT)
    text = pipeline.embed_phrases(engine, ["left effusion"])
    assert pipeline.maps_from(engine, film, text)[0].cosine.max() == 1
    with pytest.raises(ValueError, match="must lie in one space"):
        pipeline.maps_from(engine, film, replace(text, space_id="other/cpu/float32"))


def test_a_phrase_is_embedded_once() -> None:
    engine, film = spelled(left_effusion=LEFT)
    pipeline.ground(engine, film, ["left effusion"])
    engine.phrases = ()  # whatever is embedded now has another vector
    assert pipeline.embed_phrases(engine, ["left effusion"]).vectors[0, 1] == 1


def test_control_phrases_are_compared_with_a_film_once_and_change_nothing() -> None:
    engine, film = spelled(pleural_effusion=LEFT)
    asked: list[Sequence[str]] = []
    similarity = engine.similarity

    def counted(embeddings: ImageEmbeddings, phrases: Sequence[str]) -> Float32:
        asked.append(phrases)
        return similarity(embeddings, phrases)

    engine.similarity = counted  # type: ignore[method-assign]
    (first,) = pipeline.ground(engine, film, ["left effusion"])
    (again,) = pipeline.ground(engine, film, ["left effusion"])
    (anew,) = pipeline.ground(engine, replace(film), ["left effusion"])
    held = [NONSENSE_PHRASES[0] in phrases for phrases in asked]
    assert held == [True, False, True]
    assert first.controls == again.controls == anew.controls


def test_all_texts_of_a_report_are_embedded_in_one_batch() -> None:
    """Phrases, controls, null phrases and the names of what is denied."""
    engine, film = spelled(pleural_effusion=LEFT)
    engine.reference = reference(normal=0.0, abnormal=[-1.0, 0.0])
    batches: list[Sequence[str]] = []
    embed = engine._vectors

    def counted(phrases: Sequence[str]) -> torch.Tensor:
        batches.append(phrases)
        return embed(phrases)

    engine._vectors = counted  # type: ignore[method-assign]
    pipeline.ground(engine, film, ["left effusion", "no effusion"])
    (batch,) = batches
    wanted = {"left effusion", "right effusion", "no effusion", "pleural effusion"}
    assert wanted | {NONSENSE_PHRASES[0]} <= set(batch)
    assert len(set(batch)) == len(batch)
