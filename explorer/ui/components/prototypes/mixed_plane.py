"""The map of all kinds: regions, films and sentences in one space, with their gap in numbers."""

import html
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from explorer.ui.components.prototypes.plane import MOST_POINTS, PICK, draw, laid_out
from explorer.ui.rooms import Built, Rooms
from explorer.ui.theme import CHART_LIMIT, PANE_COLORS
from explorer.ui.wording import count, one_line

if TYPE_CHECKING:
    from explorer.pipeline import Clustering, MixedMap

_SIZES = {"films": 6, "sentences": 5}  # regions are many: 4


def mixed_plane(built: Built, clustering: "Clustering", rooms: Rooms, drawn: "MixedMap") -> None:
    """Draw all kinds, take over what was picked, and say how far the kinds lie apart."""
    draw(_figure(built, clustering, rooms, drawn), rooms, key=f"mixed_{rooms.maps}_{drawn.closed}")
    kinds = ", ".join(count(len(points), points.level[:-1]) for points in drawn.points)
    closed = "Each kind is drawn about its own middle. " if drawn.closed else ""
    st.caption(f"{kinds}; {drawn.words} {closed}{PICK}")
    st.markdown(
        "**Gap between the kinds** (as the checkpoint makes them)",
        help="Distance of the mean vectors, for unit vectors between 0 and 2. Encoders of images "
        "and of text put their vectors into cones of their own, so kinds may lie apart although "
        "each phrase is nearest to the right films.",
    )
    st.markdown("\n".join(f"- {gap.words}" for gap in drawn.gaps))


def _figure(built: Built, clustering: "Clustering", rooms: Rooms, drawn: "MixedMap") -> go.Figure:
    names = {p.id: html.escape(one_line(p.name, longest=60)) for p in clustering.prototypes}
    shown = np.arange(len(drawn.rows))
    if len(shown) > MOST_POINTS:
        shown = np.sort(np.random.default_rng(0).permutation(len(shown))[:MOST_POINTS])
    figure = go.Figure()
    for number, points in enumerate(drawn.points):
        at = shown[drawn.kinds[shown] == number]
        own = points.level == built.points.level
        data = []
        for row in drawn.rows[at].tolist():
            prototype = int(clustering.assignments[row]) if own else -1
            text = html.escape(one_line(points.texts[row], longest=60))
            data.append([row if own else -1, names.get(prototype, points.level[:-1]), text])
        figure.add_trace(
            go.Scattergl(
                x=drawn.plane[at, 0],
                y=drawn.plane[at, 1],
                mode="markers",
                name=points.level.capitalize(),
                marker={
                    "size": _SIZES.get(points.level, 4),
                    "color": PANE_COLORS[number],
                    "opacity": 0.6,
                },
                customdata=data,
                hovertemplate="%{customdata[1]}<br>%{customdata[2]}<extra></extra>",
            )
        )
    _light_up(figure, built, clustering, rooms, drawn)
    return laid_out(figure, legend=True, revision=f"{built.key}{rooms.maps}{drawn.closed}")


def _light_up(
    figure: go.Figure, built: Built, clustering: "Clustering", rooms: Rooms, drawn: "MixedMap"
) -> None:
    """The points of the open prototype, larger."""
    levels = [points.level for points in drawn.points]
    if rooms.open is None or built.points.level not in levels:
        return
    start = int(np.flatnonzero(drawn.kinds == levels.index(built.points.level))[0])
    rows = clustering.members(rooms.open)
    name = html.escape(one_line(clustering.prototype(rooms.open).name, longest=60))
    figure.add_trace(
        go.Scattergl(
            x=drawn.plane[start + rows, 0],
            y=drawn.plane[start + rows, 1],
            mode="markers",
            name=name,
            marker={"size": 8, "color": CHART_LIMIT, "opacity": 0.95},
            customdata=[[int(row), name, ""] for row in rows],
            hovertemplate="%{customdata[1]}<extra></extra>",
        )
    )
