"""What a person can take along: the grounding as JSON and as a figure, without patient data."""

import streamlit as st

from explorer.entities import GroundedPhrase, Sentence
from explorer.ui import exports
from explorer.ui.components.banner import RESEARCH_USE
from explorer.ui.state import Session, session
from explorer.ui.work import Work


def downloads(memory: Session) -> None:
    """Offer the files in a popover; each is made when it is asked for."""
    with st.popover("Export", width="content"):
        if memory.loaded is None:
            st.caption("There is no study on screen.")
            return
        st.download_button(
            "All phrases as JSON",
            _document,
            file_name="grounding.json",
            mime="application/json",
            on_click="ignore",
            key="download_json",
            width="stretch",
        )
        st.download_button(
            "All phrases as a figure",
            _figure,
            file_name="grounding.png",
            mime="image/png",
            on_click="ignore",
            key="download_all",
            width="stretch",
        )
        st.caption(
            f"{RESEARCH_USE}. Phrases are written as they stand; names, dates and file names of "
            "the upload are not added. The picture as it is on screen, and what you drew on it, "
            "are saved from the viewer's own toolbar."
        )


def _document() -> str:
    memory, result = session(), _result()
    typed = [result.typed[text] for text in memory.typed if text in result.typed]
    return exports.as_json(
        result.engine, result.encoded, result.radiograph, sentences=_pairs(result), typed=typed
    )


def _figure() -> bytes:
    memory, result = session(), _result()
    typed = [result.typed[text] for text in memory.typed if text in result.typed]
    phrases = [*typed, *(grounded for _, grounded in _pairs(result))]
    return exports.as_figure(result.engine, result.radiograph, phrases)


def _pairs(result: Work) -> list[tuple[Sentence, GroundedPhrase]]:
    sentences = result.report.sentences if result.report else ()
    pairs = zip(sentences, result.sentences, strict=False)
    return [(sentence, grounded) for sentence, grounded in pairs if grounded is not None]


def _result() -> Work:
    """The results of the study on screen, whatever page is shown."""
    work = session().work
    if work is None:
        raise RuntimeError("Nothing was grounded yet.")
    return work
