"""Phantoms as a checkpoint sees them, with what is known of each: to learn from."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from explorer.adapters import Engine
from explorer.entities import Float32
from explorer.pipeline.embedding import embed_pixels


@dataclass(frozen=True, slots=True)
class SeenPhantom:
    """A rendered film without its pixels.

    Attributes:
        grid: (h, w, D) patch vectors.
        report: Its report.
        findings: What it shows.
        absent: What it surely lacks: the name of a finding and the sentence that says so.
    """

    grid: Float32
    report: str
    findings: tuple[Any, ...]
    absent: tuple[tuple[str, str], ...]


def seen_phantoms(engine: Engine, studies: Iterable[Any]) -> Iterator[SeenPhantom]:
    """Those that the image check takes for frontal films."""
    for study in studies:
        pixels = (study.image / np.float32(65535)).astype(np.float32)
        looked = embed_pixels(engine, pixels)
        if looked.check.verdict == "frontal":
            yield SeenPhantom(
                looked.grid.values, study.report, tuple(study.findings), tuple(study.absent)
            )
