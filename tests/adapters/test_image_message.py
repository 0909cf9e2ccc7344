"""What a person is told of an image that is not clearly an upright frontal film."""

import numpy as np
import pytest

from explorer.adapters.local_alignment import image_check_of
from explorer.encoders.alignment import IMAGE_KINDS


def probabilities(**named: float) -> np.ndarray:
    """Of every kind; what is not named shares the rest."""
    given = {name.replace("_", " "): value for name, value in named.items()}
    rest = (1 - sum(given.values())) / (len(IMAGE_KINDS) - len(given))
    return np.array([given.get(kind, rest) for kind in IMAGE_KINDS], dtype=np.float32)


def test_a_clear_frontal_film_needs_no_words() -> None:
    assert image_check_of(probabilities(frontal=0.9)).message == ""


def test_a_frontal_film_that_may_be_turned_is_named() -> None:
    found = image_check_of(probabilities(frontal=0.59, rotated_right=0.36))
    assert (found.verdict, found.refuse) == ("frontal", False)
    assert "frontal 0.59, rotated right 0.36" in found.message


@pytest.mark.parametrize(("second", "told"), [(0.24, False), (0.26, True)])
def test_the_limit(second: float, told: bool) -> None:
    assert bool(image_check_of(probabilities(frontal=0.7, upside_down=second)).message) is told
