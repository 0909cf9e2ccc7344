"""The box to type any phrase, and a chip for every phrase that was typed."""

import streamlit as st

from explorer.ui.state import MOST_TYPED, Session, session
from explorer.ui.wording import plain

LONGEST = 200  # characters; a longer text is a report
EXAMPLES = ("pleural effusion", "cardiomegaly", "left lower lung opacity", "pneumothorax")


def phrase_box() -> None:
    """Show the text box with its button; Enter works too."""
    with (
        st.form("phrase", border=False, clear_on_submit=True),
        st.container(horizontal=True, vertical_alignment="bottom", gap="small"),
    ):
        st.text_input(
            "Phrase",
            key="phrase_text",
            max_chars=LONGEST,
            placeholder="Type any phrase, e.g. right upper lobe consolidation",
            label_visibility="collapsed",
        )
        st.form_submit_button("Ground", on_click=_add, key="add_phrase")


def typed_chips(memory: Session) -> None:
    """Show what was typed; pressing a chip removes its phrase."""
    if not memory.typed:
        return
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
        st.caption("Typed:", width="content")
        for phrase in memory.typed:
            st.button(
                f"{plain(phrase, longest=60)} ✕",
                key=f"remove_{phrase}",
                help="Remove this phrase",
                on_click=_remove,
                args=(phrase,),
                type="secondary",
            )


def examples() -> None:
    """Offer phrases to start with where a study has no report."""
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
        st.caption("There is no report. Type a phrase, or try:", width="content")
        for phrase in EXAMPLES:
            st.button(phrase, key=f"example_{phrase}", on_click=_add_text, args=(phrase,))


def _add() -> None:
    _add_text(str(st.session_state.get("phrase_text", "")))


def _add_text(text: str) -> None:
    memory = session()
    words = " ".join(text.split())[:LONGEST]
    if not words:
        st.toast("Type a phrase first, for example pleural effusion.")
    elif memory.add_typed(words):
        memory.shown = memory.chosen = f"t:{words}"
    elif len(memory.typed) >= MOST_TYPED:
        st.toast(f"{MOST_TYPED} typed phrases are kept at a time. Remove one first.")
    else:
        st.toast("This phrase is in the list already.")


def _remove(phrase: str) -> None:
    memory = session()
    memory.typed = [typed for typed in memory.typed if typed != phrase]
    memory.shown = memory.chosen = None
