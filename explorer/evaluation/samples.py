"""From maps of one image to rows of a table: one a phrase, a column a figure of a protocol."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from explorer.evaluation.asked import Asked
from explorer.evaluation.baselines import LocationPrior, baseline_asked
from explorer.evaluation.listing import Listed, PlacedProtocol
from explorer.placed import PlacedPhrase

MODEL = "model"
SAID = "said"
# Columns that name a sample, in order.
TEXTS = ("row", "key", "image", "patient", "finding", "phrase")
FLAGS = ("present", "placed")
Sample = dict[str, Any]


def column(protocol: Listed, metric: str) -> str:
    """Name of the column of a figure: "aep/1:miou"."""
    return f"{protocol.ID}:{metric}"


def columns_of(protocols: Mapping[str, PlacedProtocol]) -> list[str]:
    """Columns of all figures, in order."""
    return [column(p, metric) for p in protocols.values() for metric in p.METRICS]


def measured(
    asked: Asked, protocols: Mapping[str, PlacedProtocol], *, row: str = MODEL
) -> list[Sample]:
    """One row a phrase of an image, with the figures of every protocol."""
    figures = {
        column(protocol, name): values
        for protocol in protocols.values()
        for name, values in protocol.measure(asked).items()
    }
    said = asked.said if asked.said is not None else np.full(len(asked.cases), np.nan)
    return [
        {
            "row": row,
            "key": case.key,
            "image": case.image_key,
            "patient": case.patient_key,
            "finding": case.finding,
            "phrase": case.phrase,
            "present": case.present,
            "placed": case.placed,
            SAID: float(said[number]),
            **{name: float(values[number]) for name, values in figures.items()},
        }
        for number, case in enumerate(asked.cases)
    ]


def by_image(phrases: Iterable[PlacedPhrase]) -> tuple[tuple[PlacedPhrase, ...], ...]:
    """Phrases of one image together, images in order of their paths."""
    ordered = sorted(phrases, key=lambda p: p.image)
    return tuple(tuple(group) for _, group in groupby(ordered, key=lambda p: p.image))


def baseline_samples(
    phrases: Sequence[PlacedPhrase], protocols: Mapping[str, PlacedProtocol]
) -> Iterator[list[Sample]]:
    """Rows that look at no image, an image at a time."""
    prior = LocationPrior(phrases)
    for cases in by_image(phrases):
        yield [
            sample
            for row, asked in baseline_asked(cases, prior)
            for sample in measured(asked, protocols, row=row)
        ]
