"""One grounding as JSON: boxes in original pixels, controls, standing, frame and provenance."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from explorer.entities import (
    Assertion,
    Box,
    GroundedPhrase,
    ImageCheck,
    ModelFrame,
    PhraseControls,
    Radiograph,
    Region,
    Sentence,
    Spacing,
    Standing,
)

SCHEMA = "radiograph-grounding/2"
NOTICE = "Research use, not for diagnosis."
DIGITS = 4  # of cosines and scores
_NUMBERS = re.compile(r"\[\n\s*(?:-?[\d.eE+-]+,\n\s*)*-?[\d.eE+-]+\n\s*\]")


def grounding_document(
    radiograph: Radiograph,
    *,
    check: ImageCheck,
    frame: ModelFrame,
    grounded: Sequence[GroundedPhrase],
    checkpoint: Mapping[str, object],
    version: str,
    assertions: Sequence[Assertion] | None = None,
    sentences: Sequence[Sentence] | None = None,
    source_name: str | None = None,
) -> dict[str, Any]:
    """Gather one grounding into plain values that `json.dumps` takes.

    The document holds the phrases that were asked and a digest of the shown pixels. It holds no
    age, sex or other patient data, and a file name only when `source_name` is given.

    Args:
        radiograph: The image; its pixels are not copied.
        check: What the image looks like.
        frame: Places the grids in the original.
        grounded: One a phrase.
        checkpoint: Name, sha256 and so on, plain values.
        version: Of this program.
        assertions: What each phrase states, in the order of `grounded`.
        sentences: Report sentences the phrases are, in the order of `grounded`.
        source_name: File name to keep.
    """
    count = len(grounded)
    for name, given in (("assertions", assertions), ("sentences", sentences)):
        if given is not None and len(given) != count:
            raise ValueError(f"{name} must be one a phrase, got {len(given)} for {count} phrases.")
    phrases = [_phrase(item) for item in grounded]
    for i, entry in enumerate(phrases):
        if assertions is not None:
            entry["assertion"] = assertions[i]
        if sentences is not None:
            entry["sentence"] = {
                "text": sentences[i].text,
                "section": sentences[i].section,
                "start": sentences[i].start,
                "end": sentences[i].end,
            }
    return {
        "schema": SCHEMA,
        "notice": NOTICE,
        "program": {"name": "radiograph-grounding-explorer", "version": version},
        "checkpoint": dict(checkpoint),
        "image": _image(radiograph, source_name),
        "image_check": {
            "verdict": check.verdict,
            "refused": check.refuse,
            "message": check.message,
            "scores": {name: round(float(p), DIGITS) for name, p in check.scores.items()},
        },
        "frame": _frame(frame),
        "phrases": phrases,
    }


def to_json_text(document: Mapping[str, Any]) -> str:
    """Write a document as JSON, lists of numbers on one line each."""
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    # A line break inside a string is escaped, so only lists of numbers match.
    return _NUMBERS.sub(lambda found: " ".join(found[0].split()), text) + "\n"


def _image(radiograph: Radiograph, source_name: str | None) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "sha256_of_pixels": radiograph.digest,
        "rows": radiograph.shape[0],
        "columns": radiograph.shape[1],
        "format": radiograph.source_format,
        "view_position": radiograph.view_position,
        "side_at_left_edge": radiograph.laterality,
        "spacing": _spacing(radiograph.spacing),
        "notes": list(radiograph.notes),
    }
    if source_name is not None:
        entry["file_name"] = source_name
    return entry


def _spacing(spacing: Spacing | None) -> dict[str, Any] | None:
    if spacing is None:
        return None
    return {
        "row_mm": spacing.row_mm,
        "column_mm": spacing.column_mm,
        "source": spacing.source,
    }


def _frame(frame: ModelFrame) -> dict[str, Any]:
    return {
        "meaning": "x_input = x_image * scale_x + offset_x; pixel edges lie at integers; "
        "the patch grid divides the model input into equal cells",
        "image_shape": list(frame.image_shape),
        "input_shape": list(frame.input_shape),
        "grid_shape": list(frame.grid_shape),
        "scale_x": frame.scale_x,
        "scale_y": frame.scale_y,
        "offset_x": frame.offset_x,
        "offset_y": frame.offset_y,
    }


def _phrase(grounded: GroundedPhrase) -> dict[str, Any]:
    map = grounded.map
    return {
        "phrase": grounded.phrase,
        "score": round(grounded.score, DIGITS),
        "score_calibrated": grounded.score_calibrated,
        "threshold": round(grounded.threshold, DIGITS),
        "threshold_rule": grounded.threshold_rule,
        "regions": [_region(region) for region in grounded.regions],
        "controls": _controls(grounded.controls),
        "standing": _standing(grounded.standing),
        "map": {
            "meaning": "cosine of phrase and patch, [row][column]; "
            "score = 1 / (1 + exp(-(cosine * score_scale + score_bias)))",
            "score_scale": map.score_scale,
            "score_bias": map.score_bias,
            "calibrated": map.calibrated,
            "cosine_range": list(map.cosine_range),
            "cosine": [[round(float(v), DIGITS) for v in row] for row in map.cosine],
        },
    }


def _region(region: Region) -> dict[str, Any]:
    return {
        "box_xyxy": _box(region.box),
        "peak": round(region.peak, DIGITS),
        "area_fraction": round(region.area_fraction, 5),
        "contour_xy": [[round(float(x), 1), round(float(y), 1)] for x, y in region.contour],
    }


def _box(box: Box) -> list[float]:
    return [round(edge, 2) for edge in (box.x_min, box.y_min, box.x_max, box.y_max)]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)


def _standing(standing: Standing) -> dict[str, Any]:
    return {
        "grade": standing.grade,
        "among_normal": _rounded(standing.among_normal),
        "among_all": _rounded(standing.among_all),
        "log_odds": _rounded(standing.log_odds),
        "reason": standing.reason,
    }


def _controls(controls: PhraseControls) -> dict[str, Any]:
    return {
        "nonsense": _rounded(controls.nonsense),
        "negated": _rounded(controls.negated),
        "swapped": _rounded(controls.swapped),
        "sensitivity": _rounded(controls.sensitivity),
        "null_z": _rounded(controls.null_z),
        "calibrated": controls.calibrated,
        "abstain": controls.abstain,
        "reasons": list(controls.reasons),
    }
