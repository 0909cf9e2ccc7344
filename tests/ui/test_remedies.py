"""What is offered for a film that is not as films are read."""

import pytest

from explorer.entities import ImageCheck
from explorer.ui.remedies import remedies
from tests.viewer.synthetic import make_radiograph


def check(verdict: str, message: str = "It looks so.", **scores: float) -> ImageCheck:
    named = {name.replace("_", " "): value for name, value in scores.items()}
    return ImageCheck(named or {verdict: 1.0}, verdict, refuse=False, message=message)


@pytest.mark.parametrize(
    ("verdict", "offered"),
    [("rotated left", "Turn the film right"), ("rotated right", "Turn the film left"),
     ("upside down", "Turn the film round"), ("inverted", "Invert the film")],
)  # fmt: skip
def test_each_verdict_has_its_remedy(verdict: str, offered: str) -> None:
    assert remedies(make_radiograph(), check(verdict)) == (offered,)


def test_a_frontal_or_lateral_film_needs_none() -> None:
    assert remedies(make_radiograph(), check("frontal", message="")) == ()
    assert remedies(make_radiograph(), check("lateral")) == ()


def test_a_film_that_may_be_turned_is_offered_the_turn() -> None:
    found = check("frontal", frontal=0.6, rotated_right=0.35, lateral=0.05)
    assert remedies(make_radiograph(), found) == ("Turn the film left",)
