"""The drawer: bundled studies, and one place for films and report; drop and paste work anywhere."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from explorer.ui import shelf
from explorer.ui.components.bundle import bundle_modules
from explorer.ui.components.outbox import Outbox
from explorer.ui.components.viewer.packing import Packer
from explorer.ui.opening import MEGABYTES, MOST_FILES
from explorer.ui.state import Session
from explorer.ui.theme import EXPECTED

if TYPE_CHECKING:
    from explorer.pipeline import BundledStudy

KEY = "drawer"
_HERE = Path(__file__).parent

_element = st.components.v2.component(
    "study_drawer",
    html='<div class="frame" lang="en"></div>',
    css=(_HERE / "drawer.css").read_text("utf-8"),
    js=bundle_modules(_HERE / "js" / "main.js"),
)
_pictures_element = st.components.v2.component(
    "study_drawer_pictures",
    html="<span hidden></span>",
    js=bundle_modules(_HERE / "js" / "pictures.js"),
)


def drawer(memory: Session, *, hear: Callable[[str, dict[str, Any]], None]) -> object:
    """Show the name of the study on screen, which opens the drawer.

    Args:
        memory: The session.
        hear: Called for each thing the person asked for, with its kind and its values.

    Returns:
        What the browser says is the name of this tab; see `explorer.ui.tabs`.
    """
    box = Outbox(KEY, hear)
    result = _element(
        key=KEY, data=_message(memory), on_outbox_change=box.read, on_tab_change=_ignore
    )
    return result.get("tab")


def _ignore() -> None:
    """Callbacks are named so that Streamlit keeps this state."""


def drawer_pictures() -> None:
    """Give the drawer the pictures of the bundled studies; reading them must delay nothing."""
    packer = Packer()
    pictures = {}
    for study in shelf.shelf():
        picture = shelf.bundled_thumbnail(study.name)
        pictures[study.name] = {"side": picture.shape[0], "grey": packer.add(picture.tobytes())}
    _pictures_element(key="drawer-pictures", data=packer.message({"pictures": pictures}))


def _message(memory: Session) -> bytes:
    loaded = memory.loaded
    body = {
        "study": loaded.token if loaded else None,
        "title": loaded.title if loaded else "",
        "name": loaded.name if loaded else None,
        "own": loaded is not None and loaded.origin == "upload",
        "opening": loaded.token if loaded else memory.failure,
        "failed": memory.failed,
        "mostFiles": MOST_FILES,
        "megabytes": MEGABYTES,
        "bundled": [_bundled(study) for study in shelf.shelf()],
    }
    return Packer().message(body)


def _bundled(study: "BundledStudy") -> dict[str, Any]:
    words, tone = EXPECTED.get(study.expected, (study.expected, "gray"))
    return {
        "name": study.name,
        "title": study.title,
        "description": study.description,
        "badge": words,
        "tone": tone,
    }
