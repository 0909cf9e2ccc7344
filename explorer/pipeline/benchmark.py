"""Measure a checkpoint with a pinned protocol."""

from pathlib import Path

from explorer import reading
from explorer.adapters import Engine
from explorer.entities import SimilarityMap
from explorer.errors import DataSetError
from explorer.evaluation.benchmark import Track, as_report, run_benchmark
from explorer.evaluation.protocols import nih_boxes
from explorer.pipeline.embedding import embed, maps_of
from explorer.pipeline.exports import describe_engine


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
