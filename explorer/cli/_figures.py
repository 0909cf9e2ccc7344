"""How a figure with its interval is written in a table."""

import re
from collections.abc import Sequence


def cell(value: float | None, span: Sequence[float | None], *, digits: int) -> str:
    """A mean with its interval, short enough for three of them on 80 columns: ".133 [.00 .33]"."""
    if value is None:
        return "-"
    low, high = span
    shown = short(value, digits)
    return shown if low is None or high is None else f"{shown} [{short(low, 2)} {short(high, 2)}]"


def short(value: float, digits: int) -> str:
    """Leave out the zero before the point: .33, -.04, 1.00."""
    return re.sub(r"^(-?)0\.", r"\1.", f"{value:.{digits}f}")
