"""Measure a checkpoint on phrases whose place is known: streamed, kept, resumed after a kill."""

import datetime
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from explorer import __version__
from explorer.adapters import Engine, encoding_threads, scoring_of, sharing_processors
from explorer.corpora import read_pixels
from explorer.entities import Float32, ImageEmbeddings, ModelFrame
from explorer.errors import DataSetError
from explorer.evaluation.asked import Asked
from explorer.evaluation.kept import RunFolder
from explorer.evaluation.listing import PlacedProtocol, named, stamp
from explorer.evaluation.samples import Sample, baseline_samples, by_image, columns_of, measured
from explorer.grounding.alignment import pooled_logits
from explorer.grounding.geometry import with_image_shape
from explorer.pipeline.exports import describe_engine
from explorer.placed import PlacedCorpus, PlacedPhrase
from explorer.text import NONSENSE_PHRASES, side_swapped

BATCH = 16  # images of a step
_THREADS = 2  # each reads, encodes and measures its part of a step
_ASPECT_SLACK = 0.02
Group = tuple[PlacedPhrase, ...]


@dataclass(slots=True)
class Seconds:
    """Where the time of a run went, summed over threads; `total` is what a clock shows."""

    reading: float = 0.0
    encoder: float = 0.0
    metrics: float = 0.0
    total: float = 0.0

    def add(self, other: "Seconds") -> None:
        """Count what a thread spent."""
        self.reading += other.reading
        self.encoder += other.encoder
        self.metrics += other.metrics


@dataclass(slots=True)
class Evaluation:
    """A run in progress: each `next()` measures a batch of images and keeps it.

    Attributes:
        done, total: Images.
    """

    engine: Engine
    corpus: PlacedCorpus
    folder: RunFolder
    protocols: dict[str, PlacedProtocol]
    batch: int = BATCH
    pooling: str | None = None
    done: int = 0
    total: int = 0
    seconds: Seconds = field(default_factory=Seconds)

    def steps(self) -> Iterator["Evaluation"]:
        """Measure what is missing, a batch a step; the table of rows that see nothing at last.

        Raises:
            DataSetError: An image cannot be read, or is not of the shape that its boxes are in.
        """
        groups = by_image(self.corpus.phrases)
        left = [group for group in groups if group[0].image_key not in self.folder.done]
        self.total, self.done = len(groups), len(groups) - len(left)
        columns = columns_of(self.protocols)
        began = time.perf_counter()
        with encoding_threads(_THREADS) as pool:
            for first in range(0, len(left), self.batch):
                batch = left[first : first + self.batch]
                with sharing_processors(_THREADS):
                    pieces = list(pool.map(self._measure, _in_parts(batch, _THREADS)))
                for _, spent in pieces:
                    self.seconds.add(spent)
                self.folder.append([s for samples, _ in pieces for s in samples], columns)
                self.done += len(batch)
                yield self
        self.seconds.total = time.perf_counter() - began
        if not self.folder.complete:
            self._finish(columns)
        yield self

    def _measure(self, groups: Sequence[Group]) -> tuple[list[Sample], Seconds]:
        """Read, encode and ask some images."""
        marks = [time.perf_counter()]
        pixels = [_pixels(group[0].image) for group in groups]
        marks.append(time.perf_counter())
        frames = [self.engine.frame_of(*image.shape) for image in pixels]
        inputs = [
            self.engine.model_input(image, frame=frame)
            for image, frame in zip(pixels, frames, strict=True)
        ]
        found = self.engine.embed_images(inputs, frames=frames)
        marks.append(time.perf_counter())
        asked = [
            ask(self.engine, embeddings, cases, pooling=self.pooling)
            for cases, embeddings in zip(groups, found, strict=True)
        ]
        began = time.perf_counter()
        samples = [sample for one in asked for sample in measured(one, self.protocols)]
        spent = Seconds(
            reading=marks[1] - marks[0],
            encoder=marks[2] - marks[1],
            metrics=time.perf_counter() - began,
        )
        return samples, spent

    def _finish(self, columns: Sequence[str]) -> None:
        rows = baseline_samples(self.corpus.phrases, self.protocols)
        self.folder.append_baselines(rows, columns)
        spent = self.seconds
        self.folder.finish(
            seconds={
                "reading": round(spent.reading, 3),
                "encoder": round(spent.encoder, 3),
                "metrics": round(spent.metrics, 3),
                "total": round(spent.total, 3),
            }
        )


