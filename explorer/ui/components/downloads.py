"""What a person can take along: the grounding as JSON and as a figure, without patient data."""

import streamlit as st

from explorer.entities import GroundedPhrase
from explorer.ui import cache
from explorer.ui.components.banner import RESEARCH_USE
from explorer.ui.state import Session
from explorer.ui.work import Work


def downloads(memory: Session, result: Work, *, chosen: GroundedPhrase) -> None:
    """Offer the files; each is made when it is asked for."""
    report = memory.loaded.study.report if memory.loaded else None
    pairs = zip(report.sentences if report else (), result.sentences, strict=False)
    sentences = [(sentence, grounded) for sentence, grounded in pairs if grounded is not None]
    typed = [result.typed[text] for text in memory.typed if text in result.typed]
    everything = [*typed, *(grounded for _, grounded in sentences)]

    def document() -> str:
        return cache.as_json(
            result.engine, result.encoded, result.radiograph, sentences=sentences, typed=typed
        )

    def figure_of(phrases: list[GroundedPhrase]) -> bytes:
        return cache.as_figure(result.engine, result.radiograph, phrases)

    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.download_button(
            "All phrases as JSON",
            document,
            file_name="grounding.json",
            mime="application/json",
            on_click="ignore",
            key="download_json",
        )
        st.download_button(
            "All phrases as a figure",
            lambda: figure_of(everything),
            file_name="grounding.png",
            mime="image/png",
            on_click="ignore",
            key="download_all",
        )
        st.download_button(
            "This phrase as a figure",
            lambda: figure_of([chosen]),
            file_name="phrase.png",
            mime="image/png",
            on_click="ignore",
            key="download_phrase",
        )
        st.caption(
            f"{RESEARCH_USE}. Phrases are written as they stand; names, dates and file names of "
            "the upload are not added.",
            width="stretch",
        )
