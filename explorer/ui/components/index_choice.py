"""The field that names the index of Retrieve and Prototypes."""

import streamlit as st

from explorer.ui import indices
from explorer.ui.fields import fill_fields
from explorer.ui.state import Session, session

KEY = "index_choice"
_HELP = (
    "What is searched and clustered, on both pages: the bundled phantoms, an index named in "
    "EXPLORER_INDEX, or one of your own, typed as a folder or an address. Build one with "
    "`explorer index build FOLDER --out my.index`."
)


def index_choice(memory: Session) -> str | None:
    """Let a person choose the index, or type where one is; None while there is none."""
    known = indices.offered(memory)
    names = indices.names_of(known)
    if current := indices.index_uri(memory):
        fill_index(current, again=False)
    st.selectbox(
        "Index",
        known,
        index=None if current is None else known.index(current),
        format_func=lambda uri: names.get(uri, uri),
        key=KEY,
        accept_new_options=True,
        placeholder="its folder or address",
        on_change=_take,
        persist_state="session",
        help=_HELP,
    )
    return indices.index_uri(memory)


def fill_index(uri: str, *, again: bool) -> None:
    """Say in the field which index is shown; `again` as in `fill_fields`."""
    fill_fields({KEY: uri}, again=again)


def _take() -> None:
    if chosen := st.session_state.get(KEY):
        indices.choose_index(session(), chosen)
