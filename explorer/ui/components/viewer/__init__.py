"""The radiograph viewer: one component, everything a hand does runs in the browser."""

from explorer.ui.components.viewer.component import viewer
from explorer.ui.components.viewer.contract import (
    DrawnBox,
    ViewerEvent,
    ViewerPane,
    ViewerPhrase,
    ViewerReference,
    phrase_color,
)

__all__ = [
    "DrawnBox",
    "ViewerEvent",
    "ViewerPane",
    "ViewerPhrase",
    "ViewerReference",
    "phrase_color",
    "viewer",
]
