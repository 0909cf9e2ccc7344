"""Do the scores of the runs on screen come true? Stated against observed share, a line a run."""

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from explorer.ui.door import pipeline
from explorer.ui.theme import CHART_NULL, PANE_COLORS
from explorer.ui.wording import plain

if TYPE_CHECKING:
    from explorer.pipeline import Run

ONE_SIDED = (
    "This takes phrases that are there and phrases that are not: of this data set all are the "
    "one or all the other."
)
MOST_COUNTED = 2  # runs whose bars have room for their numbers


def reliability(runs: "list[Run]") -> None:
    """Draw what is known; runs without calibrated scores are named."""
    known = {named(run): pipeline.reliability(run) for run in runs}
    told = {name: found for name, found in known.items() if found is not None}
    st.markdown("#### Do the scores come true?")
    if len(told) < len(known):
        silent = ", ".join(name for name in known if name not in told)
        st.caption(f"Not calibrated, so nothing to come true: {plain(silent)}.")
    if not told:
        return
    if all(found["present"] in (0, found["phrases"]) for found in told.values()):
        st.caption(ONE_SIDED)
        return
    left, right = st.columns((5, 6), gap="medium")
    with left:
        st.plotly_chart(
            chart(told),
            key="reliability",
            config={"displayModeBar": False},
            alt="Observed share against stated score by tenths, and the phrases of each tenth",
        )
    with right:
        st.table(numbers(told), alt="Calibration of every run")
        st.caption(
            "Every phrase by the score of its film and whether it is there, in tenths of the "
            "score. ECE: mean distance of stated and observed share, weighted by phrases. Brier: "
            "mean squared distance of score and truth. Both depend on how many phrases are there."
        )


def named(run: "Run") -> str:
    """Checkpoint and precision of a run."""
    about = run.card["about"]["checkpoint"]
    return f"{about['name']}, {about['precision']}"


def numbers(told: dict[str, dict[str, Any]]) -> dict[str, list[str]]:
    """Columns of the table."""
    rows = list(told.values())
    return {
        "Run": [plain(name) for name in told],
        "ECE": [f"{row['ece']:.3f}" for row in rows],
        "Brier": [f"{row['brier']:.3f}" for row in rows],
        "Phrases": [f"{row['phrases']:,}" for row in rows],
        "of which there": [f"{row['present']:,}" for row in rows],
    }


def chart(told: dict[str, dict[str, Any]]) -> go.Figure:
    """A line a run, on the dashed line scores come true; below, how many phrases a tenth has."""
    figure = make_subplots(
        rows=2, cols=1, shared_xaxes=True, row_heights=[0.7, 0.3], vertical_spacing=0.06
    )
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", showlegend=False, hoverinfo="skip",
        line={"color": CHART_NULL, "width": 1, "dash": "dash"},
    )  # fmt: skip
    for number, (name, found) in enumerate(told.items()):
        _lay(figure, name, found["reliability"], PANE_COLORS[number % len(PANE_COLORS)])
    if len(told) <= MOST_COUNTED:
        figure.update_traces(texttemplate="%{y:,}", selector={"type": "bar"})
    figure.update_layout(
        height=400,
        margin={"l": 4, "r": 8, "t": 8, "b": 4},
        legend={"orientation": "h", "y": 1.1},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        dragmode=False,
        barmode="group",
    )
    figure.update_xaxes(range=[-0.03, 1.03])
    figure.update_xaxes(title="stated score", row=2)
    figure.update_yaxes(title="observed share", range=[-0.03, 1.03], row=1)
    most = max(b["films"] for found in told.values() for b in found["reliability"])
    figure.update_yaxes(title="phrases", range=[0, 1.3 * most], row=2)  # numbers stand on bars
    return figure


def _lay(figure: go.Figure, name: str, bins: list[dict[str, Any]], colour: str) -> None:
    """One run: its line, and a bar a tenth with its number of phrases."""
    counts = [b["films"] for b in bins]
    figure.add_scatter(
        x=[b["stated"] for b in bins],
        y=[b["observed"] for b in bins],
        name=name,
        legendgroup=name,
        mode="lines+markers",
        line={"color": colour, "width": 2},
        customdata=counts,
        hovertemplate="stated %{x:.2f}, observed %{y:.2f}, n = %{customdata}<extra></extra>",
        row=1,
        col=1,
    )
    figure.add_bar(
        x=[(min(int(10 * b["stated"]), 9) + 0.5) / 10 for b in bins],
        y=counts,
        name=name,
        legendgroup=name,
        showlegend=False,
        marker={"color": colour},
        textposition="outside",
        textangle=0,
        cliponaxis=False,
        hovertemplate="%{y:,} phrases in this tenth<extra></extra>",
        row=2,
        col=1,
    )
