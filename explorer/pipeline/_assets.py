"""Where the files that ship with the program are."""

from pathlib import Path

ASSETS = Path(__file__).parents[2] / "assets"
