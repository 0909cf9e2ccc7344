"""The use cases: all that pages and commands call. Records in, records out; no tensor leaves."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from explorer import __version__, adapters, reading
from explorer.adapters import AdapterCard, Engine
from explorer.corpora._bundled import BundledStudy, read_bundled
from explorer.corpora._bundled import ReferenceBox as ReferenceBox
from explorer.entities import (
    Assertion,
    Float32,
    GroundedPhrase,
    ImageEmbeddings,
    Radiograph,
    Report,
    Sentence,
    SimilarityMap,
    Study,
)
from explorer.errors import CheckpointError, DataSetError, NotARadiographError
from explorer.evaluation.benchmark import Track, as_report, run_benchmark
from explorer.evaluation.protocols import nih_boxes
from explorer.exchange import figure, grounding_json
from explorer.exchange.grounding_json import to_json_text as to_json_text
from explorer.grounding.attribution import attribute_words as attribute_words
from explorer.grounding.controls import measure_controls
from explorer.grounding.geometry import fit_frame, to_model_input, with_image_shape
from explorer.grounding.regions import find_regions
from explorer.grounding.similarity import score_image, similarity_maps
from explorer.reading import make_study as make_study
from explorer.reading import read_files as read_files
from explorer.reading import warm_up as warm_up
from explorer.text import (
    NONSENSE_PHRASES,
    NULL_PHRASES,
    negated,
    phrase_assertion,
    side_swapped,
)
from explorer.text import read_report as read_report

ASSETS = Path(__file__).parent.parent / "assets"


# --- checkpoints ---------------------------------------------------------------------------


def list_checkpoints(root: Path | None = None) -> tuple[AdapterCard, ...]:
    """Cards of all checkpoints, the default first.

    Raises:
        CheckpointError: There is none, or a card cannot be read.
    """
    root = root or ASSETS / "checkpoints"
    cards = adapters.list_checkpoints(root)
    if not cards:
        raise CheckpointError(
            f"At least one checkpoint is needed, got none in {root}. Clone the repository again "
            "or train one with `explorer train`."
        )
    return cards


def open_engine(
    name: str | None = None,
    *,
    device: str = "auto",
    precision: str = "auto",
    root: Path | None = None,
) -> Engine:
    """Load a checkpoint by folder name or path; the default one when no name is given.

    Raises:
        CheckpointError: Unknown name, broken folder, or absent device.
    """
    if name is not None and Path(name).is_dir():
        return adapters.open_checkpoint(Path(name), device=device, precision=precision)
    cards = {card.name: card for card in list_checkpoints(root)}
    if name is not None and name not in cards:
        raise CheckpointError(f"Unknown checkpoint {name!r}. Available: {', '.join(cards)}.")
    card = cards[name] if name else next(iter(cards.values()))
    return adapters.open_checkpoint(card.folder, device=device, precision=precision)


# --- grounding -----------------------------------------------------------------------------


def read_study(files: Sequence[bytes], report: str | None = None) -> Study:
    """Read uploaded files and an optional report text into a study."""
    return reading.read_study(files, report=report)


def embed(engine: Engine, radiograph: Radiograph) -> ImageEmbeddings:
    """Encode a radiograph once; every phrase is then a cheap read of the result."""
    return embed_pixels(engine, radiograph.pixels)


def embed_pixels(engine: Engine, pixels: Float32) -> ImageEmbeddings:
    """Encode pixels (H, W) in [0, 1], bright = dense."""
    card = engine.card
    frame = fit_frame(
        (pixels.shape[0], pixels.shape[1]),
        input_shape=(card.input_size, card.input_size),
        grid_shape=(card.grid_size, card.grid_size),
        mode=card.frame_mode,
    )
    return engine.embed_image(to_model_input(pixels, frame, pad_value=np.nan), frame=frame)


def check_image(embeddings: ImageEmbeddings) -> None:
    """Refuse an image that is no chest radiograph.

    Raises:
        NotARadiographError: With the reason for the person.
    """
    if embeddings.check.refuse:
        raise NotARadiographError(embeddings.check.message)


def maps_of(
    engine: Engine, embeddings: ImageEmbeddings, phrases: Sequence[str]
) -> tuple[SimilarityMap, ...]:
    """Similarity maps of phrases, one text batch, no controls."""
    return similarity_maps(
        embeddings.grid,
        engine.embed_text(phrases),
        phrases,
        score_scale=engine.score_scale,
        score_bias=engine.score_bias,
    )


def ground(
    engine: Engine,
    embeddings: ImageEmbeddings,
    phrases: Sequence[str],
    *,
    assertions: Sequence[Assertion] | None = None,
    rule: str = "calibrated",
    threshold: float | None = None,
    pooling: str | None = None,
) -> tuple[GroundedPhrase, ...]:
    """Ground phrases with their controls in one text batch.

    Args:
        engine: Loaded checkpoint.
        embeddings: Encoded radiograph.
        phrases: Any number of phrases.
        assertions: What the report says of each; found from the words when not given.
        rule: "calibrated", "otsu" or "fixed".
        threshold: Calibrated score in (0, 1) for the rule "fixed".
        pooling: Pooling of the phrase score; the checkpoint's own when None.
    """
    if not phrases:
        return ()
    assertions = assertions or [phrase_assertion(p) for p in phrases]
    plan = _ControlPlan.for_phrases(phrases)
    maps = maps_of(engine, embeddings, plan.texts)
    nonsense, *nulls = _null_maps(engine, embeddings)
    cosines = np.stack([m.cosine for m in maps[: len(phrases)]])
    scores = engine.pooled_score(cosines, pooling=pooling)
    null_peaks = np.array([float(m.score.max()) for m in nulls])
    results = []
    for i, phrase in enumerate(phrases):
        level, regions = find_regions(
            maps[i],
            rule=rule,
            threshold=threshold,
            calibrated=engine.card.calibration.threshold,
        )
        controls = measure_controls(
            maps[i],
            nonsense=nonsense,
            negated=_pick(maps, plan.negated[i]),
            swapped=_pick(maps, plan.swapped[i]),
            null_peaks=null_peaks,
            assertion=assertions[i],
            check=embeddings.check,
        )
        results.append(
            GroundedPhrase(
                phrase=phrase,
                map=maps[i],
                score=float(scores[i]),
                threshold=level,
                threshold_rule=rule,
                controls=controls,
                regions=regions,
            )
        )
    return tuple(results)


def ground_report(
    engine: Engine,
    embeddings: ImageEmbeddings,
    report: Report,
    *,
    rule: str = "calibrated",
    threshold: float | None = None,
    pooling: str | None = None,
) -> tuple[GroundedPhrase | None, ...]:
    """Ground every sentence of a report in one text batch.

    Returns:
        One entry per sentence in order; None for sentences that are not about the image.
    """
    spoken = [s for s in report.sentences if s.assertion != "not about the image"]
    grounded = iter(
        ground(
            engine,
            embeddings,
            [s.text for s in spoken],
            assertions=[s.assertion for s in spoken],
            rule=rule,
            threshold=threshold,
            pooling=pooling,
        )
    )
    return tuple(
        None if s.assertion == "not about the image" else next(grounded) for s in report.sentences
    )


@dataclass(frozen=True, slots=True)
class _ControlPlan:
    """One flat text batch: the phrases, then their negated and side-swapped forms."""

    texts: tuple[str, ...]
    negated: tuple[int | None, ...]
    swapped: tuple[int | None, ...]

    @classmethod
    def for_phrases(cls, phrases: Sequence[str]) -> "_ControlPlan":
        texts = list(phrases)

        def add(text: str | None) -> int | None:
            if text is None:
                return None
            texts.append(text)
            return len(texts) - 1

        negated_at = tuple(add(negated(p)) for p in phrases)
        swapped_at = tuple(add(side_swapped(p)) for p in phrases)
        return cls(tuple(texts), negated_at, swapped_at)


_CONTROL_PHRASES = (NONSENSE_PHRASES[0], *NULL_PHRASES)
_control_vectors: WeakKeyDictionary[Engine, Float32] = WeakKeyDictionary()


def _null_maps(engine: Engine, embeddings: ImageEmbeddings) -> tuple[SimilarityMap, ...]:
    """Maps of the nonsense phrase and the null phrases; their text is embedded once an engine."""
    if engine not in _control_vectors:
        _control_vectors[engine] = engine.embed_text(_CONTROL_PHRASES)
    return similarity_maps(
        embeddings.grid,
        _control_vectors[engine],
        _CONTROL_PHRASES,
        score_scale=engine.score_scale,
        score_bias=engine.score_bias,
    )


def _pick(maps: Sequence[SimilarityMap], index: int | None) -> SimilarityMap | None:
    return None if index is None else maps[index]


# --- bundled studies -----------------------------------------------------------------------


def list_bundled_studies(root: Path | None = None) -> tuple[BundledStudy, ...]:
    """The studies in `assets/studies`, in folder order.

    Raises:
        DataSetError: A study's truth.json cannot be read.
    """
    folders = sorted((root or ASSETS / "studies").glob("*/truth.json"))
    return tuple(read_bundled(path.parent) for path in folders)


def load_bundled_study(name: str, root: Path | None = None) -> tuple[Study, BundledStudy]:
    """Read one bundled study and what is known of it.

    Raises:
        DataSetError: There is no such study.
    """
    studies = {s.name: s for s in list_bundled_studies(root)}
    if name not in studies:
        raise DataSetError(f"Unknown study {name!r}. Available: {', '.join(studies)}.")
    entry = studies[name]
    report = (entry.folder / "report.txt").read_text(encoding="utf-8")
    return read_study([(entry.folder / "image.dcm").read_bytes()], report), entry


# --- exports and measurements --------------------------------------------------------------


def read_report_file(data: bytes) -> str:
    """Decode the bytes of a plain-text report in any common encoding."""
    return reading.decode_report(data)


def describe_engine(engine: Engine) -> dict[str, object]:
    """Name, digest and run settings of a loaded checkpoint, as plain values for a file."""
    card = engine.card
    return {
        "name": card.name,
        "title": card.title,
        "sha256": card.sha256,
        "licence": card.licence,
        "device": engine.device,
        "precision": engine.precision,
    }


def grounding_document(
    engine: Engine,
    radiograph: Radiograph,
    embeddings: ImageEmbeddings,
    grounded: Sequence[GroundedPhrase],
    *,
    sentences: Sequence[Sentence] | None = None,
) -> dict[str, Any]:
    """Gather a grounding into plain values for JSON: boxes in original pixels, no patient data."""
    assertions = [s.assertion for s in sentences or ()]
    return grounding_json.grounding_document(
        radiograph,
        check=embeddings.check,
        frame=embeddings.grid.frame,
        grounded=grounded,
        checkpoint=describe_engine(engine),
        version=__version__,
        assertions=assertions or [phrase_assertion(g.phrase) for g in grounded],
        sentences=sentences,
    )


def grounding_figure(
    engine: Engine, radiograph: Radiograph, grounded: Sequence[GroundedPhrase]
) -> bytes:
    """Draw the radiograph and one panel a phrase as a PNG without patient data."""
    shape = figure.picture_shape(radiograph.shape)
    panels = []
    for item in grounded:
        small = replace(item.map, frame=with_image_shape(item.map.frame, shape))
        panels.append(figure.FigurePanel(item, score_image(small)))
    caption = f"Checkpoint {engine.card.name}, sha256 {engine.card.sha256[:12]}."
    return figure.draw_figure(
        radiograph.pixels, panels, caption=caption, left_edge=radiograph.laterality
    )


def evaluate_grounding(
    engine: Engine,
    *,
    images: Path,
    boxes: Path,
    split: str = "val",
    replicates: int = 1000,
    seed: int = 0,
    track: Track = iter,
) -> dict[str, object]:
    """Measure a checkpoint on NIH boxes with the pinned protocol, beside the location prior.

    Args:
        engine: Loaded checkpoint.
        images: Table of images; their paths are relative to its folder.
        boxes: Table of boxes in pixels of those images.
        split: Name of the split, or "all".
        replicates: Bootstrap replicates, by patient.
        seed: Of the bootstrap.
        track: Wraps the images to show progress.

    Raises:
        DataSetError: A table is broken, the split is empty, or image files are missing.
    """
    tables = nih_boxes.read_tables(images, boxes)
    needed = [images.parent / image.path for image in nih_boxes.select_split(tables, split)]
    missing = sum(not path.is_file() for path in needed)
    if missing:
        raise DataSetError(
            f"{missing} of {len(needed)} image files are missing. Paths in {images.name} must be "
            "relative to its folder."
        )

    def locate(image: nih_boxes.BoxedImage, phrases: tuple[str, ...]) -> tuple[SimilarityMap, ...]:
        radiograph = reading.read_radiograph((images.parent / image.path).read_bytes())
        return maps_of(engine, embed(engine, radiograph), phrases)

    result = run_benchmark(
        tables, locate, split=split, replicates=replicates, seed=seed, track=track
    )
    return {**as_report(result), "checkpoint": describe_engine(engine)}
