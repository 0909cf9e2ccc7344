"""Phantoms: study folders with truth.json, the bundled ones and those of `explorer phantom render`.

The bundled studies have boxes of what is named in their reports; rendered ones have an exact mask
for every sentence. Sentences that deny are phrases that are not there.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from explorer.corpora.layouts import image_size
from explorer.corpora.placed._coco import runs_of
from explorer.corpora.placed._reading import load_json, merged, other_schema
from explorer.entities import Box
from explorer.errors import DataSetError
from explorer.placed import PlacedPhrase
from explorer.text import mentions, read_report

TITLE = "phantoms: folders with image.dcm, report.txt and truth.json"
LICENCE = "CC BY 3.0 (rendered from a chest CT of LIDC-IDRI)"
_TRUTH, _IMAGE, _REPORT = "truth.json", "image.dcm", "report.txt"
_NEEDED = "the boxes or sentences of a phantom"


def evidence(source: Path) -> str:
    """At least one study folder."""
    if not source.is_dir():
        return ""
    found = next((p for p in source.rglob(_TRUTH) if (p.parent / _IMAGE).is_file()), None)
    return f"{_TRUTH} beside {_IMAGE}" if found else ""


def read_placed(source: Path, *, images: Path) -> tuple[PlacedPhrase, ...]:  # noqa: ARG001
    """Read every study folder below a folder; each phantom counts as one patient.

    Args:
        source: The folder.
        images: Not read: the image is in the folder of its truth.

    Raises:
        DataSetError: There is no study folder, or a truth.json cannot be read.
    """
    paths = sorted(p for p in source.rglob(_TRUTH) if (p.parent / _IMAGE).is_file())
    if not paths:
        raise DataSetError(f"{source.name!r} must hold {_TRUTH} beside {_IMAGE}, it does not.")
    found: list[PlacedPhrase] = []
    for path in paths:
        truth = load_json(path)
        try:
            found += _rendered(truth, path) if "sentences" in truth else _bundled(truth, path)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise other_schema(path, _NEEDED) from error
    return merged(found)


def _bundled(truth: dict[str, Any], path: Path) -> list[PlacedPhrase]:
    """Labels and sentences with boxes, and the denied sentences of the report."""
    image = path.parent / _IMAGE
    report = read_report((path.parent / _REPORT).read_text(encoding="utf-8"))
    base = PlacedPhrase(image, image_size(image), "", "", patient=path.parent.name)
    found = []
    for entry in truth["boxes"]:
        box, sentence = Box(*entry["box_xyxy"]), entry["sentence"]
        words = [entry["label"]]
        if sentence is not None:
            words.append(report.sentences[sentence].phrase or report.sentences[sentence].text)
        found += [_with(base, phrase=w, finding=entry["label"], boxes=(box,)) for w in words]
    found += [
        _with(base, phrase=s.text, finding=(mentions(s.text) or ("",))[0], present=False)
        for s in report.sentences
        if s.assertion == "absent"
    ]
    return found


def _rendered(truth: dict[str, Any], path: Path) -> list[PlacedPhrase]:
    """Sentences with their masks, and true denials."""
    height, width = truth["image_shape"]
    base = PlacedPhrase(
        path.parent / _IMAGE, (int(height), int(width)), "", "", patient=str(truth["number"])
    )
    found = []
    for sentence in truth["sentences"]:
        names = sentence["finding_ids"]
        if sentence["mask"] is not None and sentence["assertion"] == "present":
            runs = runs_of(sentence["mask"])
            found.append(_with(base, phrase=sentence["text"], finding=names[0], mask=runs))
    found += [
        _with(base, phrase=denied["text"], finding=denied["finding"], present=False)
        for denied in truth["absent"]
    ]
    return found


def _with(base: PlacedPhrase, **changes: Any) -> PlacedPhrase:
    return replace(base, study=base.patient, **changes)
