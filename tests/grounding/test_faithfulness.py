"""Deletion and insertion on a score that looks at one corner only."""

from collections.abc import Sequence

import numpy as np
import pytest

from explorer.grounding.faithfulness import CELLS, STEPS, blur, cell_order, faithfulness

SIDE = 64


def image() -> np.ndarray:
    """Grey with one bright cell of the grid in the upper left corner."""
    values = np.full((SIDE, SIDE), 0.3, np.float32)
    values[: SIDE // CELLS, : SIDE // CELLS] = 0.9
    return values


def corner(images: Sequence[np.ndarray]) -> list[float]:
    return [float(one[: SIDE // CELLS, : SIDE // CELLS].mean()) for one in images]


def corner_map(*, sign: float = 1.0) -> np.ndarray:
    values = np.zeros((CELLS, CELLS), np.float32)
    values[0, 0] = sign
    return values


def test_a_map_of_what_matters_falls_at_once_and_rises_at_once() -> None:
    found = faithfulness(corner_map(), image(), corner, seed=1)
    assert found.deletion.scores[0] == pytest.approx(0.9)
    assert found.deletion.scores[1:] == pytest.approx(np.full(STEPS, image().mean()))
    assert found.insertion.scores[0] == pytest.approx(float(blur(image())[:4, :4].mean()))
    assert found.insertion.scores[1:] == pytest.approx(np.full(STEPS, 0.9))
    assert found.deletion.area < found.random_deletion.area
    assert found.insertion.area > found.random_insertion.area


def test_a_map_of_what_does_not_matter_falls_last() -> None:
    found = faithfulness(corner_map(sign=-1.0), image(), corner, seed=1)
    assert found.deletion.scores[:-1] == pytest.approx(np.full(STEPS, 0.9))
    assert found.deletion.area > found.random_deletion.area


def test_curves_start_with_the_whole_film_and_end_without_it() -> None:
    found = faithfulness(corner_map(), image(), lambda images: [float(i.std()) for i in images])
    assert found.deletion.shares.tolist() == pytest.approx(np.linspace(0, 1, STEPS + 1))
    assert found.deletion.scores[0] == pytest.approx(float(image().std()), abs=1e-6)
    assert found.deletion.scores[-1] == pytest.approx(0, abs=1e-6)
    assert found.insertion.scores[-1] == pytest.approx(float(image().std()), abs=1e-6)


def test_the_area_is_that_under_the_curve_and_the_random_order_repeats() -> None:
    found = faithfulness(corner_map(), image(), corner)
    low = float(image().mean())
    assert found.deletion.area == pytest.approx(low + (0.9 - low) / STEPS / 2)
    again = faithfulness(corner_map(), image(), corner)
    assert found.random_deletion.scores.tolist() == again.random_deletion.scores.tolist()
    other = faithfulness(corner_map(), image(), corner, seed=5)
    assert found.random_deletion.scores.tolist() != other.random_deletion.scores.tolist()


def test_padding_stays_padding() -> None:
    padded = image()
    padded[:, 50:] = np.nan
    seen: list[np.ndarray] = []

    def score(images: Sequence[np.ndarray]) -> list[float]:
        seen.extend(images)
        return [0.0] * len(images)

    faithfulness(corner_map(), padded, score)
    assert all((np.isnan(one) == np.isnan(padded)).all() for one in seen)
    # Beside the padding the blurred film is as bright as it is elsewhere.
    assert blur(padded)[40, 49] == pytest.approx(0.3, abs=0.01)


def test_cells_are_ranked_by_their_mean_whatever_the_grid() -> None:
    fine = np.kron(np.arange(CELLS**2, dtype=np.float32).reshape(CELLS, CELLS), np.ones((3, 3)))
    assert cell_order(fine.astype(np.float32)).tolist() == list(range(CELLS**2))[::-1]
