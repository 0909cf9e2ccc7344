"""The radiograph viewer: one workbench, everything a hand does runs in the browser."""

from explorer.ui.components.viewer.component import (
    feed_head,
    feed_phrases,
    feed_setup,
    feed_words,
    viewer,
)
from explorer.ui.components.viewer.contract import (
    LONGEST_PHRASE,
    MAX_PANES,
    MOST_TYPED,
    Desk,
    Head,
    Note,
    PaneSetup,
    Place,
    Setup,
    Stated,
    Thumbnail,
    ViewerFilm,
    ViewerPhrase,
    ViewerReference,
    ViewerWords,
    phrase_color,
)
from explorer.ui.components.viewer.payload import image_id

__all__ = [
    "LONGEST_PHRASE",
    "MAX_PANES",
    "MOST_TYPED",
    "Desk",
    "Head",
    "Note",
    "PaneSetup",
    "Place",
    "Setup",
    "Stated",
    "Thumbnail",
    "ViewerFilm",
    "ViewerPhrase",
    "ViewerReference",
    "ViewerWords",
    "feed_head",
    "feed_phrases",
    "feed_setup",
    "feed_words",
    "image_id",
    "phrase_color",
    "viewer",
]
