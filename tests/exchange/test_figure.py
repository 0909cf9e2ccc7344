"""The figure: its size, where the heat and the contour land, and what it never says."""

import io

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from explorer.entities import Box, GroundedPhrase, ModelFrame, PhraseControls, Region, SimilarityMap
from explorer.exchange.figure import (
    HEAD,
    MARGIN,
    NOTICE,
    FigurePanel,
    draw_figure,
    picture_shape,
)

SHAPE = (660, 880)  # rows, columns; twice the picture
PICTURE = (330, 440)


def panel(*, abstain=False, score=None, phrase="left effusion", reference=()) -> FigurePanel:
    frame = ModelFrame(SHAPE, (64, 64), (8, 8), 64 / 880, 64 / 660, 0.0, 0.0)
    contour = np.array([[200, 100], [600, 100], [600, 300], [200, 300]], np.float32)
    grounded = GroundedPhrase(
        phrase=phrase,
        map=SimilarityMap(phrase, np.zeros((8, 8), np.float32), 1.0, 0.0, frame),
        score=0.8,
        threshold=0.5,
        threshold_rule="calibrated",
        controls=PhraseControls(
            0.1, None, None, 0.9, 3.0, abstain, ("It points nowhere.",) if abstain else ()
        ),
        regions=(Region(Box(200, 100, 600, 300), contour, 0.9, 0.05),),
    )
    if score is None:
        score = np.zeros(picture_shape(SHAPE), np.float32)
        score[50:150, 100:300] = 1.0
    return FigurePanel(grounded, score, reference)


def drawn(*panels, pixels=None, **options) -> np.ndarray:
    pixels = np.full(SHAPE, 0.5, np.float32) if pixels is None else pixels
    return np.array(Image.open(io.BytesIO(draw_figure(pixels, panels, **options))))


def picture(figure: np.ndarray, column: int) -> np.ndarray:
    left = MARGIN + column * 460
    return figure[MARGIN + HEAD : MARGIN + HEAD + 330, left : left + 440].astype(int)


def test_first_picture_is_the_radiograph_as_it_is():
    assert_array_equal(np.unique(picture(drawn(panel()), 0)), [128])


def test_heat_lies_where_the_score_is_and_nowhere_else():
    shown = picture(drawn(panel(abstain=True)), 1)
    coloured = np.ptp(shown, axis=2) > 0
    rows, columns = np.nonzero(coloured)
    assert (rows.min(), rows.max() + 1, columns.min(), columns.max() + 1) == (50, 150, 100, 300)


def test_contour_runs_along_the_region_in_original_pixels():
    shown = picture(drawn(panel(score=np.zeros(PICTURE, np.float32))), 1)
    rows, columns = np.nonzero((shown != 128).any(axis=2))
    # Rows 100 to 300 and columns 200 to 600 of an image that is halved; the line has a width.
    assert abs(rows.min() - 50) <= 4
    assert abs(rows.max() + 1 - 150) <= 4
    assert abs(columns.min() - 100) <= 4
    assert abs(columns.max() + 1 - 300) <= 4
    assert (shown[60:140, 110:290] == 128).all()


def test_a_map_that_abstains_shows_no_region_and_fades():
    clear, faded = picture(drawn(panel()), 1), picture(drawn(panel(abstain=True)), 1)
    assert np.abs(faded[100, 150] - 128).sum() < 0.6 * np.abs(clear[100, 150] - 128).sum()
    assert (faded[47:49, 150] == 128).all()


def test_unseen_parts_are_hatched():
    score = np.zeros(PICTURE, np.float32)
    score[:, :100] = np.nan
    shown = picture(drawn(panel(abstain=True, score=score)), 1)
    assert 0.2 < (shown[:, :100] != 128).any(axis=2).mean() < 0.3
    assert (shown[:, 100:] == 128).all()


def test_reference_box_is_dashed():
    blank = np.zeros(PICTURE, np.float32)
    shown = picture(
        drawn(panel(abstain=True, score=blank, reference=(Box(400, 200, 800, 600),))), 1
    )
    edge = (shown[98:102, 202:398] > 240).all(axis=2).any(axis=0)
    assert 0.4 < edge.mean() < 0.95


def test_many_phrases_wrap_into_rows_of_four():
    assert drawn(panel()).shape[1] == 2 * MARGIN + 2 * 460 - 20
    many = drawn(*[panel()] * 5)
    assert many.shape[1] == 2 * MARGIN + 4 * 460 - 20
    assert many.shape[0] > 2 * 330


@pytest.mark.parametrize("shape", [(1, 1), (20, 3000), (3000, 20)])
def test_images_of_any_shape_and_long_phrases_are_drawn(shape):
    score = np.zeros(picture_shape(shape), np.float32)
    long = panel(score=score, phrase="<script>alert(1)</script> \N{GRINNING FACE} " + "word" * 900)
    figure = drawn(long, pixels=np.zeros(shape, np.float32), caption="caption " * 200)
    assert figure.dtype == np.uint8


def test_score_of_another_size_is_refused():
    with pytest.raises(ValueError, match="at picture_shape"):
        drawn(panel(score=np.zeros((3, 3), np.float32)))


def test_the_file_says_research_use():
    image = Image.open(io.BytesIO(draw_figure(np.zeros((4, 4), np.float32), [])))
    assert image.info == {"Description": NOTICE}
