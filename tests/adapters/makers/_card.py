"""Writes card.json for a tiny folder: every file named with its sha256."""

import json
from pathlib import Path
from typing import Any

from explorer.encoders.files import sha256_of


def write_card(folder: Path, **entries: Any) -> None:
    """Write the card of a folder whose files are all there; `entries` are those of the family."""
    files = {f.name: sha256_of(f) for f in folder.iterdir() if f.name != "card.json"}
    card = {
        "title": f"Tiny {entries['family']} (untrained)",
        "licence": "Apache-2.0",
        "training_data": "none",
        "pooling": "max",
        "parameters": 1,
        **entries,
        "files": files,
    }
    (folder / "card.json").write_text(json.dumps(card), encoding="utf-8")
