"""Builds the viewer's messages: the radiographs (heavy, rarely new) and, in parts, the maps."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.entities import (
    Box,
    ModelFrame,
    PhraseControls,
    Radiograph,
    Spacing,
    Standing,
    VoiTable,
    Window,
)
from explorer.ui.components.viewer.contract import (
    Desk,
    Head,
    Place,
    Setup,
    ViewerFilm,
    ViewerPhrase,
    ViewerReference,
    ViewerWords,
    phrase_color,
)
from explorer.ui.components.viewer.packing import Packer, pack_levels
from explorer.ui.kept import Kept

# Above this the levels are sent averaged over 2x2, 3x3 ... blocks: 16-bit pixels and their
# smaller copies must fit a browser tab beside everything else.
MAX_PIXELS_SENT = 40_000_000
PERCENTILES = (0.0, 0.1, 1.0, 2.0, 5.0, 95.0, 98.0, 99.0, 99.9, 100.0)
MOST_BYTES = 64_000_000  # of all packed radiographs that are remembered

_packed_images: Kept[str, tuple[bytes, tuple[int, int], int]] = Kept(
    MOST_BYTES, lambda entry: len(entry[0])
)


def film_message(films: Sequence[ViewerFilm], *, key: str, desk: Desk) -> bytes:
    """Pack the radiographs of all panes and what lies around them; equal ones are stored once.

    Nothing in it depends on phrases or checkpoints, so a rerun with a new phrase makes the same
    bytes and Streamlit sends a reference instead.
    """
    packer = Packer()
    body = {
        "key": key,
        "panes": [{"study": film.study, **_radiograph(packer, film.radiograph)} for film in films],
        "desk": {
            "title": desk.title,
            "link": desk.link,
            "index": desk.index,
            "problems": [{"title": note.title, "text": note.text} for note in desk.problems],
            "failed": desk.failed,
            "back": desk.back,
            "compact": desk.compact,
            "tells": list(desk.tells),
            "looseReport": desk.loose_report,
            "longestPhrase": desk.longest_phrase,
            "mostTyped": desk.most_typed,
            "thumbnails": [
                {
                    "label": item.label,
                    "side": item.picture.shape[0],
                    "grey": packer.add(item.picture.tobytes()),
                }
                for item in desk.thumbnails
            ],
        },
    }
    return packer.message(body)


def head_message(place: Place, head: Head, *, key: str, asked: tuple[int, str] | None) -> bytes:
    """Pack what is known before any phrase; `asked` is a phrase to select, with a new number."""
    packer = Packer()
    body = {
        **_place(place, key, "head"),
        "title": head.title,
        "checkpoint": head.checkpoint,
        "frame": None if head.frame is None else _frame(head.frame),
        "refused": head.refused,
        "failed": head.failed,
        "notes": list(head.notes),
        "remedies": list(head.remedies),
        "reference": [_reference(reference) for reference in head.reference],
        "total": head.total,
        "bound": head.bound,
        "nullPeaks": [[phrase, float(peak)] for phrase, peak in head.null_peaks.items()],
        "cost": head.cost,
        "asked": None if asked is None else {"number": asked[0], "phrase": asked[1]},
    }
    return packer.message(body)


def phrases_message(
    place: Place, phrases: Sequence[ViewerPhrase], *, key: str, part: str, first: int = 0
) -> bytes:
    """Pack some phrases with their maps, controls and regions.

    Args:
        place: What they belong to.
        phrases: In order.
        key: Of the viewer.
        part: Name of this part among those of the same place.
        first: Order of the first phrase among all of its kind.
    """
    packer = Packer()
    body = {
        **_place(place, key, part),
        "phrases": [
            {**_phrase(packer, phrase, first + i), "order": first + i}
            for i, phrase in enumerate(phrases)
        ],
    }
    return packer.message(body)


def setup_message(study: str, setup: Setup, *, key: str, run: int) -> bytes:
    """Pack what every pane is set to and what it can be set to."""
    body = {"key": key, "part": "setup", "study": study, "run": run, **asdict(setup)}
    return Packer().message(body)


def words_message(place: Place, found: ViewerWords, *, key: str) -> bytes:
    """Pack what each word of a phrase adds to its map, in reading order."""
    body = {
        **_place(place, key, words_part(found)),
        "phrase": found.phrase_id,
        "way": found.way,
        "words": [[word, float(value)] for word, value in found.words],
        "note": found.note,
        "why": found.why,
    }
    return Packer().message(body)


def words_part(found: ViewerWords) -> str:
    """Name of the part that words of a phrase come in."""
    return f"words:{found.way}:{found.phrase_id}"


def _place(place: Place, key: str, part: str) -> dict[str, Any]:
    return {
        "key": key,
        "part": part,
        "study": place.study,
        "film": place.film,
        "space": place.space,
        "run": place.run,
        "pane": place.pane,
    }


def image_id(radiograph: Radiograph) -> str:
    """Name the 16-bit levels by their content; holds nothing of the patient."""
    digest = hashlib.blake2b(np.ascontiguousarray(radiograph.levels).data, digest_size=12)
    digest.update(repr((radiograph.shape, radiograph.digest)).encode())
    return digest.hexdigest()


def _radiograph(packer: Packer, radiograph: Radiograph) -> dict[str, Any]:
    name = image_id(radiograph)
    packed, sent_shape, reduction = _packed_levels(name, radiograph)
    height, width = radiograph.shape
    return {
        "id": name,
        "height": height,
        "width": width,
        "levels": packer.add(packed),
        "sentHeight": sent_shape[0],
        "sentWidth": sent_shape[1],
        "reduction": reduction,
        "slope": radiograph.level_slope,
        "intercept": radiograph.level_intercept,
        "inverted": radiograph.inverted,
        "windows": [_window(packer, window) for window in radiograph.windows],
        "percentiles": _percentiles(radiograph),
        "laterality": radiograph.laterality,
        "view": radiograph.view_position,
        "spacing": _spacing(radiograph.spacing),
        "format": radiograph.source_format,
    }


def _packed_levels(name: str, radiograph: Radiograph) -> tuple[bytes, tuple[int, int], int]:
    """Compress the levels, remembering the last few images of the process."""
    found = _packed_images.get(name)
    if found is not None:
        return found
    levels, reduction = _reduce(radiograph.levels)
    shape = levels.shape[0], levels.shape[1]
    return _packed_images.put(name, (pack_levels(levels), shape, reduction))


def _reduce(levels: NDArray[np.uint16]) -> tuple[NDArray[np.uint16], int]:
    """Average over k x k blocks until at most `MAX_PIXELS_SENT` are left; returns (levels, k)."""
    reduction = int(np.ceil(np.sqrt(levels.size / MAX_PIXELS_SENT)))
    if reduction <= 1:
        return levels, 1
    height, width = levels.shape
    pad = ((0, -height % reduction), (0, -width % reduction))
    padded = np.pad(levels, pad, mode="edge")
    total = np.zeros((padded.shape[0] // reduction, padded.shape[1] // reduction), np.float32)
    for row in range(reduction):
        for column in range(reduction):
            total += padded[row::reduction, column::reduction]
    return np.rint(total / reduction**2).astype(np.uint16), reduction


def _percentiles(radiograph: Radiograph) -> dict[str, float]:
    """Modality values at fixed percentiles of the pixels that are not padding."""
    levels = radiograph.levels
    if radiograph.valid is not None and radiograph.valid.any():
        levels = levels[radiograph.valid]
    counts = np.bincount(levels.ravel(), minlength=1 << 16)
    cumulative = np.cumsum(counts)
    targets = np.array(PERCENTILES) / 100 * cumulative[-1]
    found = np.searchsorted(cumulative, np.maximum(targets, 1), side="left")
    values = found * radiograph.level_slope + radiograph.level_intercept
    if radiograph.level_slope < 0:
        values = values[::-1]
    return {f"{p:g}": float(v) for p, v in zip(PERCENTILES, values, strict=True)}


def _window(packer: Packer, window: Window | VoiTable) -> dict[str, Any]:
    if isinstance(window, VoiTable):
        values = packer.add_float32(window.values)
        return {"kind": "table", "name": window.name, "first": window.first, "values": values}
    return {
        "kind": "window",
        "name": window.name,
        "center": window.center,
        "width": window.width,
        "function": window.function,
    }


def _spacing(spacing: Spacing | None) -> dict[str, Any] | None:
    if spacing is None:
        return None
    return {"row": spacing.row_mm, "column": spacing.column_mm, "source": spacing.source}


def _frame(frame: ModelFrame) -> dict[str, Any]:
    return {
        "imageHeight": frame.image_shape[0],
        "imageWidth": frame.image_shape[1],
        "inputRows": frame.input_shape[0],
        "inputColumns": frame.input_shape[1],
        "gridRows": frame.grid_shape[0],
        "gridColumns": frame.grid_shape[1],
        "scaleX": frame.scale_x,
        "scaleY": frame.scale_y,
        "offsetX": frame.offset_x,
        "offsetY": frame.offset_y,
    }


def _phrase(packer: Packer, phrase: ViewerPhrase, index: int) -> dict[str, Any]:
    return {
        "id": phrase.phrase_id,
        "text": phrase.shown_text,
        "kind": phrase.kind,
        "assertion": phrase.assertion,
        "section": phrase.section,
        "color": phrase.color or phrase_color(index),
        "sentence": phrase.sentence,
        "start": phrase.start,
        "end": phrase.end,
        "pending": phrase.pending,
        "note": phrase.note,
        "map": None if phrase.grounded is None else _grounded(packer, phrase),
    }


def _grounded(packer: Packer, phrase: ViewerPhrase) -> dict[str, Any]:
    grounded = phrase.grounded
    assert grounded is not None
    shown = grounded.map
    return {
        "phrase": grounded.phrase,
        "cosine": packer.add_float32(shown.cosine),
        "frame": _frame(shown.frame),
        "scale": shown.score_scale,
        "bias": shown.score_bias,
        "range": None if phrase.value_range is None else list(phrase.value_range),
        "source": phrase.source,
        "note": phrase.note,
        "bar": phrase.bar,
        "about": phrase.about,
        "mapCalibrated": shown.calibrated,
        "score": float(grounded.score),
        "calibrated": grounded.score_calibrated,
        "threshold": float(grounded.threshold),
        "rule": grounded.threshold_rule,
        "controls": _controls(grounded.controls),
        "standing": _standing(grounded.standing),
        "regions": [
            {
                "box": _box(region.box),
                "peak": float(region.peak),
                "area": float(region.area_fraction),
            }
            for region in grounded.regions
        ],
    }


def _controls(controls: PhraseControls) -> dict[str, Any]:
    return {
        "nonsense": _number(controls.nonsense),
        "negated": _number(controls.negated),
        "swapped": _number(controls.swapped),
        "sensitivity": _number(controls.sensitivity),
        "nullZ": _number(controls.null_z),
        "abstain": controls.abstain,
        "reasons": list(controls.reasons),
    }


def _standing(standing: Standing) -> dict[str, Any]:
    return {
        "grade": standing.grade,
        "amongNormal": _number(standing.among_normal),
        "amongAll": _number(standing.among_all),
        "logOdds": _number(standing.log_odds),
        "reason": standing.reason,
    }


def _reference(reference: ViewerReference) -> dict[str, Any]:
    return {
        "label": reference.label,
        "box": _box(reference.box),
        "sentence": reference.sentence,
    }


def _box(box: Box) -> list[float]:
    return [float(box.x_min), float(box.y_min), float(box.x_max), float(box.y_max)]


def _number(value: float | None) -> float | None:
    """JSON has no NaN: an undefined correlation (a flat map) is sent as null."""
    return None if value is None or not np.isfinite(value) else float(value)
