"""Do the scores of the runs on screen come true? Stated against observed share, a line a run."""

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
import streamlit as st

from explorer.ui.door import pipeline
from explorer.ui.theme import CHART_NULL, PANE_COLORS
from explorer.ui.wording import plain

if TYPE_CHECKING:
    from explorer.pipeline import Run


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
    left, right = st.columns((5, 6), gap="medium")
    with left:
        st.plotly_chart(
            chart(told),
            key="reliability",
            config={"displayModeBar": False},
            alt="Observed share against stated score by tenths; the table has the numbers",
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
    """A line a run; on the dashed line scores come true."""
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", showlegend=False, hoverinfo="skip",
        line={"color": CHART_NULL, "width": 1, "dash": "dash"},
    )  # fmt: skip
    for number, (name, found) in enumerate(told.items()):
        bins = found["reliability"]
        figure.add_scatter(
            x=[b["stated"] for b in bins],
            y=[b["observed"] for b in bins],
            name=name,
            mode="lines+markers",
            line={"color": PANE_COLORS[number % len(PANE_COLORS)], "width": 2},
            customdata=[b["films"] for b in bins],
            hovertemplate="stated %{x:.2f}, observed %{y:.2f}, n = %{customdata}<extra></extra>",
        )
    figure.update_layout(
        height=300,
        margin={"l": 4, "r": 8, "t": 8, "b": 4},
        legend={"orientation": "h", "y": 1.12},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        dragmode=False,
    )
    figure.update_xaxes(title="stated score", range=[-0.03, 1.03])
    figure.update_yaxes(title="observed share", range=[-0.03, 1.03])
    return figure
