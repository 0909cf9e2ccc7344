"""The Prototypes page: a map and a gallery of rooms that know of each other."""

from explorer.ui.components.prototypes.desk import prototypes

__all__ = ["prototypes"]
