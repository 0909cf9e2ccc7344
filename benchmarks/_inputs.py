"""Inputs that the benchmark scripts share: a bundled radiograph and any number of phrases."""

import itertools

import cv2
import numpy as np

from explorer import pipeline
from explorer.entities import Float32, Radiograph

FINDINGS = (
    "atelectasis",
    "pleural effusion",
    "consolidation",
    "pneumothorax",
    "nodule",
    "mass",
    "airspace opacity",
    "pleural thickening",
)
PLACES = tuple(f"{side} {zone}" for side in ("right", "left") for zone in ("upper", "mid", "lower"))
FORMS = ("{finding} in the {place} lung", "{place} lung {finding}", "There is {place} {finding}.")


def distinct_phrases(count: int) -> list[str]:
    """The first `count` of 144 distinct sided phrases, findings first, then forms, then places."""
    combinations = itertools.product(PLACES, FORMS, FINDINGS)
    phrases = [form.format(finding=finding, place=place) for place, form, finding in combinations]
    if count > len(phrases):
        raise ValueError(f"There are {len(phrases)} distinct phrases, got a request for {count}.")
    return phrases[:count]


def bundled_radiograph() -> Radiograph:
    """The radiograph of the first bundled study."""
    study, _ = pipeline.load_bundled_study(pipeline.list_bundled_studies()[0].name)
    return study.radiographs[0]


def square_pixels(side: int) -> Float32:
    """The bundled radiograph resampled to (side, side) float32 in [0, 1]."""
    pixels = bundled_radiograph().pixels
    resampled = cv2.resize(pixels, (side, side), interpolation=cv2.INTER_LINEAR)
    return np.asarray(resampled, dtype=np.float32)
