"""The keys of the viewer, read from the table its own script runs."""

import json
import re
from functools import cache
from pathlib import Path

_SCRIPT = Path(__file__).parent / "viewer" / "js" / "ui" / "keys.js"


@cache
def key_sheet() -> tuple[tuple[str, str], ...]:
    """Return (keys as printed, what they do), in the order of the viewer's own sheet.

    >>> ("b", "Box") in [(keys, text[:3]) for keys, text in key_sheet()]
    True
    """
    source = _SCRIPT.read_text(encoding="utf-8")
    found = re.search(r"KEY_SHEET = (\[.*?^\]);", source, flags=re.DOTALL | re.MULTILINE)
    if found is None:
        raise RuntimeError(f"{_SCRIPT.name} must hold the table KEY_SHEET, it was not found.")
    groups = json.loads(re.sub(r",(\s*\])", r"\1", found[1]))
    return tuple((keys, text) for _, rows in groups for keys, text in rows)
