"""Fields of a page that say what the tab remembers."""

from collections.abc import Mapping

import streamlit as st


def fill_fields(held: Mapping[str, object], *, again: bool) -> None:
    """Put what is remembered into fields before they are drawn.

    Args:
        held: Value by the key of its field.
        again: Whatever they hold now: a reload makes them anew, and empty, before the tab is known.
            Otherwise a field that holds something keeps it.
    """
    for key, value in held.items():
        if again or key not in st.session_state:
            st.session_state[key] = value
