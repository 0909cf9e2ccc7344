"""Figures of the runs on screen: table, forest plot, paired differences, films that differ."""

from typing import TYPE_CHECKING, Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from explorer.ui.components.error_box import guarded
from explorer.ui.components.evaluate.films import films
from explorer.ui.components.evaluate.reliability import named, reliability
from explorer.ui.door import pipeline
from explorer.ui.evaluations import Evaluations
from explorer.ui.theme import CHART_LIMIT, CHART_NULL, CHART_PHRASE

if TYPE_CHECKING:
    from explorer.pipeline import Run

# Colour, symbol and size of each row, told apart without colour, too.
_MARKS = {
    "model": (CHART_PHRASE, "circle", 9),
    "location prior": (CHART_LIMIT, "diamond", 7),
    "constant centre": (CHART_NULL, "square", 6),
    "random map": (CHART_NULL, "x-thin-open", 6),
}


_ROWS = 12  # of a table that is shown whole


def figures(memory: Evaluations, runs: "list[Run]") -> None:
    """Draw what was measured."""
    stamped = runs[0].card["key"]["protocols"]
    names = [stamp.split("/")[0] for stamp in stamped]
    titles = pipeline.protocol_names()
    with st.container(horizontal=True, vertical_alignment="top"):
        protocol = st.segmented_control(
            "Protocol", names, default=names[0], required=True, format_func=titles.__getitem__,
            key="evaluate_protocol",
        )  # fmt: skip
        tables = [pipeline.summarise_run(run, protocol=protocol) for run in runs]
        metrics = tables[0]["metrics"]
        metric = st.selectbox(
            "Metric", list(metrics), format_func=metrics.__getitem__, key="evaluate_metric",
            width=200,
        )  # fmt: skip
    for run, table in zip(runs, tables, strict=True):
        _one(run, table, metric)
    with guarded():
        reliability(runs)
    for other in runs[1:]:
        with guarded():
            _pair(memory, runs[0], other, protocol=protocol, metric=metric)


def _one(run: "Run", table: dict[str, Any], metric: str) -> None:
    about, stamp = run.card["about"], table["protocol"]
    st.markdown(
        f"#### {about['checkpoint']['name']}, {about['checkpoint']['precision']} "
        f":gray-badge[{stamp}]"
    )
    if not run.complete:
        measured, of = run.samples["image"].nunique(), about["corpus"]["images"]
        st.warning(
            f"{measured:,} of {of:,} images are measured, and the figures are of these alone. With "
            "the same data set above, Run goes on from here.",
            title="Unfinished run",
        )
    if not about["calibrated"]:
        st.caption("Scores of this checkpoint are not calibrated; figures that need it are empty.")
    left, right = st.columns((5, 6), gap="medium")
    with left:
        st.plotly_chart(
            forest(table, metric),
            key=f"forest_{run.name}",
            config={"displayModeBar": False},
            alt=f"{table['metrics'][metric]} by finding with intervals; the table has the numbers",
        )
    with right:
        lines = as_table(table)
        st.dataframe(
            lines,
            hide_index=True,
            key=f"table_{run.name}",
            height="content" if len(lines) < _ROWS else 440,
            column_config={"finding": st.column_config.TextColumn(pinned=True)},
        )
        st.caption(
            "Mean and 95 % interval, bootstrap by patient; none where a finding is of one patient. "
            "n: phrases. macro: mean over findings. Rows other than model look at no image."
        )


def as_table(table: dict[str, Any]) -> pd.DataFrame:
    """Findings by rows, with a column a metric: "0.53 [0.30, 0.77]"."""
    lines = []
    named = [f for f in next(iter(table["rows"].values())) if f != "macro"]
    for finding in ["macro", *sorted(named, key=lambda f: f.startswith("("))]:  # no name: last
        for row, findings in table["rows"].items():
            values = findings.get(finding)
            if values and any(v["mean"] is not None for v in values.values()):
                most = max(v["n"] for v in values.values())
                cells = {table["metrics"][m]: span(v) for m, v in values.items()}
                lines.append({"finding": finding, "row": row, "n": most, **cells})
    return pd.DataFrame(lines)


def span(value: dict[str, Any], *, digits: int = 2) -> str:
    """A mean with its interval, or a dash."""
    if value["mean"] is None:
        return "\u2013"
    shown = signed(value["mean"], digits)
    if value["low"] is None:
        return shown
    return f"{shown} [{signed(value['low'], digits)}, {signed(value['high'], digits)}]"


def signed(value: float, digits: int) -> str:
    """A number with a true minus, and none before a zero."""
    return f"{value:z.{digits}f}".replace("-", "\u2212")


