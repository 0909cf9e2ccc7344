"""Films that were once shown black, squashed or called damaged; each beside the same phantom."""

from pathlib import Path

import numpy as np
import pytest

from explorer.entities import Radiograph
from explorer.reading import read_radiograph

FILMS = Path(__file__).parents[1] / "data" / "films"


def _read(name: str) -> Radiograph:
    return read_radiograph((FILMS / f"{name}.dcm").read_bytes())


def test_table_that_states_more_bits_than_it_holds_is_not_black() -> None:
    film = _read("agfa-voi-lut-12-bit-data-16-stated")
    assert float(film.pixels.max()) == pytest.approx(0.977, abs=0.001)
    assert any("states 16 bits an entry and holds 12" in note for note in film.notes)


def test_zeros_behind_the_end_mark_change_no_pixel() -> None:
    film = _read("zeros-after-end-of-image")
    np.testing.assert_array_equal(film.levels, _read("no-sequence-delimiter").levels)
    assert any("end mark" in note for note in film.notes)


def test_missing_delimiter_changes_no_pixel() -> None:
    film = _read("no-sequence-delimiter")
    # The same phantom, never compressed.
    np.testing.assert_array_equal(film.levels, _read("agfa-voi-lut-12-bit-data-16-stated").levels)
    assert any("closing delimiter" in note for note in film.notes)


def test_colour_jpeg_lossless_is_read_as_grey() -> None:
    film = _read("sc-rgb-jpeg-lossless")
    deep = _read("agfa-voi-lut-12-bit-data-16-stated").levels
    assert np.abs(film.levels.astype(int) - deep / 4095 * 255).max() < 2


def test_markers_deeper_than_stated_stay_bright() -> None:
    film = _read("jpeg-extended-10-bits-stored")
    assert int(film.levels.max()) > 1023
    assert film.pixels[film.levels > 1023].min() == 1.0
    assert any("states 10 bits a pixel" in note for note in film.notes)


def test_tall_pixels_are_shown_in_true_shape() -> None:
    film = _read("pixel-aspect-2-1")
    assert film.shape == (360, 315)
    whole = _read("agfa-voi-lut-12-bit-data-16-stated").levels
    assert np.corrcoef(film.levels.ravel(), whole.ravel())[0, 1] > 0.99
    assert any("2 times as tall as wide" in note for note in film.notes)
