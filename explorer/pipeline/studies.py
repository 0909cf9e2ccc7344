"""Studies that are uploaded and studies that ship with the app."""

from collections.abc import Sequence
from pathlib import Path

from explorer import reading
from explorer.corpora.bundled import BundledStudy, read_bundled
from explorer.entities import Study
from explorer.errors import DataSetError
from explorer.pipeline._assets import ASSETS


def read_study(files: Sequence[bytes], report: str | None = None) -> Study:
    """Read uploaded files and an optional report text into a study."""
    return reading.read_study(files, report=report)


def read_report_file(data: bytes) -> str:
    """Decode the bytes of a plain-text report in any common encoding."""
    return reading.decode_report(data)


def list_bundled_studies(root: Path | None = None) -> tuple[BundledStudy, ...]:
    """The studies in `assets/studies`, in folder order.

    Raises:
        DataSetError: A study's truth.json cannot be read.
    """
    folders = sorted((root or ASSETS / "studies").glob("*/truth.json"))
    return tuple(read_bundled(path.parent) for path in folders)


def load_bundled_study(name: str, root: Path | None = None) -> tuple[Study, BundledStudy]:
    """Read one bundled study and what is known of it.

    Raises:
        DataSetError: There is no such study.
    """
    studies = {s.name: s for s in list_bundled_studies(root)}
    if name not in studies:
        raise DataSetError(f"Unknown study {name!r}. Available: {', '.join(studies)}.")
    entry = studies[name]
    report = (entry.folder / "report.txt").read_text(encoding="utf-8")
    return read_study([(entry.folder / "image.dcm").read_bytes()], report), entry
