"""Export a checkpoint for a processor, and measure what that cost in accuracy and won in time."""

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from explorer import adapters
from explorer.adapters import AdapterCard, Engine
from explorer.corpora.placed_sets import read_placed
from explorer.entities import Float32
from explorer.errors import CheckpointError, DataSetError
from explorer.evaluation.kept import read_run
from explorer.evaluation.protocols import original_pixels
from explorer.evaluation.samples import MODEL
from explorer.pipeline._assets import ASSETS, own_shelf
from explorer.pipeline.benchmark import evaluate_grounding
from explorer.pipeline.checkpoints import open_engine
from explorer.pipeline.embedding import embed_pixels, maps_of
from explorer.pipeline.evaluation import evaluate_placed
from explorer.pipeline.phantoms import Progress
from explorer.pipeline.reference import SEED, training_rows
from explorer.pipeline.runs import summarise_run
from explorer.pipeline.studies import list_bundled_studies, load_bundled_study, read_study
from explorer.retrieval.vocabulary import SIGNATURE

FILMS = 96  # that int8 is weighed on
MEASURED = 32  # other films that the agreement is measured on
FORMATS = ("openvino",)
LEAST_REPLICATES = 1  # no intervals: the same films before and after
PHANTOM_PROTOCOL = f"{original_pixels.ID}, bundled phantoms"
BOX_PROTOCOL = "nih_boxes/1, split val"


def export_checkpoint(
    name: str | None = None,
    *,
    to: str = "openvino",
    precision: str = "bfloat16",
    images: Path | None = None,
    boxes: Path | None = None,
    out: str | None = None,
    shelf: Path | None = None,
    progress: Progress = lambda *_: None,
) -> AdapterCard:
    """Write an export onto the shelf with what was measured of it on its card.

    Args:
        name: Of the checkpoint; the default one when None.
        to: "openvino".
        precision: "float32", "bfloat16" or "int8".
        images: Table with path and split; rows of the split train are used. Needed for int8; the
            bundled studies take its place otherwise.
        boxes: Table of boxes of `images`; with both, grounding is measured on the films of the
            split val, else on the bundled phantoms, before and after.
        out: Name of the export; "<name>-openvino-<precision>" when None.
        shelf: Where it is put; a person's own shelf when None.
        progress: Told how far each stage is.

    Raises:
        CheckpointError: Unknown format or precision, a library is missing, or the name is taken.
        DataSetError: A table lacks a column, or boxes were given without images.
    """
    from explorer.adapters._export import PRECISIONS, export_openvino, note_export

    if to not in FORMATS or precision not in PRECISIONS:
        raise CheckpointError(
            f"An export goes to {', '.join(FORMATS)} in {', '.join(PRECISIONS)}, got {to!r} in "
            f"{precision!r}."
        )
    if boxes is not None and images is None:
        raise DataSetError("Boxes need the table of their images, got none. Add --images.")
    engine = open_engine(name, device="cpu")
    place = (shelf or own_shelf()) / (out or f"{engine.card.name}-{to}-{precision}")
    if place.exists():
        raise CheckpointError(f"An export needs a name of its own, {place.name!r} is taken.")
    place.parent.mkdir(parents=True, exist_ok=True)
    shown, held_out = _films(images)
    progress("Export", 0, 3)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".adding-") as work:
        folder = Path(work) / place.name
        seen = [_network_input(engine, film) for film in shown] if precision == "int8" else []
        export_openvino(engine, folder, precision=precision, films=seen)  # type: ignore[arg-type]
        exported = adapters.open_checkpoint(folder, device="cpu")
        progress("Export", 1, 3)
        measured: dict[str, Any] = {"agreement": agreement(engine, exported, held_out)}
        progress("Export", 2, 3)
        measured["grounding"] = {
            "protocol": PHANTOM_PROTOCOL if boxes is None else BOX_PROTOCOL,
            "before": grounding_of(engine, images=images, boxes=boxes),
            "after": grounding_of(exported, images=images, boxes=boxes),
        }
        note_export(exported.card, **measured)
        folder.rename(place)
    progress("Export", 3, 3)
    return adapters.open_checkpoint(place, device="cpu").card


