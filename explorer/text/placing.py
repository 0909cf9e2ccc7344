"""Says where a finding is: side and zone of a point of the image, and the phrase that names them.

The protocol `nih_boxes` is pinned to these limits and to this wording, and training uses the same.
"""

from explorer.entities import Side, Zone

UPPER_BELOW, MID_BELOW = 0.38, 0.55  # shares of the height, from the top


def place_of(x: float, y: float) -> tuple[Side, Zone]:
    """Side of the patient and zone of a point, given in shares of width and height.

    >>> place_of(0.2, 0.37), place_of(0.5, 0.38), place_of(0.8, 0.55)
    (('right', 'upper'), ('left', 'mid'), ('left', 'lower'))
    """
    zone: Zone = "upper" if y < UPPER_BELOW else "mid" if y < MID_BELOW else "lower"
    return ("right" if x < 0.5 else "left"), zone


def placed_phrase(name: str, *, side: Side | None, zone: Zone | None) -> str:
    """The plain wording of a finding at a place; None leaves that part out.

    >>> placed_phrase("mass", side="right", zone="upper")
    'right upper lung mass'
    """
    return " ".join(filter(None, (side, zone and f"{zone} lung", name)))
