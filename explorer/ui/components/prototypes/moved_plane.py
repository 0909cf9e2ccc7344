"""Two checkpoints' maps over each other: one colour each, trails, and a table of what moved."""

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from explorer.ui.components.prototypes.plane import PICK, draw, laid_out
from explorer.ui.rooms import Built, Rooms
from explorer.ui.theme import CHART_NULL, PANE_COLORS
from explorer.ui.wording import count, one_line, percent

if TYPE_CHECKING:
    from explorer.pipeline import Clustering, ComparedMaps

_TRAILS = 30  # of the points that moved most, where none is chosen
_LISTED = 500
_DRAWN = 20_000  # points of each map


def moved_plane(
    built: Built,
    clustering: "Clustering",
    rooms: Rooms,
    found: "ComparedMaps",
    *,
    names: Sequence[str],
) -> None:
    """Draw both maps and list what moved; rows chosen in the table have their trails drawn."""
    place = st.container()
    moves = found.moves
    overlap = percent(moves.overlap)
    chance = moves.near / max(1, len(found.rows) - 1)
    st.markdown(
        f"**{overlap} of the {moves.near} nearest neighbours are the same** with both checkpoints "
        f"(chance {percent(chance)}).",
        help="Neighbour overlap, in the whole space of each checkpoint and not on the map.",
    )
    chosen = _table(built, clustering, found)
    trails = chosen or moves.order[:_TRAILS].tolist()
    with place:
        draw(_figure(built, rooms, found, trails, names), rooms, key=f"moved_{rooms.maps}")
        left = found.only_here + found.only_there
        alone = f" ({left:,} are in one index alone)" if left else ""
        st.caption(
            f"{count(len(found.rows), built.points.level[:-1])} in both{alone}. The second map is "
            f"turned, mirrored and scaled to lie over the first (Procrustes); they differ by "
            f"{moves.disparity:.2f} (0: the same, 1: nothing in common). Lines: "
            f"{'what is chosen below' if chosen else 'what moved most'}. {PICK}"
        )


def _table(built: Built, clustering: "Clustering", found: "ComparedMaps") -> list[int]:
    """List what moved most; a press on a column sorts. Returns the points that were chosen."""
    moves, points = found.moves, built.points
    listed = moves.order[:_LISTED]
    rows = found.rows[listed]
    named = {p.id: one_line(p.name, longest=40) for p in clustering.prototypes}
    table: dict[str, list[Any]] = {
        "Moved": moves.relative[listed].round(2).tolist(),
        "Neighbours kept": moves.kept[listed].tolist(),
        "Prototype": [named.get(int(n), "none") for n in clustering.assignments[rows]],
        "Film": [points.films[row][:8] for row in rows],
    }
    if points.level == "films":
        findings = [", ".join(points.findings[row] or ()) for row in rows]
        table["Findings"] = [one_line(words, longest=80) for words in findings]
    else:
        table["Words"] = [one_line(points.texts[row], longest=80) for row in rows]
    told: Any = st.dataframe(
        table,
        key=f"movers_{built.points.level}",
        height=260,
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        column_config={
            "Moved": st.column_config.NumberColumn(
                format="%.1fx", help="How far it moved over how far half of all moved at most."
            ),
            "Neighbours kept": st.column_config.ProgressColumn(
                format="percent", min_value=0, max_value=1
            ),
        },
    )
    return [int(listed[row]) for row in told["selection"]["rows"] if row < len(listed)]


def _figure(
    built: Built,
    rooms: Rooms,
    found: "ComparedMaps",
    trails: Sequence[int],
    names: Sequence[str],
) -> go.Figure:
    moves = found.moves
    figure = go.Figure(_lines(found, trails))
    shown = np.arange(len(found.rows))
    if len(shown) > _DRAWN:
        sample = np.random.default_rng(0).permutation(len(shown))[:_DRAWN]
        shown = np.union1d(sample, np.array(trails, dtype=np.intp))
    data = [_told(built, found, k) for k in shown.tolist()]
    for number, (plane, name) in enumerate(zip((moves.here, moves.there), names, strict=True)):
        figure.add_trace(
            go.Scattergl(
                x=plane[shown, 0],
                y=plane[shown, 1],
                mode="markers",
                name=html.escape(one_line(name)),
                marker={"size": 5, "color": PANE_COLORS[number], "opacity": 0.65},
                customdata=data,
                hovertemplate="%{customdata[1]}<br>%{customdata[2]}<extra></extra>",
            )
        )
    return laid_out(figure, legend=True, revision=f"{built.key}{rooms.maps}moved")


def _lines(found: "ComparedMaps", trails: Sequence[int]) -> go.Scattergl:
    """A line from here to there for each of some points."""
    here, there = found.moves.here[trails], found.moves.there[trails]
    gap = np.full(len(trails), np.nan)
    x, y = (np.stack([here[:, axis], there[:, axis], gap], axis=1).ravel() for axis in (0, 1))
    return go.Scattergl(
        x=x, y=y, mode="lines", name="moved", line={"color": CHART_NULL, "width": 1.2},
        hoverinfo="skip",
    )  # fmt: skip


def _told(built: Built, found: "ComparedMaps", k: int) -> list[Any]:
    """What a point says under the cursor: its row, what it is, how it moved."""
    row, moves = int(found.rows[k]), found.moves
    words = html.escape(one_line(built.points.texts[row], longest=60))
    moved = f"moved {moves.relative[k]:.1f}x, {percent(float(moves.kept[k]))} of neighbours kept"
    return [row, words or built.points.films[row][:8], moved]
