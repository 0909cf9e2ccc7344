"""Reads `card.json`: every entry has its kind and range before anything is loaded."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from explorer.adapters._base import AdapterCard, Calibration
from explorer.encoders.files import WEIGHTS_FILE, digest_of
from explorer.grounding.alignment import POOLING_NAMES
from explorer.grounding.geometry import FRAME_MODES

_WORDS = ("title", "family", "licence", "training_data", "frame_mode", "pooling")
_PAIRS = ("input_size", "grid_size")
_NUMBERS = ("dimension", "parameters")
REQUIRED = (*_WORDS, *_PAIRS, *_NUMBERS, "files")
OPTIONAL = (
    "calibration",
    "weights",
    "resize",
    "smoothing",
    "cosine_range",
    "source",
    "revision",
    "licence_accepted",
    "metrics",
)


def card_from(data: dict[str, Any], *, folder: Path) -> AdapterCard:
    """The card of a folder from the entries of its file.

    Raises:
        KeyError: A required entry is missing.
        ValueError: An entry is of the wrong kind or out of range.
    """
    for name in REQUIRED:
        data[name]
    files = _files(data["files"])
    weights = _weights(data.get("weights", [WEIGHTS_FILE]), files=files)
    known: dict[str, Any] = {name: _word(name, data[name]) for name in _WORDS}
    known |= {name: _pair(name, data[name]) for name in _PAIRS}
    known |= {name: _count(name, data[name]) for name in _NUMBERS}
    return AdapterCard(
        name=folder.name,
        size_bytes=sum(f.stat().st_size for f in folder.iterdir() if f.is_file()),
        calibration=_calibration(data.get("calibration")),
        folder=folder,
        sha256=digest_of(weights, files=files),
        resize=None if data.get("resize") is None else _count("resize", data["resize"]),
        smoothing=_number("smoothing", data.get("smoothing", 0.0), low=0.0, high=100.0),
        cosine_range=_range(data.get("cosine_range", (-1.0, 1.0))),
        source=_word("source", data.get("source", "")),
        revision=_word("revision", data.get("revision", "")),
        licence_accepted=data.get("licence_accepted", False) is True,
        metrics=_mapping("metrics", data.get("metrics", {})),
        extra={k: v for k, v in data.items() if k not in (*REQUIRED, *OPTIONAL)}
        | {"files": files, "weights": weights},
        **_one_of(known),
    )


def _one_of(known: dict[str, Any]) -> dict[str, Any]:
    for name, choices in (("frame_mode", FRAME_MODES), ("pooling", POOLING_NAMES)):
        if known[name] not in choices:
            raise ValueError(f"{name} must be one of {', '.join(choices)}, got {known[name]!r}")
    return known


def _files(value: Any) -> dict[str, str]:
    if not all(isinstance(digest, str) for digest in value.values()):
        raise ValueError("files must map names to sha256 digests")
    return dict(value)


def _weights(value: Any, *, files: Mapping[str, str]) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(n, str) for n in value):
        raise ValueError(f"weights must be a list of file names, got {value!r}")
    for name in value:
        if name not in files:
            raise KeyError(f"files: {name}")
    return tuple(value)


def _word(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} must be text, got {value!r}")
    return value


def _count(name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ValueError(f"{name} must be a positive whole number, got {value!r}")
    return value


def _pair(name: str, value: Any) -> tuple[int, int]:
    """(rows, columns); a single number is a square."""
    both = value if isinstance(value, list) else [value, value]
    if len(both) != 2:
        raise ValueError(f"{name} must be one number or [rows, columns], got {value!r}")
    return _count(name, both[0]), _count(name, both[1])


def _number(name: str, value: Any, *, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name} must be a number, got {value!r}")
    if not low <= value <= high:
        raise ValueError(f"{name} must lie between {low:g} and {high:g}, got {value!r}")
    return float(value)


def _range(value: Any) -> tuple[float, float]:
    low, high = (_number("cosine_range", v, low=-1.0, high=1.0) for v in value)
    if low >= high:
        raise ValueError(f"cosine_range must go from low to high, got {[low, high]}")
    return low, high


def _mapping(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{name} must be an object, got {value!r}")
    return value


def _calibration(value: Any) -> Calibration | None:
    if value is None:
        return None
    if "threshold" not in value:
        raise ValueError(f"calibration needs threshold, got {', '.join(value) or 'nothing'}")
    return Calibration(_number("calibration threshold", value["threshold"], low=0, high=1))
