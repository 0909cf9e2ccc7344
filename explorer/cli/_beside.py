"""Two rankings side by side, as a table of a terminal."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from explorer import pipeline


def print_beside(console: "Console", found: "pipeline.Beside", count: int) -> None:
    """Print the first hits of both rankings, each with its rank in the other one."""
    from rich.table import Table
    from rich.text import Text

    things = {"study": "studies", "film": "films"}[found.by]
    table = Table(title=f"{found.shared:,} {things} in both indices; {agreement(found)}")
    for name in ("rank", "this index", "beside it", "index beside", "in this"):
        table.add_column(name, overflow="fold")
    for place in range(min(count, max(len(found.here), len(found.there)))):
        cells = [str(place + 1)]
        for side in (found.here, found.there):
            placed = side[place] if place < len(side) else None
            cells += [_film(placed), _moved(placed)]
        # Findings come from outside: brackets in them are no markup.
        table.add_row(*(Text(cell) for cell in cells))
    console.print(table)


def agreement(found: "pipeline.Beside") -> str:
    """How far both rankings agree, in words."""
    words = f"{found.overlap:.0%} of the first ten are shared"
    if found.agreement is not None:
        words += f", rank correlation {found.agreement:+.2f}"
    return words


def _film(placed: "pipeline.Placed | None") -> str:
    if placed is None:
        return ""
    return f"{placed.hit.film_id[:12]} {', '.join(placed.hit.findings)}".rstrip()


def _moved(placed: "pipeline.Placed | None") -> str:
    if placed is None:
        return ""
    return "beyond" if placed.other is None else f"{placed.other}"
