"""Measured grounding of a checkpoint: values with intervals and the location prior, per finding."""

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from explorer.ui.theme import CHART_NULL, CHART_PHRASE
from explorer.ui.wording import percent, plain

_WAYS = {
    "located": "Located phrases, e.g. left effusion",
    "plain": "Plain phrases, e.g. effusion",
    "prior": "Location prior, no image looked at",
}
_MEASURES = {"pointing": "Pointing game", "cnr": "CNR", "miou": "mIoU"}


def measured_grounding(found: Mapping[str, Any], *, key: str) -> None:
    """Show what a card says was measured, with the data it was measured on."""
    st.markdown("**Grounding, measured**")
    table = {"Phrases": [_WAYS[way] for way in _WAYS]} | {
        title: [_interval(found["macro"][way][measure]) for way in _WAYS]
        for measure, title in _MEASURES.items()
    }
    st.table(table, alt="Measured grounding of the checkpoint, mean over findings")
    st.caption(
        f"Mean over {len(found['findings'])} findings; {found['phrases']} phrases on "
        f"{found['images']} radiographs of {found['patients']} patients, split "
        f"{plain(found['split'])}, protocol {plain(found['protocol'])}; {percent(found['level'])} "
        "intervals by bootstrap over patients."
    )
    figure = finding_figure(found["findings"])
    said = ", ".join(
        f"{name} {values['located']['pointing'][0]:.2f}, prior {values['prior']['pointing'][0]:.2f}"
        for name, values in found["findings"].items()
    )
    st.plotly_chart(
        figure,
        config={"displayModeBar": False},
        key=f"forest_{key}",
        alt=f"Pointing game with located phrases: {said}",
    )


def _interval(values: list[float]) -> str:
    value, low, high = values
    return f"{value:.2f}\u00a0[{low:.2f},\u00a0{high:.2f}]"  # in one line


def finding_figure(findings: Mapping[str, Any]) -> go.Figure:
    """Draw the pointing game of every finding with its interval, and its prior as a cross."""
    names = [f"{name} ({values['phrases']})" for name, values in findings.items()]
    located = [values["located"]["pointing"] for values in findings.values()]
    figure = go.Figure()
    figure.add_scatter(
        x=[value for value, _, _ in located],
        y=names,
        mode="markers",
        name="located phrases",
        marker={"color": CHART_PHRASE, "size": 10},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [high - value for value, _, high in located],
            "arrayminus": [value - low for value, low, _ in located],
            "color": CHART_PHRASE,
        },
        hovertemplate="%{y}: %{x:.2f}<extra></extra>",
    )
    figure.add_scatter(
        x=[values["prior"]["pointing"][0] for values in findings.values()],
        y=names,
        mode="markers",
        name="location prior",
        marker={"color": CHART_NULL, "size": 9, "symbol": "x"},
        hovertemplate="%{y}: prior %{x:.2f}<extra></extra>",
    )
    figure.update_xaxes(range=[-0.03, 1.03], title="pointing game, located phrases")
    figure.update_yaxes(autorange="reversed")
    figure.update_layout(
        height=90 + 28 * len(names),
        margin={"l": 0, "r": 8, "t": 8, "b": 0},
        legend={"orientation": "h", "y": 1.12},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        dragmode=False,
    )
    return figure
