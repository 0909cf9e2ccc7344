"""Two to four panes on one study, each with its own checkpoint, pooling, map source or film."""

from explorer.ui.components.compare.panes import compare

__all__ = ["compare"]
