"""Colours and short marks that mean the same on every page."""

from typing import Literal

Tone = Literal["green", "blue", "orange", "red", "gray", "violet"]

# What a bundled study is there to show: (words on the badge, colour).
EXPECTED: dict[str, tuple[str, Tone]] = {
    "works": ("works", "green"),
    "normal": ("normal", "blue"),
    "fails": ("fails here", "orange"),
}

# Plotly reads these in both themes: mid tones with enough contrast on white and on near-black.
CHART_PHRASE = "#1c98a2"
CHART_NULL = "#8a979e"
CHART_LIMIT = "#d0743c"
# One a pane of Compare, told apart without red and green.
PANE_COLORS = ("#1c98a2", "#d0743c", "#8d82d6", "#b9a12c")
