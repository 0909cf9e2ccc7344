"""The checkpoint that ships with the app does what the bundled studies promise."""

import cv2
import numpy as np
import pytest

from explorer import pipeline
from explorer.grounding.geometry import map_to_image
from explorer.training.other_radiographs import PARTS, other_radiographs


@pytest.fixture(scope="module")
def engine() -> pipeline.Engine:
    return pipeline.open_engine(device="cpu")


def studies() -> list[str]:
    return [study.name for study in pipeline.list_bundled_studies()]


@pytest.mark.parametrize("name", studies())
def test_every_bundled_study_is_taken_for_a_frontal_radiograph(
    engine: pipeline.Engine, name: str
) -> None:
    study, _ = pipeline.load_bundled_study(name)
    assert pipeline.embed(engine, study.radiographs[0]).check.verdict == "frontal"


@pytest.mark.parametrize("name", studies())
def test_a_study_that_works_peaks_inside_its_boxes_and_a_failing_one_abstains(
    engine: pipeline.Engine, name: str
) -> None:
    study, entry = pipeline.load_bundled_study(name)
    assert study.report is not None
    embeddings = pipeline.embed(engine, study.radiographs[0])
    grounded = pipeline.ground_report(engine, embeddings, study.report)
    findings = [b for b in entry.boxes if b.sentence_index is not None]
    hits = []
    for reference in findings:
        item = grounded[reference.sentence_index or 0]
        assert item is not None
        values = map_to_image(item.map.cosine, item.map.frame)
        y, x = np.unravel_index(int(np.nanargmax(values)), values.shape)
        box = reference.box
        # A map knows no place finer than its patches: half of one is forgiven.
        slack = max(values.shape) / item.map.cosine.shape[0] / 2
        inside = (
            box.x_min - slack <= x < box.x_max + slack
            and box.y_min - slack <= y < box.y_max + slack
        )
        hits.append(inside and not item.controls.abstain)
    assert all(hits) if entry.expected == "works" else not any(hits)


def test_a_stated_absence_raises_the_abstain_badge(engine: pipeline.Engine) -> None:
    study, _ = pipeline.load_bundled_study("normal")
    embeddings = pipeline.embed(engine, study.radiographs[0])
    for item in pipeline.ground(engine, embeddings, ["no pneumothorax", "no left effusion"]):
        assert item.controls.abstain
        assert item.regions == ()


def test_a_photograph_that_was_not_in_training_is_refused(engine: pipeline.Engine) -> None:
    data = pytest.importorskip("skimage.data", reason="the photograph comes with scikit-image")
    grey = cv2.cvtColor(data.chelsea(), cv2.COLOR_RGB2GRAY).astype(np.float32) / np.float32(255)
    assert pipeline.embed_pixels(engine, grey).check.refuse


@pytest.mark.parametrize("part", ["hand", "pelvis", "skull", "panoramic", "bitewing", "neck"])
def test_what_shows_no_lungs_is_refused(engine: pipeline.Engine, part: str) -> None:
    place = PARTS.index(part)
    for drawn in other_radiographs(2 * len(PARTS), seed=77)[place :: len(PARTS)]:
        check = pipeline.embed_pixels(engine, drawn.astype(np.float32) / np.float32(255)).check
        assert check.refuse, (part, check.scores)


def test_a_cropped_film_is_still_a_frontal_film(engine: pipeline.Engine) -> None:
    study, _ = pipeline.load_bundled_study("portable-pneumothorax")
    pixels = study.radiographs[0].pixels
    height, width = pixels.shape
    for part in (
        pixels[int(0.12 * height) : int(0.8 * height)],
        pixels[:, int(0.17 * width) : int(0.83 * width)],
    ):
        assert pipeline.embed_pixels(engine, np.ascontiguousarray(part)).check.verdict == "frontal"


def test_an_inverted_film_is_told_as_inverted_and_not_refused(engine: pipeline.Engine) -> None:
    study, _ = pipeline.load_bundled_study("normal")
    film = study.radiographs[0]
    check = pipeline.embed(engine, pipeline.invert(film)).check
    assert (check.verdict, check.refuse) == ("inverted", False)
    assert "invert it" in check.message
    again = pipeline.embed(engine, pipeline.invert(pipeline.invert(film))).check
    assert again.verdict == "frontal"


def test_all_bundled_checkpoints_are_whole_and_stay_below_sixty_megabytes() -> None:
    cards = pipeline.list_checkpoints()
    assert pipeline.broken_checkpoints() == ()
    assert cards[0].extra["default"]
    for card in cards:
        pipeline.verify_checkpoint(card.name)
    assert sum(card.size_bytes for card in cards) < 60e6


def test_a_small_checkpoint_takes_its_text_tower_from_the_default_one() -> None:
    small = next(card for card in pipeline.list_checkpoints() if card.name.startswith("small-"))
    assert small.size_bytes < 2e6
    engine = pipeline.open_engine(small.name, device="cpu")
    study, _ = pipeline.load_bundled_study("effusion-and-large-heart")
    (found,) = pipeline.ground(
        engine, pipeline.embed(engine, study.radiographs[0]), ["cardiomegaly"]
    )
    assert found.map.cosine.shape == (16, 16)
    assert np.ptp(found.map.cosine) > 0.1
