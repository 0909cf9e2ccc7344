"""Side and zone of a point, and the wording that names them."""

import pytest

from explorer.text.placing import place_of, placed_phrase


@pytest.mark.parametrize(
    ("centre", "place"),
    [
        ((49, 37), ("right", "upper")),
        ((51, 37), ("left", "upper")),
        ((49, 39), ("right", "mid")),
        ((51, 54), ("left", "mid")),
        ((49, 56), ("right", "lower")),
        ((99, 99), ("left", "lower")),
    ],
)
def test_side_and_zone_follow_the_centre(
    centre: tuple[float, float], place: tuple[str, str]
) -> None:
    x, y = centre
    assert place_of(x / 100, y / 100) == place


def test_a_phrase_names_what_is_known_of_the_place() -> None:
    assert placed_phrase("mass", side="right", zone="mid") == "right mid lung mass"
    assert placed_phrase("mass", side="left", zone=None) == "left mass"
    assert placed_phrase("mass", side=None, zone=None) == "mass"
