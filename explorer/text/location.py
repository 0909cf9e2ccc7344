"""Reads from a phrase on which side and in which zone of the chest its finding lies."""

from explorer.entities import Side, Zone
from explorer.text._patterns import CueTable
from explorer.text._places import BILATERAL, LEFT, LOWER, MID, NOT_A_SIDE, NOT_A_ZONE, RIGHT, UPPER

_SIDES = CueTable({"none": NOT_A_SIDE, "bilateral": BILATERAL, "right": RIGHT, "left": LEFT})
_ZONES = CueTable({"none": NOT_A_ZONE, "upper": UPPER, "mid": MID, "lower": LOWER})
_ZONE_NAMES: dict[str, Zone] = {"upper": "upper", "mid": "mid", "lower": "lower"}


def find_side(phrase: str) -> Side | None:
    """Side that the phrase names: the patient's right or left, or bilateral when both are named.

    >>> find_side("RLL pneumonia"), find_side("bibasilar atelectasis"), find_side("effusion")
    ('right', 'bilateral', None)
    """
    said = {str(match.lastgroup) for match in _SIDES.finditer(phrase)} - {"none"}
    if "bilateral" in said or said == {"right", "left"}:
        return "bilateral"
    if "right" in said:
        return "right"
    return "left" if said else None


def find_zone(phrase: str) -> Zone | None:
    """Zone that the phrase names; None when it names none or more than one.

    >>> find_zone("left costophrenic angle"), find_zone("upper and lower lobes")
    ('lower', None)
    """
    said = {str(match.lastgroup) for match in _ZONES.finditer(phrase)} - {"none"}
    return _ZONE_NAMES[said.pop()] if len(said) == 1 else None
