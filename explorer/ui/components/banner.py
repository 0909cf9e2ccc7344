"""The first thing a visitor reads: research use, not for diagnosis."""

import streamlit as st

from explorer.ui.state import session

RESEARCH_USE = "Research use, not for diagnosis"


def _dismiss() -> None:
    session().banner_dismissed = True


def banner() -> None:
    """Show the notice until it is acknowledged, then one quiet line on every visit."""
    if session().banner_dismissed:
        return
    with st.container(border=True, key="research_use"):
        text, button = st.columns([6, 1], vertical_alignment="center")
        text.markdown(
            f"**{RESEARCH_USE}.** The maps show which parts of a radiograph a model links with a "
            "phrase. They are often wrong, and they do not show disease. Files you open stay in "
            "the memory of this process: nothing is written to disk, logged or sent on."
        )
        button.button("Understood", on_click=_dismiss, width="stretch", key="dismiss_banner")
