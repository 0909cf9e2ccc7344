"""Tables of figures in a terminal, and how a figure with its interval is written in one."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table


def figure_table(*columns: str, words: int = 1, **settings: Any) -> "Table":
    """A table without an edge: the first `words` columns to the left, figures to the right."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False, **settings)
    for place, name in enumerate(columns):
        table.add_column(name, no_wrap=True, justify="left" if place < words else "right")
    return table


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
