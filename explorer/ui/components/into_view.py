"""Brings a part of the page into view: where a press leads to, and where a person left from."""

from pathlib import Path

import streamlit as st

from explorer.ui.components.bundle import bundle_modules

_element = st.components.v2.component(
    "into_view",
    html="<span hidden></span>",
    js=bundle_modules(Path(__file__).parent / "js" / "into_view.js"),
)


def into_view(place: str, *, serial: int, key: str) -> None:
    """Scroll to a part of the page, where it is not in view; drawn below that part.

    Args:
        place: Key of its container; "" for none.
        serial: Another one asks again; a page that is drawn anew asks by itself.
        key: Unique name on the page.
    """
    _element(key=key, data={"place": place, "serial": serial})
