"""Registers the viewer with Streamlit and turns what the browser sends back into an event.

Two elements make one viewer: the first carries the script and the 16-bit radiographs, the second
the maps and sentences. A new phrase or checkpoint changes only the second, so pixels cross the
wire once a study; the browser joins the two by the viewer's key.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from explorer.entities import Box
from explorer.ui.components.viewer.bundle import bundle_modules
from explorer.ui.components.viewer.contract import MAX_PANES, DrawnBox, ViewerEvent, ViewerPane
from explorer.ui.components.viewer.payload import image_id, map_message, radiograph_message

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
    panes: Sequence[ViewerPane],
    *,
    key: str,
    height: int = 640,
    shown: str | None = None,
    send_choice: bool = False,
) -> ViewerEvent:
    """Show one to four radiographs with their maps and the report panel beside them.

    Everything a hand does runs in the browser. A rerun follows only when a box is finished or
    deleted and, with `send_choice`, when a card is chosen.

    Args:
        panes: What to show; panes are linked in window, zoom and position.
        key: Unique name on the page. View, boxes and choices live as long as it is shown.
        height: Of the image area, in CSS pixels.
        shown: `ViewerPhrase.phrase_id` to select when this value changes (for example a phrase
            just typed); None leaves the choice to the person and starts with the first map.
        send_choice: Whether choosing a card reruns the page and fills `ViewerEvent.phrase_id`.

    Raises:
        ValueError: There are no panes or more than four.
    """
    if not 1 <= len(panes) <= MAX_PANES:
        raise ValueError(f"The viewer shows 1 to {MAX_PANES} panes, got {len(panes)}.")
    with st.container(gap=None):
        result = _viewer_element(
            key=key,
            data=radiograph_message(panes, key=key, height=height),
            on_boxes_change=_ignore,
            on_phrase_change=_ignore,
        )
        _feed_element(
            key=f"{key}-feed",
            data=map_message(panes, key=key, shown=shown, send_choice=send_choice),
        )
    return read_event(result.get("boxes"), result.get("phrase"), panes, send_choice=send_choice)


def read_event(
    boxes: Any, phrase: Any, panes: Sequence[ViewerPane], *, send_choice: bool
) -> ViewerEvent:
    """Check what a browser sent; what does not fit these panes is dropped."""
    ids = {item.phrase_id for pane in panes for item in pane.phrases}
    names = [image_id(pane.radiograph) for pane in panes] if boxes else []
    drawn = [_drawn_box(item, names, panes) for item in boxes] if isinstance(boxes, list) else []
    return ViewerEvent(
        boxes=tuple(box for box in drawn if box is not None),
        phrase_id=phrase if send_choice and isinstance(phrase, str) and phrase in ids else None,
    )


def _drawn_box(item: Any, names: list[str], panes: Sequence[ViewerPane]) -> DrawnBox | None:
    try:
        pane, edges = int(item["pane"]), [float(edge) for edge in item["box"]]
        x_min, y_min, x_max, y_max = edges
        if not 0 <= pane < len(names) or item["image"] != names[pane]:
            return None
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    height, width = panes[pane].radiograph.shape
    inside = 0 <= x_min < x_max <= width and 0 <= y_min < y_max <= height
    if not inside or not all(map(math.isfinite, edges)):
        return None
    return DrawnBox(box_id=str(item.get("id", ""))[:40], pane=pane, box=Box(*edges))


def _ignore() -> None:
    """Callbacks are named so that Streamlit keeps these two states."""
