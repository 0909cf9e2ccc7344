"""What a search found, one card a hit with its reasons."""

from explorer.ui.components.hits.component import hits

__all__ = ["hits"]
