"""The field that names a second index, of the same films by another checkpoint."""

import os

import streamlit as st

_HELP = (
    "An index of the same films by another checkpoint: a folder or an address, typed or named in "
    "EXPLORER_INDEX_BESIDE. "
)


def other_index(key: str, *, shows: str, before: str = "") -> str:
    """Let a person name a second index; "" for none.

    Args:
        key: Of the field.
        shows: What is shown with it, one sentence.
        before: What was named before.
    """
    named = (*os.environ.get("EXPLORER_INDEX_BESIDE", "").split(","), before)
    known = list(dict.fromkeys(uri.strip() for uri in named if uri.strip()))
    chosen = st.selectbox(
        "Beside another index",
        known,
        index=known.index(before) if before and key not in st.session_state else None,
        key=key,
        placeholder="none; type a folder",
        accept_new_options=True,
        persist_state="session",
        help=_HELP + shows,
    )
    return (chosen or "").strip()
