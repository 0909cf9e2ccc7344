"""A phantom as a folder for people and other programs: DICOM, report text, exact masks."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from explorer.errors import DataSetError
from explorer.phantom import rle
from explorer.phantom.dicom import to_dicom
from explorer.phantom.shards import describe_finding
from explorer.phantom.source import CT_ATTRIBUTION
from explorer.phantom.study import PhantomStudy

FOLDER_SCHEMA = "phantom-study/1"
TRUTH_FILE = "truth.json"


def write_study_folder(study: PhantomStudy, folder: Path, *, corpus: Mapping[str, object]) -> None:
    """Write `folder/{image.dcm, report.txt, truth.json}`, whole or not at all.

    `truth.json` holds every finding with its words, box and mask, and every sentence of the
    report with its assertion and the mask of what it speaks of. Boxes and masks are in pixels of
    `image.dcm`; masks are run lengths, see `rle.encode`.

    Args:
        study: A radiograph phantom.
        folder: Made here; a folder that is there is replaced.
        corpus: Where the study comes from: version, seed, size, poses.
    """
    partial = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    (partial / "image.dcm").write_bytes(to_dicom(study))
    (partial / "report.txt").write_text(study.report, encoding="utf-8")
    truth = json.dumps(truth_of(study, corpus=corpus), indent=1)
    (partial / TRUTH_FILE).write_text(truth + "\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)


def read_corpus(folder: Path) -> dict[str, Any] | None:
    """Which corpus a study folder belongs to; None when there is no such folder.

    Raises:
        DataSetError: The folder is there but its truth cannot be read.
    """
    if not folder.is_dir():
        return None
    try:
        return dict(json.loads((folder / TRUTH_FILE).read_text(encoding="utf-8"))["corpus"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataSetError(
            f"{TRUTH_FILE} of the study folder {folder.name!r} cannot be read "
            f"({type(error).__name__}). Delete the folder and render again."
        ) from error


def truth_of(study: PhantomStudy, *, corpus: Mapping[str, object]) -> dict[str, object]:
    """Plain values for `truth.json`."""
    return {
        "schema": FOLDER_SCHEMA,
        "corpus": dict(corpus),
        "number": study.seed,
        "view": study.view,
        "image_shape": list(study.image.shape),
        "pixel_mm": study.pixel_mm,
        "findings": [{**describe_finding(f), "mask": rle.encode(f.mask)} for f in study.findings],
        "sentences": _sentences(study),
        "absent": [{"finding": finding, "text": text} for finding, text in study.absent],
        "source": f"Phantom, rendered. Not a patient. {CT_ATTRIBUTION}",
        "licence": "CC BY 3.0",
    }


def _sentences(study: PhantomStudy) -> list[dict[str, object]]:
    """Sentences in order with their place in the report and the union of their masks."""
    found: list[dict[str, object]] = []
    end = 0
    for sentence in study.sentences:
        start = study.report.index(sentence.text, end)
        end = start + len(sentence.text)
        masks = [study.findings[k].mask for k in sentence.findings]
        found.append(
            {
                "text": sentence.text,
                "section": sentence.section,
                "start": start,
                "end": end,
                "assertion": sentence.assertion,
                "finding_ids": list(sentence.finding_ids),
                "findings": list(sentence.findings),
                "mask": rle.encode(np.logical_or.reduce(masks)) if masks else None,
            }
        )
    return found
