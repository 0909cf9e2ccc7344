"""The frame of every page: a slim bar, and the drawer in which a study is opened."""

from explorer.ui.components.frame.bar import finish_frame, frame

__all__ = ["finish_frame", "frame"]
