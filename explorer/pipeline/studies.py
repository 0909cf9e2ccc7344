"""Studies that are uploaded and studies that ship with the app."""

import logging
from collections.abc import Sequence
from pathlib import Path

from explorer import reading
from explorer.corpora.bundled import BundledStudy, read_bundled
from explorer.entities import Study
from explorer.errors import DataSetError
from explorer.pipeline._assets import ASSETS

log = logging.getLogger(__name__)

_REMEDY = "Clone the repository or install the package again."


def read_study(files: Sequence[bytes], report: str | None = None) -> Study:
    """Read uploaded files and an optional report text into a study."""
    return reading.read_study(files, report=report)


def read_report_file(data: bytes) -> str:
    """Decode the bytes of a plain-text report in any common encoding."""
    return reading.decode_report(data)


def list_bundled_studies(root: Path | None = None) -> tuple[BundledStudy, ...]:
    """The studies in `assets/studies`, in folder order; a log line says when there is none.

    Raises:
        DataSetError: A study's truth.json cannot be read.
    """
    root = root or ASSETS / "studies"
    folders = sorted(root.glob("*/truth.json"))
    if not folders:
        log.warning("No study is bundled in %s. %s", root, _REMEDY)
    return tuple(read_bundled(path.parent) for path in folders)


def bundled_folder() -> Path:
    """Folder of the studies that ship with the app."""
    return ASSETS / "studies"


def load_bundled_study(name: str, root: Path | None = None) -> tuple[Study, BundledStudy]:
    """Read one bundled study and what is known of it.

    Raises:
        DataSetError: There is no such study.
    """
    studies = {s.name: s for s in list_bundled_studies(root)}
    if name not in studies:
        known = f"Available: {', '.join(studies)}." if studies else f"None is bundled. {_REMEDY}"
        raise DataSetError(f"Unknown study {name!r}. {known}")
    entry = studies[name]
    report = (entry.folder / "report.txt").read_text(encoding="utf-8")
    return read_study([(entry.folder / "image.dcm").read_bytes()], report), entry
