"""Beside the picture: does the score follow each map, and does the map need what was learned?"""

from dataclasses import dataclass

import plotly.graph_objects as go
import streamlit as st

from explorer.ui import work
from explorer.ui.components.feeding import Feeding, by_id
from explorer.ui.state import Session
from explorer.ui.theme import CHART_NULL, PANE_COLORS
from explorer.ui.wording import plain

LETTERS = "ABCD"
HELP = (
    "Deletion: parts of the film become grey, those with the highest values of the map first; a "
    "faithful map makes the score fall early (small area). Insertion: they come back into a "
    "blurred film; the score should rise early (large area). Dotted: the same parts in a random "
    "order. Layers drawn anew: rank correlation of the map with that of the same checkpoint after "
    "the top third, two thirds and all layers of its image tower lost what they learned; a map "
    "that stays the same does not explain the checkpoint (Petsiuk et al. 2018, Adebayo et al. "
    "2018)."
)
CHART = {"displayModeBar": False}


@dataclass(frozen=True, slots=True)
class Checked:
    """One pane with what was found."""

    letter: str
    source: str
    found: work.Checks


def trust(memory: Session, filled: list[Feeding], say: work.Say) -> None:
    """Check the maps of the chosen phrase in every pane and draw what came of it."""
    if memory.checked is None:
        return
    with st.container(key="trust"):
        with st.container(horizontal=True, vertical_alignment="center"):
            words = _words(memory.checked, filled)
            st.markdown(f"**Faithfulness of the maps** of \u201c{plain(words)}\u201d", help=HELP)
            st.button("Close", key="close_trust", on_click=_close, args=(memory,))
        checked = _checked(memory.checked, filled, say)
        if not checked:
            st.caption("No pane has a map of this phrase.")
            return
        curves, sanity = st.columns((3, 2), gap="medium")
        with curves:
            _curves(checked)
        with sanity:
            _sanity(checked)


def _close(memory: Session) -> None:
    memory.checked = None


def _words(phrase_id: str, filled: list[Feeding]) -> str:
    found = [by_id(feeding.result, phrase_id) for feeding in filled]
    return next((phrase.phrase for phrase in found if phrase is not None), "")


def _checked(phrase_id: str, filled: list[Feeding], say: work.Say) -> list[Checked]:
    done = []
    for feeding in filled:
        phrase = by_id(feeding.result, phrase_id)
        if phrase is None:
            continue
        letter = LETTERS[feeding.pane]
        found = work.check_map(
            feeding.result,
            phrase.phrase,
            feeding.source,
            say=lambda text, letter=letter: say(f"{letter}: {text}"),  # type: ignore[misc]
        )
        if found is not None:
            done.append(Checked(letter, feeding.source, found))
    return done


def _curves(checked: list[Checked]) -> None:
    figure = curves_figure(checked)
    said = "; ".join(
        f"{c.letter} deletion {c.found.curves.deletion.area:.2f}, insertion "
        f"{c.found.curves.insertion.area:.2f}"
        for c in checked
    )
    st.plotly_chart(figure, config=CHART, key="trust_curves", alt=f"Areas under the curves: {said}")
    st.table(areas(checked), alt="Areas under the deletion and insertion curves")


def areas(checked: list[Checked]) -> dict[str, list[str]]:
    """Areas under the curves of every pane, beside those of a random order."""
    rows = [c.found.curves for c in checked]
    return {
        "Pane": [f"{c.letter}, {c.source}" for c in checked],
        "Deletion (low is good)": [f"{r.deletion.area:.2f}" for r in rows],
        "random": [f"{r.random_deletion.area:.2f}" for r in rows],
        "Insertion (high is good)": [f"{r.insertion.area:.2f}" for r in rows],
        "random ": [f"{r.random_insertion.area:.2f}" for r in rows],
    }


def curves_figure(checked: list[Checked]) -> go.Figure:
    """Deletion on the left, insertion on the right, one colour a pane."""
    figure = go.Figure()
    for side, (name, random) in enumerate(
        (("deletion", "random_deletion"), ("insertion", "random_insertion")), start=1
    ):
        axes = {"xaxis": f"x{side}", "yaxis": f"y{side}"}
        for number, one in enumerate(checked):
            curve = getattr(one.found.curves, name)
            figure.add_scatter(
                x=curve.shares,
                y=curve.scores,
                name=f"{one.letter}",
                legendgroup=one.letter,
                showlegend=side == 1,
                line={"color": PANE_COLORS[number], "width": 2.5},
                hovertemplate=f"{one.letter}: %{{y:.2f}} at %{{x:.0%}}<extra></extra>",
                **axes,
            )
            yardstick = getattr(one.found.curves, random)
            figure.add_scatter(
                x=yardstick.shares,
                y=yardstick.scores,
                showlegend=False,
                line={"color": PANE_COLORS[number], "width": 1.2, "dash": "dot"},
                hoverinfo="skip",
                **axes,
            )
    figure.update_layout(
        xaxis={"domain": [0, 0.47], "title": "deleted, share of the film", "tickformat": ".0%"},
        xaxis2={"domain": [0.53, 1], "title": "inserted, share of the film", "tickformat": ".0%"},
        yaxis={"range": [-0.03, 1.03], "title": "score"},
        yaxis2={"range": [-0.03, 1.03], "anchor": "x2"},
    )
    return _laid_out(figure)


def _sanity(checked: list[Checked]) -> None:
    shown = [c for c in checked if c.found.sanity is not None]
    for one in checked:
        if one.found.sanity is None:
            st.caption(f"{one.letter}: {plain(one.found.why)}")
    if not shown:
        return
    said = "; ".join(
        f"{c.letter} " + ", ".join(f"{r:.2f}" for r in c.found.sanity.correlations)
        for c in shown
        if c.found.sanity
    )
    st.plotly_chart(
        sanity_figure(shown),
        config=CHART,
        key="trust_sanity",
        alt=f"Rank correlation with layers drawn anew, a third, two thirds, all: {said}",
    )


def sanity_figure(checked: list[Checked]) -> go.Figure:
    """Rank correlation with the map of the whole checkpoint, over the share of layers lost."""
    figure = go.Figure()
    for number, one in enumerate(checked):
        sanity = one.found.sanity
        if sanity is None:
            continue
        figure.add_scatter(
            x=[0, *sanity.shares],
            y=[1, *sanity.correlations],
            name=one.letter,
            mode="lines+markers",
            line={"color": PANE_COLORS[number], "width": 2.5},
            hovertemplate=f"{one.letter}: %{{y:.2f}}<extra></extra>",
        )
    figure.add_hline(y=0, line={"color": CHART_NULL, "width": 1})
    figure.update_xaxes(title="layers drawn anew, from the top", tickformat=".0%")
    figure.update_yaxes(title="rank correlation", range=[-1.05, 1.05])
    return _laid_out(figure)


def _laid_out(figure: go.Figure) -> go.Figure:
    figure.update_layout(
        height=230,
        margin={"l": 0, "r": 8, "t": 8, "b": 0},
        legend={"orientation": "h", "y": 1.2},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        dragmode=False,
    )
    return figure
