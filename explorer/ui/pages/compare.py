"""Checkpoints, poolings and map sources side by side on one study, with their differences."""

from explorer.ui.components.compare import compare

if __name__ == "__main__":
    compare()
