"""The map: every point on a plane, linked with the gallery both ways."""

import html
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from explorer.entities import Float32
from explorer.ui.door import pipeline
from explorer.ui.rooms import Built, Colour, Drawn, Rooms
from explorer.ui.theme import CHART_LIMIT, CHART_NULL
from explorer.ui.wording import count, one_line

if TYPE_CHECKING:
    from explorer.pipeline import Clustering

MOST_POINTS = 100_000
SAMPLE = 20_000  # points over the density of more than those, to pick and to point at
PICK = "Draw round points to list their prototypes."
_LEGEND = 8  # findings with a colour of their own
# Mid tones, told apart on white and on near-black.
_TONES = [
    "#1c98a2",
    "#d0743c",
    "#7a6fd0",
    "#4f9d3f",
    "#c2528b",
    "#b08a1e",
    "#3f7fc4",
    "#a35b3a",
    "#5aa886",
    "#8a63a8",
    "#c44f4f",
    "#6d8f2a",
]


def plane(
    built: Built, clustering: "Clustering", rooms: Rooms, drawn: Drawn, *, colour: Colour
) -> None:
    """Draw the map and take over what was picked on it."""
    count_all = len(built.points)
    rows = np.arange(count_all)
    if count_all > MOST_POINTS:
        rows = np.sort(np.random.default_rng(0).permutation(count_all)[:SAMPLE])
    names = {p.id: html.escape(one_line(p.name, longest=60)) for p in clustering.prototypes}
    cloud = _Cloud(built, drawn.plane, names, rooms.picked)
    figure = _figure(cloud, clustering, rooms, rows, colour=colour)
    draw(figure, rooms, key=f"plane_{rooms.maps}")
    words = [f"{count(count_all, built.points.level[:-1])}; {drawn.words}"]
    if len(rows) < count_all:
        words.append(f"Shades: how many lie where. Points: {SAMPLE:,} of them.")
    if colour == "doubt":
        words.append(f"Doubt: {pipeline.ABOUT_DOUBT}.")
    if colour == "finding" and not any(built.points.findings):
        words.append("No finding is known of these films: they came without labels or reports.")
    st.caption(" ".join([*words, PICK]))


def draw(figure: go.Figure, rooms: Rooms, *, key: str) -> None:
    """Draw a map and take over what was picked on it; -1 names no point of the prototypes."""

    def take_over() -> None:
        told = st.session_state[key]["selection"]["points"]
        rows = {int(p["customdata"][0]) for p in told if "customdata" in p}
        rooms.pick(tuple(sorted(rows - {-1})))

    st.plotly_chart(
        figure,
        key=key,
        on_select=take_over,
        selection_mode=("points", "box", "lasso"),
        config={"displaylogo": False, "scrollZoom": False, "modeBarButtonsToRemove": ["toImage"]},
        theme="streamlit",
    )


@dataclass(frozen=True, slots=True)
class _Cloud:
    """What every trace of the map takes its points from.

    Attributes:
        names: Of the prototypes, as HTML.
        picked: Rows that were picked; none marks none.
    """

    built: Built
    plane: Float32
    names: dict[int, str]
    picked: tuple[int, ...]


def _figure(
    cloud: _Cloud, clustering: "Clustering", rooms: Rooms, rows: np.ndarray, *, colour: Colour
) -> go.Figure:
    built, opened = cloud.built, rooms.open
    numbers = clustering.assignments[rows]
    hidden = [p.id for p in clustering.prototypes if p.hidden]
    shown = ~np.isin(numbers, hidden)
    rows, numbers = rows[shown], numbers[shown]
    faint = opened is not None
    inside = numbers == opened if faint else np.zeros(len(rows), dtype=bool)
    figure = go.Figure()
    if len(built.points) > MOST_POINTS:
        _shades(figure, cloud.plane)
    if colour == "doubt":
        _doubts(figure, cloud, clustering, rows, numbers, faint=faint)
    else:
        for label, members, tone in _groups(built, rows, numbers, colour=colour):
            dim = members & ~inside
            _trace(
                figure, cloud, rows[dim], numbers[dim],
                label=label, tone=CHART_NULL if faint else tone, size=4,
                opacity=0.25 if faint else 0.7,
            )  # fmt: skip
    if opened is not None:
        _trace(
            figure, cloud, rows[inside], numbers[inside],
            label=cloud.names.get(opened, ""), tone=CHART_LIMIT, size=8, opacity=0.95,
        )  # fmt: skip
    legend = colour in ("finding", "view") and opened is None
    return laid_out(figure, legend=legend, revision=f"{built.key}{rooms.maps}")


