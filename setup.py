"""Puts into a wheel what lies beside the package in a checkout: app, settings and assets.

The rest of the build is in pyproject.toml. `explorer/pipeline/_assets.py` finds both places.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
BESIDE = ("app.py", ".streamlit/config.toml", "assets")


class BuildWithAssets(build_py):
    """Copies those files to `explorer/shipped`, laid out as in a checkout."""

    def run(self) -> None:
        """Build the package, then put the files in; an editable install reads them in place."""
        super().run()
        if self.editable_mode:
            return
        shipped = Path(self.build_lib) / "explorer" / "shipped"
        shutil.rmtree(shipped, ignore_errors=True)  # a checkpoint of an earlier build
        for name in BESIDE:
            source, target = ROOT / name, shipped / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target)
            else:
                shutil.copy2(source, target)


setup(cmdclass={"build_py": BuildWithAssets})
