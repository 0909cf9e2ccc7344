"""What stands behind the map of one phrase: its rank among null phrases, controls, regions."""

from html import escape

import plotly.graph_objects as go
import streamlit as st

from explorer.entities import GroundedPhrase, PhraseControls, Region, Spacing
from explorer.ui import cache
from explorer.ui.components.error_box import guarded
from explorer.ui.components.viewer import ViewerPhrase
from explorer.ui.theme import CHART_LIMIT, CHART_NULL, CHART_PHRASE
from explorer.ui.wording import one_line, plain
from explorer.ui.work import Work

_QUIET = {"displayModeBar": False}


def details(chosen: ViewerPhrase, result: Work) -> None:
    """Show the details of a grounded phrase."""
    grounded = chosen.grounded
    if grounded is None:
        return
    with st.container(border=True, key="details"):
        st.markdown(f"**Behind the map:** {plain(chosen.shown_text)}")
        for reason in grounded.controls.reasons:
            st.caption(f":orange-badge[abstain] {plain(reason)}")
        left, middle, right = st.columns(3, gap="medium")
        with left:
            _rank(grounded, cache.null_peaks(result.engine, result.encoded, result.radiograph))
        with middle:
            _controls(grounded.controls)
        with right:
            _regions(grounded, result.radiograph.spacing)
        _words(grounded, result)


def _rank(grounded: GroundedPhrase, null_peaks: dict[str, float]) -> None:
    peak = float(grounded.map.score.max())
    st.markdown(
        "Does it stand out?",
        help="Peak score of this phrase beside the peaks of phrases that speak of nothing on a "
        "radiograph. A map worth reading peaks to the right of them.",
    )
    figure = rank_figure(peak, null_peaks, grounded.threshold)
    above = sum(peak > other for other in null_peaks.values())
    text = f"Peak {peak:.2f}; above {above} of {len(null_peaks)} null phrases"
    st.plotly_chart(figure, config=_QUIET, key="rank_chart", alt=text)
    st.caption(f"{text}; {grounded.controls.null_z:+.1f} standard deviations.")


def rank_figure(peak: float, null_peaks: dict[str, float], threshold: float) -> go.Figure:
    """Draw the peak of a phrase among the peaks of null phrases; x is the calibrated score."""
    figure = go.Figure()
    figure.add_scatter(
        x=list(null_peaks.values()),
        y=[i % 5 for i in range(len(null_peaks))],
        text=[escape(phrase) for phrase in null_peaks],
        mode="markers",
        marker={"color": CHART_NULL, "size": 7, "opacity": 0.7},
        hovertemplate="%{text}: %{x:.2f}<extra>null phrase</extra>",
    )
    figure.add_scatter(
        x=[peak],
        y=[2],
        mode="markers",
        marker={"color": CHART_PHRASE, "size": 15, "symbol": "diamond"},
        hovertemplate="%{x:.2f}<extra>this phrase</extra>",
    )
    figure.add_vline(x=threshold, line={"color": CHART_LIMIT, "dash": "dot", "width": 2})
    figure.update_yaxes(visible=False, range=[-1, 5])
    figure.update_xaxes(range=[-0.03, 1.04], title="peak score (dotted: threshold)")
    return _small(figure)


def _controls(controls: PhraseControls) -> None:
    st.markdown(
        "Does it follow the words?",
        help="Correlation of this map with the map of changed words. Near 1: the map would look "
        "the same whatever is said. Sensitivity sums this up: 1 follows the words, 0 does not.",
    )
    values = correlations(controls)
    text = ", ".join(f"{name} {value:+.2f}" for name, value in values.items())
    st.plotly_chart(
        controls_figure(values), config=_QUIET, key="controls_chart", alt=f"Correlation: {text}"
    )
    st.caption(f"Sensitivity {controls.sensitivity:.2f} of 1.")


