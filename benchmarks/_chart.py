"""A small line chart as SVG text, so that figures need no plotting server and diff as text."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

WIDTH, HEIGHT, MARGIN = 560, 320, 56
COLOURS = ("#0b6e75", "#b4541a", "#5b57a8", "#3f7d3a")


def line_chart(
    path: Path,
    *,
    title: str,
    x_title: str,
    y_title: str,
    x: Sequence[float],
    lines: Mapping[str, Sequence[float]],
) -> Path:
    """Write lines over shared x values; both axes start at zero.

    Args:
        path: SVG file to write.
        title: One short sentence above the chart.
        x_title: Name and unit below the chart.
        y_title: Name and unit left of the chart.
        x: Positions, ascending.
        lines: Values by line name, each as long as `x`.
    """
    x_ticks, y_ticks = _ticks(max(x)), _ticks(max(max(values) for values in lines.values()))

    def at(x_value: float, y_value: float) -> str:
        left = MARGIN + x_value / x_ticks[-1] * (WIDTH - 2 * MARGIN)
        top = HEIGHT - MARGIN - y_value / y_ticks[-1] * (HEIGHT - 2 * MARGIN)
        return f"{left:.1f},{top:.1f}"

    parts = [_text(WIDTH / 2, 22, title, size=15), _text(WIDTH / 2, HEIGHT - 12, x_title)]
    parts.append(_text(16, HEIGHT / 2, y_title, extra=f' transform="rotate(-90 16 {HEIGHT / 2})"'))
    for tick in y_ticks:
        left, top = at(0, tick).split(",")
        parts.append(f'<path d="M{left} {top}H{WIDTH - MARGIN}" stroke="#ccd6d9"/>')
        parts.append(_text(float(left) - 6, float(top) + 4, f"{tick:g}", anchor="end"))
    for tick in x_ticks:
        left, top = at(tick, 0).split(",")
        parts.append(_text(float(left), float(top) + 16, f"{tick:g}"))
    for i, (name, values) in enumerate(lines.items()):
        points = [at(*point) for point in zip(x, values, strict=True)]
        colour = COLOURS[i % len(COLOURS)]
        parts.append(
            f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}" '
            'stroke-width="2"/>'
        )
        parts += [_dot(point, colour) for point in points]
        parts.append(_text(MARGIN + 10, 48 + 16 * i, name, anchor="start", colour=colour))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title)}" font-family="sans-serif" font-size="12">\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n",
        encoding="utf-8",
    )
    return path


def _ticks(largest: float) -> list[float]:
    """Four to eight round steps from 0 to at least `largest`."""
    step = next(
        factor * 10.0**power
        for power in range(-6, 10)
        for factor in (1, 2, 5)
        if factor * 10.0**power * 7 >= largest
    )
    return [step * i for i in range(int(-(-largest // step)) + 1)]


def _dot(point: str, colour: str) -> str:
    left, top = point.split(",")
    return f'<circle cx="{left}" cy="{top}" r="3" fill="{colour}"/>'


def _text(
    left: float,
    top: float,
    words: str,
    *,
    size: int = 12,
    anchor: str = "middle",
    colour: str = "#1d2a30",
    extra: str = "",
) -> str:
    return (
        f'<text x="{left:.1f}" y="{top:.1f}" font-size="{size}" text-anchor="{anchor}" '
        f'fill="{colour}"{extra}>{escape(words)}</text>'
    )
