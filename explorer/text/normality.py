"""Tells what is called normal from what is denied: "The lungs are clear." from "No effusion."."""

import re

from explorer.text import _cues
from explorer.text._patterns import CueTable

_NORMAL = CueTable({"normal": _cues.NORMAL})
_DENIAL = re.compile(
    r"\b(?:no|not|without|absent|absence|negative|free of|denies)\b", re.IGNORECASE
)


def states_normal(sentence: str) -> bool:
    """Whether a sentence calls something normal, where the report reader says "absent".

    >>> states_normal("Heart size is normal."), states_normal("No pneumothorax.")
    (True, False)
    """
    return _NORMAL.search(sentence) is not None and _DENIAL.search(sentence) is None
