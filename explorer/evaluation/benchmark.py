"""The grounding benchmark: run the pinned samples through a model and the location prior."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explorer.entities import Float32, SimilarityMap
from explorer.errors import DataSetError
from explorer.evaluation.grounding import box_mask, miou, pointing_game_hit, signed_cnr
from explorer.evaluation.location_prior import bundled_prior, location_prior, prior_image
from explorer.evaluation.protocols.nih_boxes import (
    PROTOCOL,
    BoxedImage,
    Sample,
    samples_of,
    select_split,
)
from explorer.evaluation.statistics import Interval, grouped_means
from explorer.grounding.similarity import cosine_image

METRICS = ("pointing", "cnr", "miou")
ROWS = ("plain", "located", "prior")

# Encodes one image once and returns the maps of several phrases, in order.
Locate = Callable[[BoxedImage, tuple[str, ...]], Sequence[SimilarityMap]]
# Wraps the images to show progress.
Track = Callable[[Sequence[BoxedImage]], Iterable[BoxedImage]]


@dataclass(frozen=True, slots=True)
class SampleScore:
    """Metrics of one sample. `row` is "plain", "located" or "prior"; `pointing` is 0 or 1."""

    row: str
    sample: Sample
    pointing: float
    cnr: float
    miou: float


@dataclass(frozen=True, slots=True)
class GroundingResult:
    """All sample scores with their means and intervals.

    Attributes:
        scores: One a sample and row.
        findings: Interval by row, finding and metric.
        macro: Interval by row and metric: mean over findings.
        prior_source: Where the location prior comes from, in words.
    """

    split: str
    scores: tuple[SampleScore, ...]
    findings: dict[str, dict[str, dict[str, Interval]]]
    macro: dict[str, dict[str, Interval]]
    prior_source: str
    replicates: int
    seed: int


def run_benchmark(
    images: Sequence[BoxedImage],
    locate: Locate,
    *,
    split: str = "val",
    replicates: int = 1000,
    seed: int = 0,
    track: Track = iter,
) -> GroundingResult:
    """Score a model on one split, plain and located phrases, beside the location prior.

    Args:
        images: Of all splits; those of "train" make the location prior.
        locate: Called once an image with every distinct phrase asked of it.
        split: Name of the split, or "all".
        replicates: Bootstrap replicates, by patient.
        seed: Of the bootstrap.
        track: Shows progress over the images.

    Raises:
        DataSetError: The split is empty, or an image is not of the size its table states.
    """
    chosen = select_split(images, split)
    prior, prior_source = _choose_prior(images, chosen)
    scores: list[SampleScore] = []
    for image in track(chosen):
        scores += _score_image(image, locate, prior)
    findings, macro = _summarise(scores, replicates=replicates, seed=seed)
    return GroundingResult(split, tuple(scores), findings, macro, prior_source, replicates, seed)


def as_report(result: GroundingResult) -> dict[str, object]:
    """Turn a result into plain values for JSON; not measured and infinite values become None."""
    findings = sorted({score.sample.finding for score in result.scores})
    return {
        "protocol": PROTOCOL,
        "macro": {row: _values(result.macro[row], "mean") for row in ROWS},
        "findings": {
            finding: {row: _values(result.findings[row][finding], "mean") for row in ROWS}
            for finding in findings
        },
        "intervals": {
            "level": 0.95,
            "replicates": result.replicates,
            "seed": result.seed,
            "resampled": "patients",
            "macro": {row: _values(result.macro[row], "interval") for row in ROWS},
            "findings": {
                finding: {row: _values(result.findings[row][finding], "interval") for row in ROWS}
                for finding in findings
            },
        },
        "n": {
            "images": len({score.sample.path for score in result.scores}),
            "patients": len({score.sample.patient for score in result.scores}),
            "samples": {row: sum(score.row == row for score in result.scores) for row in ROWS},
            "findings": {finding: _counts(result.scores, finding) for finding in findings},
        },
        "split": result.split,
        "prior_source": result.prior_source,
    }


def measure(
    values: NDArray[np.floating], score: NDArray[np.floating], mask: NDArray[np.bool_]
) -> tuple[float, float, float]:
    """Pointing (0 or 1) and signed CNR of the values, mIoU of the score, against one mask.

    Pointing and CNR read the cosine: the score is a rising function of it, but it can saturate
    and so tie.
    """
    return float(pointing_game_hit(values, mask)), signed_cnr(values, mask), miou(score, mask)


def _choose_prior(
    images: Sequence[BoxedImage], chosen: Sequence[BoxedImage]
) -> tuple[dict[str, Float32], str]:
    needed = {finding for image in chosen for finding, _ in image.boxes}
    prior = location_prior(image for image in images if image.split == "train")
    if needed <= set(prior):
        return prior, "average of the boxes of the training split of these tables"
    return bundled_prior(), "bundled average of NIH training boxes, 32 x 32 cells"


def _score_image(image: BoxedImage, locate: Locate, prior: dict[str, Float32]) -> list[SampleScore]:
    plain = samples_of(image, kind="plain")
    located = samples_of(image, kind="located")
    phrases = tuple(dict.fromkeys(sample.phrase for sample in (*plain, *located)))
    maps = dict(zip(phrases, locate(image, phrases), strict=True))
    scores = []
    for row, samples in (("plain", plain), ("located", located)):
        for sample in samples:
            map = maps[sample.phrase]
            if map.frame.image_shape != image.image_shape:
                raise DataSetError(
                    f"{image.path} has {map.frame.image_shape} pixels (rows, columns), but its "
                    f"table states {image.image_shape}. Correct width and height in the table."
                )
            mask = box_mask(sample.boxes, image_shape=image.image_shape)
            cosine = cosine_image(map)
            scores.append(SampleScore(row, sample, *measure(cosine, map.score_of(cosine), mask)))
    for sample in plain:
        mask = box_mask(sample.boxes, image_shape=image.image_shape)
        values = prior_image(prior[sample.finding], image_shape=image.image_shape)
        scores.append(SampleScore("prior", sample, *measure(values, values, mask)))
    return scores


def _summarise(
    scores: Sequence[SampleScore], *, replicates: int, seed: int
) -> tuple[dict[str, dict[str, dict[str, Interval]]], dict[str, dict[str, Interval]]]:
    findings: dict[str, dict[str, dict[str, Interval]]] = {row: {} for row in ROWS}
    macro: dict[str, dict[str, Interval]] = {row: {} for row in ROWS}
    for row in ROWS:
        of_row = [score for score in scores if score.row == row]
        for metric in METRICS:
            by_finding, macro[row][metric] = grouped_means(
                [getattr(score, metric) for score in of_row],
                groups=[score.sample.finding for score in of_row],
                clusters=[score.sample.patient for score in of_row],
                replicates=replicates,
                # One seed for all: rows are then resampled by the same draws.
                rng=np.random.default_rng(seed),
            )
            for finding, interval in by_finding.items():
                findings[row].setdefault(finding, {})[metric] = interval
    return findings, macro


def _values(intervals: dict[str, Interval], what: str) -> dict[str, object]:
    if what == "mean":
        return {metric: _finite(intervals[metric].mean) for metric in METRICS}
    return {
        metric: [_finite(intervals[metric].low), _finite(intervals[metric].high)]
        for metric in METRICS
    }


def _counts(scores: Sequence[SampleScore], finding: str) -> dict[str, int]:
    return {
        row: sum(score.row == row and score.sample.finding == finding for score in scores)
        for row in ROWS
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
