"""Small synthetic records for the viewer's tests."""

from typing import Any

import numpy as np

from explorer.entities import (
    Box,
    GroundedPhrase,
    ModelFrame,
    PhraseControls,
    Radiograph,
    Region,
    SimilarityMap,
    Window,
)


def make_radiograph(levels: np.ndarray | None = None, **changes: Any) -> Radiograph:
    if levels is None:
        levels = np.arange(6 * 8, dtype=np.uint16).reshape(6, 8) * 1000
    fields: dict[str, Any] = {
        "pixels": (levels / 65535).astype(np.float32),
        "levels": levels,
        "level_slope": 1.0,
        "level_intercept": 0.0,
        "windows": (Window("Standard", 20000.0, 40000.0),),
        "inverted": False,
        "source_format": "PNG, 16 bit",
        "digest": "0" * 64,
    }
    return Radiograph(**(fields | changes))


def make_grounded(text: str = "opacity", *, seed: int = 0) -> GroundedPhrase:
    frame = ModelFrame((6, 8), (8, 8), (4, 4), 1.0, 1.0, 0.0, 1.0)
    cosine = np.random.default_rng(seed).uniform(-0.2, 0.6, (4, 4)).astype(np.float32)
    return GroundedPhrase(
        phrase=text,
        map=SimilarityMap(text, cosine, 10.0, -3.0, frame),
        score=0.7,
        threshold=0.5,
        threshold_rule="fixed",
        controls=PhraseControls(float("nan"), None, 0.2, 0.8, 3.0, abstain=False),
        regions=(Region(Box(1, 2, 7, 5), np.zeros((3, 2), np.float32), 0.9, 0.1),),
    )