def forest(table: dict[str, Any], metric: str) -> go.Figure:
    """One line a finding: means with intervals, a colour a row."""
    measured = {
        row: {f: v[metric] for f, v in findings.items() if v[metric]["mean"] is not None}
        for row, findings in table["rows"].items()
    }
    known = {finding for values in measured.values() for finding in values}
    first = next(iter(table["rows"].values()))
    order = [f for f in first if f in known and f != "macro"] + ["macro"]
    figure = go.Figure()
    middle = (len(measured) - 1) / 2  # a single row stands on the line of its finding
    for i, (row, values) in enumerate(measured.items()):
        figure.add_trace(_marks(row, values, order, shift=(i - middle) * 0.18))
    _lay_out(figure, order, title=table["metrics"][metric])
    return figure


def _marks(
    row: str, values: dict[str, dict[str, Any]], order: list[str], *, shift: float
) -> go.Scatter:
    """Means with intervals of one row, `shift` below the lines of their findings."""
    shown = [(place, values[f]) for place, f in enumerate(order) if f in values]
    low, high = (
        [None if v[end] is None else abs(v["mean"] - v[end]) for _, v in shown]
        for end in ("low", "high")
    )
    colour, symbol, size = _MARKS[row]
    return go.Scatter(
        x=[v["mean"] for _, v in shown],
        y=[place + shift for place, _ in shown],
        error_x={"type": "data", "array": high, "arrayminus": low, "thickness": 1.5, "width": 0},
        mode="markers",
        name=row,
        marker={
            "color": colour,
            "symbol": symbol,
            "size": size,
            "line": {"width": 1.5 if symbol.endswith("open") else 0},
        },
        customdata=[[order[place], v["n"]] for place, v in shown],
        hovertemplate="%{customdata[0]}, n = %{customdata[1]}<br>%{x:.3f}<extra></extra>",
    )


def _lay_out(figure: go.Figure, order: list[str], *, title: str) -> None:
    figure.update_layout(
        height=110 + 34 * len(order),
        margin={"l": 4, "r": 8, "t": 30, "b": 4},
        legend={"orientation": "h", "y": 1, "yanchor": "bottom"},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        dragmode=False,
    )
    figure.update_yaxes(
        tickvals=list(range(len(order))),
        ticktext=order,
        range=[len(order) - 0.4, -0.6],
        showgrid=False,
        zeroline=False,
    )
    figure.update_xaxes(title=title, zeroline=True)


def _pair(memory: Evaluations, first: "Run", second: "Run", *, protocol: str, metric: str) -> None:
    found = pipeline.compare_runs(first, second, protocol=protocol)
    names = [named(run) for run in (first, second)]
    st.markdown(f"#### {names[1]} minus {names[0]}")
    values = found["metrics"].get(metric)
    if values is None:
        st.caption("No sample has this metric in both runs.")
        return
    left, right = st.columns((5, 6), gap="medium")
    with left:
        rows = {"model": {f: {metric: {**v, "n": v["samples"]}} for f, v in values.items()}}
        title = f"difference of {found['titles'][metric]}"
        st.plotly_chart(
            forest({"rows": rows, "metrics": {metric: title}}, metric),
            key=f"pair_{second.name}",
            config={"displayModeBar": False},
            alt="Differences by finding with intervals; the table has the numbers",
        )
    with right:
        _pair_table(values, names, key=f"pair_table_{second.name}")
    if memory.corpus is not None and memory.corpus.digest == first.card["key"]["corpus"]:
        films(memory.corpus, first, second, protocol=protocol, metric=metric)
    else:
        st.caption("Read the data set of these runs to open the films that differ.")


def _pair_table(values: dict[str, dict[str, Any]], names: list[str], *, key: str) -> None:
    """Differences of two runs by finding, in numbers; macro first."""
    lines = [
        {"finding": finding, "n": v["samples"], "difference": span(v, digits=3), "p": v["p"],
         "Holm": v["p_holm"], "BH": v["p_bh"], names[0]: v["first"], names[1]: v["second"]}
        for finding, v in sorted(values.items(), key=lambda item: item[0] != "macro")
    ]  # fmt: skip
    numbers: dict[str, Any] = {
        name: st.column_config.NumberColumn(format="%.3f") for name in (*names, "p", "Holm", "BH")
    }
    numbers["difference"] = st.column_config.TextColumn(width=170)
    st.dataframe(
        pd.DataFrame(lines), hide_index=True, column_config=numbers, height="content", key=key
    )
    st.caption(
        "The same phrases in both; intervals by patient, none where a finding is of one. p from "
        "flips of sign by patient; Holm and BH: corrected over the findings."
    )
