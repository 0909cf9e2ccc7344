"""Registers the viewer with Streamlit: one element for the films, small ones for the maps.

The first element carries the script, the radiographs and the frame around them; every other one
carries a part of the results (the head, a piece of the report, one typed phrase). The browser puts
them together by the place that each names, so pixels cross the wire once a study, a new phrase
brings only itself, and nothing of one study is ever drawn on another.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from explorer.ui.components.bundle import bundle_modules
from explorer.ui.components.outbox import Outbox
from explorer.ui.components.viewer.contract import (
    MAX_PANES,
    Desk,
    Head,
    Place,
    Setup,
    ViewerFilm,
    ViewerPhrase,
    ViewerWords,
)
from explorer.ui.components.viewer.payload import (
    film_message,
    head_message,
    phrases_message,
    setup_message,
    words_message,
    words_part,
)

_HERE = Path(__file__).parent

_viewer_element = st.components.v2.component(
    "radiograph_viewer",
    html='<div class="rgx" lang="en"></div>',
    css="\n".join(path.read_text("utf-8") for path in sorted((_HERE / "css").glob("*.css"))),
    js=bundle_modules(_HERE / "js" / "main.js"),
)
_feed_element = st.components.v2.component(
    "radiograph_viewer_feed",
    html='<span class="rgx-feed" hidden></span>',
    js=bundle_modules(_HERE / "js" / "feed.js"),
)


def viewer(
    films: Sequence[ViewerFilm],
    *,
    key: str,
    desk: Desk,
    hear: Callable[[str, dict[str, Any]], None],
) -> None:
    """Show up to four radiographs in the workbench; maps follow with `feed_*`.

    Everything a hand does runs in the browser. A rerun follows only when Python is asked for
    something: a typed phrase, another radiograph of the study, what each word adds.

    Args:
        films: What to show; none when nothing could be opened.
        key: Unique name on the page.
        desk: Strip, problems and titles.
        hear: Called for each thing the person asked for, with its kind and its values; they come
            from a browser, so check them.

    Raises:
        ValueError: There are more than four films.
    """
    if len(films) > MAX_PANES:
        raise ValueError(f"The viewer shows at most {MAX_PANES} panes, got {len(films)}.")
    box = Outbox(key, hear)
    _viewer_element(
        key=key, data=film_message(films, key=key, desk=desk), on_outbox_change=box.read
    )


def feed_head(place: Place, head: Head, *, key: str, asked: tuple[int, str] | None) -> None:
    """Tell the viewer what is known of a radiograph before any phrase."""
    _feed(place, head_message(place, head, key=key, asked=asked), key=key, part="head")


def feed_setup(study: str, setup: Setup, *, key: str, run: int) -> None:
    """Tell the viewer what its panes are set to; it then offers the choices above each of them."""
    _feed_element(
        key=f"{key}/{study}/{run}/setup", data=setup_message(study, setup, key=key, run=run)
    )


def feed_phrases(
    place: Place, phrases: Sequence[ViewerPhrase], *, key: str, part: str, first: int = 0
) -> None:
    """Give the viewer some phrases with their maps."""
    message = phrases_message(place, phrases, key=key, part=part, first=first)
    _feed(place, message, key=key, part=part)


def feed_words(place: Place, found: ViewerWords, *, key: str) -> None:
    """Tell the viewer what each word of a phrase adds."""
    _feed(place, words_message(place, found, key=key), key=key, part=words_part(found))


def _feed(place: Place, message: bytes, *, key: str, part: str) -> None:
    _feed_element(key=f"{key}/{place.study}/{place.pane}/{place.run}/{part}", data=message)