def laid_out(figure: go.Figure, *, legend: bool, revision: str) -> go.Figure:
    """The look that all maps share."""
    figure.update_layout(
        height=390,
        margin={"l": 4, "r": 4, "t": 4, "b": 4},
        dragmode="lasso",
        showlegend=legend,
        legend={"orientation": "h", "y": -0.02, "font": {"size": 11}},
        uirevision=revision,
        hoverlabel={"font": {"size": 12}},
    )
    for axis in (figure.update_xaxes, figure.update_yaxes):
        axis(showticklabels=False, showgrid=False, zeroline=False, title=None)
    return figure


def _shades(figure: go.Figure, plane: Float32) -> None:
    """How many points lie where, each tenfold a step: all of them, and no point is sent."""
    found = pipeline.density(plane)
    figure.add_trace(
        go.Contour(
            x=found.x, y=found.y, z=np.log10(1 + found.counts),
            colorscale=[[0, "rgba(138,151,158,0)"], [1, "rgba(138,151,158,0.85)"]],
            showscale=False, showlegend=False, hoverinfo="skip", line={"width": 0}, ncontours=12,
        )
    )  # fmt: skip


def _doubts(
    figure: go.Figure,
    cloud: _Cloud,
    clustering: "Clustering",
    rows: np.ndarray,
    numbers: np.ndarray,
    *,
    faint: bool,
) -> None:
    doubt = pipeline.doubts(cloud.built.points, clustering)[rows]
    told = np.flatnonzero(~np.isnan(doubt))
    _trace(
        figure, cloud, rows[told], numbers[told],
        label="doubt", tone=CHART_NULL, size=4, opacity=0.25 if faint else 0.8,
    )  # fmt: skip
    if not faint:
        figure.data[-1].marker.update(
            color=doubt[told], colorscale="Viridis", cmin=0, cmax=1,
            colorbar={"title": "doubt", "thickness": 10, "len": 0.7},
        )  # fmt: skip


def _groups(
    built: Built, rows: np.ndarray, numbers: np.ndarray, *, colour: Colour
) -> list[tuple[str, np.ndarray, str]]:
    """Points that share a colour, with its name."""
    if colour == "prototype":
        tones = np.where(numbers < 0, -1, numbers % len(_TONES))
        return [
            (f"colour {tone}", tones == tone, CHART_NULL if tone < 0 else _TONES[tone])
            for tone in np.unique(tones).tolist()
        ]
    if colour == "view":
        views = np.array([built.points.views[row] or "unknown" for row in rows])
        return [
            (html.escape(one_line(view)), views == view, _TONES[k % len(_TONES)])
            for k, view in enumerate(np.unique(views).tolist())
        ]
    findings = [built.points.findings[row] for row in rows]
    counted = Counter(name for found in findings for name in found or ())
    most = [name for name, _ in counted.most_common(_LEGEND)]
    # The rarest of a film's findings names it: it says most.
    first = [
        next((n for n in reversed(most) if n in found), "other") if found else "none known"
        for found in findings
    ]
    labels = [*most, "other", "none known"]
    of = np.array(first)
    colours = [*_TONES[: len(most)], "#9aa3a8", "#c3cacd"]
    return [
        (html.escape(one_line(label)), of == label, tone)
        for label, tone in zip(labels, colours, strict=True)
        if (of == label).any()
    ]


def _trace(
    figure: go.Figure,
    cloud: _Cloud,
    rows: np.ndarray,
    numbers: np.ndarray,
    *,
    label: str,
    tone: str,
    size: int,
    opacity: float,
) -> None:
    texts = cloud.built.points.texts
    picked = np.flatnonzero(np.isin(rows, cloud.picked)).tolist() if cloud.picked else None
    figure.add_trace(
        go.Scattergl(
            x=cloud.plane[rows, 0],
            y=cloud.plane[rows, 1],
            mode="markers",
            name=label,
            marker={"size": size, "color": tone, "opacity": opacity},
            selectedpoints=picked,
            customdata=[
                [
                    int(row),
                    cloud.names.get(int(number), "in no prototype"),
                    html.escape(one_line(texts[row], longest=60)),
                ]
                for row, number in zip(rows, numbers, strict=True)
            ],
            hovertemplate="%{customdata[1]}<br>%{customdata[2]}<extra></extra>",
        )
    )
