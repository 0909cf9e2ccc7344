"""Where the files that ship with the program are: in the package, or beside it in a checkout."""

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]
_SHIPPED = _PACKAGE / "shipped"  # an installed wheel has it, see setup.py

ROOT = _SHIPPED if _SHIPPED.is_dir() else _PACKAGE.parent
ASSETS = ROOT / "assets"
APP_FILE = ROOT / "app.py"
