"""Prototypes of an index: a map and a room for each, with exemplars, measures and neighbours."""

from explorer.ui.components.prototypes import prototypes

if __name__ == "__main__":
    prototypes()