def start_evaluation(
    engine: Engine,
    corpus: PlacedCorpus,
    *,
    folder: Path,
    protocols: Sequence[str],
    batch: int = BATCH,
    pooling: str | None = None,
) -> Evaluation:
    """Begin a run in a folder, or go on with it.

    Args:
        engine: Loaded checkpoint.
        corpus: What is asked.
        folder: Of this run alone; it may hold what an earlier, killed one did.
        protocols: Names or ids.
        batch: Images of a step: measured side by side in two threads, then kept.
        pooling: Of the score of a phrase; the checkpoint's own when None.

    Raises:
        DataSetError: A protocol is unknown, or the folder holds another run.
        PhraseError: The checkpoint reads no text.
    """
    chosen = named(list(protocols))
    if not engine.reads_text:
        engine.embed_text(["mass"])  # says why it cannot
    scoring = scoring_of(engine)
    key = {
        "space": engine.space_id,
        "pooling": pooling or scoring.pooling,
        "corpus": corpus.digest,
        "protocols": [stamp(protocol) for protocol in chosen.values()],
    }
    about = {
        "checkpoint": describe_engine(engine),
        "calibrated": engine.scoring is not None and scoring.calibrated,
        "corpus": {
            "reader": corpus.reader,
            "title": corpus.title,
            "licence": corpus.licence,
            "notes": list(corpus.notes),
            "images": len({phrase.image for phrase in corpus.phrases}),
            "patients": len({phrase.patient for phrase in corpus.phrases}),
            "phrases": len(corpus.phrases),
        },
        "program": __version__,
        "date": datetime.datetime.now(tz=datetime.UTC).isoformat(timespec="seconds"),
    }
    kept = RunFolder(folder, key=key, about=about)
    return Evaluation(engine, corpus, kept, chosen, batch, pooling)


def run_name(engine: Engine, corpus: PlacedCorpus, *, pooling: str | None = None) -> str:
    """A name for the folder of a run that says what is in it and stays the same when repeated."""
    words = [engine.card.name, engine.precision, *([pooling] if pooling else []), corpus.title]
    safe = "-".join("".join(c if c.isalnum() or c in "._" else "-" for c in w) for w in words)
    return f"{safe}-{corpus.digest[:8]}"


def evaluate_placed(
    engine: Engine,
    corpus: PlacedCorpus,
    *,
    folder: Path,
    protocols: Sequence[str],
    batch: int = BATCH,
    pooling: str | None = None,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> None:
    """Measure a whole corpus; otherwise as `start_evaluation`."""
    run = start_evaluation(
        engine, corpus, folder=folder, protocols=protocols, batch=batch, pooling=pooling
    )
    for state in run.steps():
        progress(state.done, state.total)


def ask(
    engine: Engine,
    embeddings: ImageEmbeddings,
    cases: Sequence[PlacedPhrase],
    *,
    pooling: str | None = None,
) -> Asked:
    """Ask all phrases of one encoded image, with the phrases that tell whether it listens."""
    phrases = [case.phrase for case in cases]
    swaps = [side_swapped(phrase) for phrase in phrases]
    asked = [*phrases, NONSENSE_PHRASES[0], *(swap for swap in swaps if swap is not None)]
    values = engine.similarity(embeddings, asked)
    others = iter(values[len(phrases) + 1 :])
    nothing = np.full(values.shape[1:], np.nan, np.float32)
    scoring = scoring_of(engine)
    own = values[: len(phrases)]
    logits = pooled_logits(own.reshape(len(own), -1), scoring, pooling=pooling)
    return Asked(
        values=own,
        frame=_frame_of_truth(embeddings.grid.frame, cases[0]),
        cases=tuple(cases),
        smoothing=engine.card.smoothing,
        cut=_cut(scoring.scale, scoring.bias) if engine.scoring and scoring.calibrated else None,
        said=0.5 + 0.5 * np.tanh(0.5 * np.asarray(logits, np.float64)),
        nonsense=values[len(phrases)],
        swapped=np.stack([nothing if swap is None else next(others) for swap in swaps]),
    )


def _cut(scale: float, bias: float) -> Callable[[float], float]:
    """The cosine that has a calibrated score."""
    return lambda score: (math.log(score / (1 - score)) - bias) / scale


def _frame_of_truth(frame: ModelFrame, case: PlacedPhrase) -> ModelFrame:
    """The frame in pixels that the boxes are in; the file may be a smaller copy."""
    (height, width), (rows, columns) = case.image_shape, frame.image_shape
    if abs(height / width / (rows / columns) - 1) > _ASPECT_SLACK:
        raise DataSetError(
            f"The image {case.image.name!r} has {columns} x {rows} pixels, its boxes are in "
            f"{width} x {height}: that is no smaller copy. Give the image that the boxes were "
            "drawn on."
        )
    return with_image_shape(frame, case.image_shape)


def _in_parts(groups: Sequence[Group], parts: int) -> list[Sequence[Group]]:
    """Near equal parts, in order; none is empty."""
    size = math.ceil(len(groups) / parts)
    return [groups[i : i + size] for i in range(0, len(groups), size)]


def _pixels(path: Path) -> Float32:
    return np.asarray(read_pixels(path), np.float32) / np.float32(255)
