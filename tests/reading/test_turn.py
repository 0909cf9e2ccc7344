"""A film turned on request: every record of it turns along."""

from dataclasses import replace

import numpy as np
import pytest

from explorer.entities import Radiograph, Spacing, Window
from explorer.reading import turn


def _film(**changes: object) -> Radiograph:
    """Two rows of three: a bright corner upper left, the patient's right side at the left edge."""
    levels = np.array([[9, 0, 0], [0, 0, 0]], np.uint16)
    film = Radiograph(
        pixels=(levels / 9).astype(np.float32),
        levels=levels,
        level_slope=1.0,
        level_intercept=0.0,
        windows=(Window("w", 4.5, 9.0),),
        inverted=False,
        source_format="PNG",
        digest="before",
        laterality="R",
        spacing=Spacing(0.2, 0.1, "PixelSpacing"),
        valid=levels > 0,
    )
    return replace(film, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("quarters", "shape", "corner"),
    [(1, (3, 2), (0, 1)), (2, (2, 3), (1, 2)), (3, (3, 2), (2, 0))],
)
def test_the_corner_goes_to_the_right(
    quarters: int, shape: tuple[int, int], corner: tuple[int, int]
) -> None:
    turned = turn(_film(), quarters=quarters)
    assert turned.shape == shape
    for values in (turned.pixels, turned.levels, turned.valid):
        assert values is not None
        assert np.argwhere(values > 0).tolist() == [list(corner)]
    assert turned.digest != "before"


def test_millimetres_turn_with_the_rows() -> None:
    spacing = turn(_film(), quarters=1).spacing
    assert spacing is not None
    assert (spacing.row_mm, spacing.column_mm) == (0.1, 0.2)
    assert turn(_film(), quarters=2).spacing == Spacing(0.2, 0.1, "PixelSpacing")


def test_half_a_turn_exchanges_the_sides_and_a_quarter_leaves_them_unknown() -> None:
    assert turn(_film(), quarters=2).laterality == "L"
    assert turn(_film(), quarters=1).laterality is None


def test_it_says_so_once_and_four_quarters_are_nothing() -> None:
    twice = turn(turn(_film(), quarters=1), quarters=1)
    assert len([note for note in twice.notes if "turned" in note]) == 1
    film = _film()
    assert turn(film, quarters=4) is film