def grounding_of(
    engine: Engine, *, images: Path | None = None, boxes: Path | None = None
) -> dict[str, Any]:
    """Pointing, CNR and mIoU: of the validation split where boxes are given, else of phantoms."""
    if images is not None and boxes is not None:
        found = evaluate_grounding(engine, images=images, boxes=boxes, replicates=LEAST_REPLICATES)
        rows: Any = found["macro"]
        return {kind: _rounded(rows[kind]) for kind in ("plain", "located")}
    corpus = read_placed(ASSETS / "studies", reader="phantoms")
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "run"
        evaluate_placed(engine, corpus, folder=folder, protocols=["original_pixels"])
        rows = summarise_run(
            read_run(folder), protocol="original_pixels", replicates=LEAST_REPLICATES
        )["rows"][MODEL]["macro"]
    figures = {name: rows.get(name, {}).get("mean") for name in ("pointing", "cnr", "miou")}
    return _rounded(figures)


def _rounded(figures: Mapping[str, float | None]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in figures.items() if value is not None}


def agreement(engine: Engine, exported: Engine, films: Sequence[Float32]) -> dict[str, Any]:
    """How far an export agrees with its original on films, and how long an image takes each."""
    phrases = SIGNATURE[:24]
    patches, maps, verdicts, peaks = [], [], [], []
    for film in films:
        before, after = embed_pixels(engine, film), embed_pixels(exported, film)
        patches.append(float((before.grid.values * after.grid.values).sum(-1).mean()))
        verdicts.append(before.check.verdict == after.check.verdict)
        ours, theirs = maps_of(engine, before, phrases), maps_of(exported, after, phrases)
        for one, other in zip(ours, theirs, strict=True):
            maps.append(float(np.corrcoef(one.cosine.ravel(), other.cosine.ravel())[0, 1]))
            peaks.append(abs(float(one.score.max()) - float(other.score.max())))
    before_ms, after_ms = (_milliseconds(e, films[0]) for e in (engine, exported))
    return {
        "films": len(films),
        "patch_cosine_mean": round(float(np.mean(patches)), 4),
        "map_correlation_mean": round(float(np.mean(maps)), 4),
        "map_correlation_5th_percentile": round(float(np.quantile(maps, 0.05)), 4),
        "peak_score_difference_95th_percentile": round(float(np.quantile(peaks, 0.95)), 4),
        "same_image_check": round(float(np.mean(verdicts)), 4),
        "original": engine.precision,
        "original_image_ms": round(before_ms, 1),
        "image_ms": round(after_ms, 1),
    }


def _milliseconds(engine: Engine, film: Float32, *, rounds: int = 9) -> float:
    frame = engine.frame_of(*film.shape)
    inside = engine.model_input(film, frame=frame)
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        engine.embed_image(inside, frame=frame)
        times.append(time.perf_counter() - start)
    return float(np.median(times)) * 1000


def _network_input(engine: Engine, film: Float32) -> Float32:
    frame = engine.frame_of(*film.shape)
    return engine.network_input([engine.model_input(film, frame=frame)])[0]


def _films(images: Path | None) -> tuple[list[Float32], list[Float32]]:
    """Films to weigh activations on, and others to measure on: of the training split, drawn."""
    if images is None:
        names = [study.name for study in list_bundled_studies()]
        return [], [load_bundled_study(n)[0].radiographs[0].pixels for n in names]
    rows = training_rows(images)
    order = np.random.default_rng(SEED).permutation(len(rows))[: FILMS + MEASURED]
    films = list(_read(images.parent / rows[i]["path"] for i in order))
    cut = len(films) * FILMS // (FILMS + MEASURED)
    return films[:cut], films[cut:]


def _read(paths: Iterator[Path]) -> Iterator[Float32]:
    for path in paths:
        yield read_study([path.read_bytes()]).radiographs[0].pixels