def correlations(controls: PhraseControls) -> dict[str, float]:
    """Name the controls that apply to a phrase, each a Pearson correlation in [-1, 1]."""
    found = {
        "nonsense words": controls.nonsense,
        "negated": controls.negated,
        "other side": controls.swapped,
    }
    return {name: value for name, value in found.items() if value is not None}


def controls_figure(values: dict[str, float]) -> go.Figure:
    """Draw the correlation of a map with the map of changed words, one bar each."""
    figure = go.Figure()
    figure.add_bar(
        x=list(values.values()),
        y=list(values),
        orientation="h",
        marker={"color": CHART_PHRASE},
        width=0.5,
        hovertemplate="%{y}: %{x:+.2f}<extra></extra>",
    )
    figure.update_xaxes(range=[-1, 1], title="correlation with this map", zeroline=True)
    figure.update_yaxes(autorange="reversed")
    return _small(figure)


def _small(figure: go.Figure) -> go.Figure:
    figure.update_layout(
        height=170,
        margin={"l": 0, "r": 8, "t": 4, "b": 0},
        showlegend=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        dragmode=False,
    )
    return figure


def _regions(grounded: GroundedPhrase, spacing: Spacing | None) -> None:
    st.markdown(
        "Where is it?",
        help="Boxes around connected parts of the map above the threshold, in pixels of the "
        "original radiograph: left, top, width, height.",
    )
    if not grounded.regions:
        st.caption(f"No part of the map reaches the threshold of {grounded.threshold:.2f}.")
        return
    st.table(region_rows(grounded.regions, spacing), alt="Regions of this phrase in pixels")
    st.caption(f"Threshold {grounded.threshold:.2f} ({grounded.threshold_rule}).")


def region_rows(regions: tuple[Region, ...], spacing: Spacing | None) -> dict[str, list[str]]:
    """Return table columns for regions: box in original pixels, in cm where spacing is known."""
    boxes = [region.box.to_xywh() for region in regions]
    columns = {
        "Left, top": [f"{x:.0f}, {y:.0f}" for x, y, _, _ in boxes],
        "Size": [f"{width:.0f} x {height:.0f}" for _, _, width, height in boxes],
        "Peak": [f"{region.peak:.2f}" for region in regions],
        "Area": [f"{region.area_fraction:.1%}" for region in regions],
    }
    if spacing is not None:
        columns["Size, cm"] = [
            f"{width * spacing.column_mm / 10:.1f} x {height * spacing.row_mm / 10:.1f}"
            for _, _, width, height in boxes
        ]
    return columns


def _words(grounded: GroundedPhrase, result: Work) -> None:
    phrase = grounded.phrase
    place = st.empty()
    if phrase not in result.words:
        if not place.button(
            "Which words carry it?",
            key="ask_words",
            help="Grounds the phrase again without each of its words.",
        ):
            return
        with place, guarded(), st.spinner("Leaving out one word after the other"):
            result.words[phrase] = cache.word_shares(result.engine, result.encoded, grounded)
    if shares := list(result.words.get(phrase, {}).values()):
        word, value = max(shares, key=lambda share: share[1])
        st.markdown("Which words carry it?", help="Cosine lost at the map's peak without the word.")
        st.plotly_chart(
            words_figure(shares),
            config=_QUIET,
            key="words_chart",
            alt=f"The word that adds most is {word}, {value:+.2f} of cosine",
        )


def words_figure(shares: list[cache.Share]) -> go.Figure:
    """Draw what each word adds, in reading order; below zero it works against the map."""
    figure = go.Figure()
    figure.add_bar(
        x=list(range(len(shares))),
        y=[value for _, value in shares],
        marker={"color": [CHART_PHRASE if value >= 0 else CHART_LIMIT for _, value in shares]},
        hovertemplate="%{y:+.3f}<extra></extra>",
    )
    words = [escape(one_line(word, longest=24)) for word, _ in shares]
    figure.update_xaxes(tickmode="array", tickvals=list(range(len(words))), ticktext=words)
    figure.update_yaxes(title="cosine added", zeroline=True)
    return _small(figure)
