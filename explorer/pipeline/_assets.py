"""Where the files that ship with the program are: in the package, or beside it in a checkout."""

import os
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]
_SHIPPED = _PACKAGE / "shipped"  # an installed wheel has it, see setup.py

ROOT = _SHIPPED if _SHIPPED.is_dir() else _PACKAGE.parent
ASSETS = ROOT / "assets"
APP_FILE = ROOT / "app.py"
SHELF_VARIABLE = "EXPLORER_CHECKPOINTS"


def own_shelf() -> Path:
    """Where checkpoints that a person adds are kept: $EXPLORER_CHECKPOINTS, or in the home."""
    home = Path.home() / ".local" / "share" / "radiograph-grounding-explorer" / "checkpoints"
    return Path(os.environ.get(SHELF_VARIABLE) or home)
