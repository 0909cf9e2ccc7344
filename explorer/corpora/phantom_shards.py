"""Shards of rendered phantoms: images with exact masks and the phrases written for them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from explorer.entities import Side, Zone
from explorer.errors import DataSetError
from explorer.phantom.shards import FIRST_RESERVED_SEED, read_corpus, read_shard


@dataclass(frozen=True, slots=True)
class PlacedFinding:
    """A finding drawn into a phantom.

    Attributes:
        mask: (80, 80) bool over the whole image.
        phrases: By precision: "plain", "sided", "zoned", "described", "sentence".
    """

    finding: str
    side: Side | None
    zone: Zone | None
    mask: NDArray[np.bool_]
    phrases: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class PhantomImage:
    """pixels (S, S) uint8; view "PA", "AP", "lateral" or "ct slice"; denials are true of it."""

    pixels: NDArray[np.uint8]
    view: str
    findings: tuple[PlacedFinding, ...]
    denials: tuple[str, ...]
    report: str


def read(folder: Path, *, to_learn: bool = True) -> Iterator[PhantomImage]:
    """Read all shards of a folder in order.

    Args:
        folder: Of `explorer phantom render`.
        to_learn: Refuse test studies of a benchmark; False is for measuring.

    Raises:
        DataSetError: The folder holds no shard, a shard is broken, or it holds test studies.
    """
    paths = sorted(folder.glob("phantoms-*.npz"))
    if not paths:
        raise DataSetError(
            f"No phantoms-*.npz in {folder.name!r}. Render some: explorer phantom render --out DIR."
        )
    for path in paths:
        try:
            corpus = read_corpus(path)
            images, masks, records = read_shard(path)
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise DataSetError(
                f"The shard {path.name!r} cannot be read ({type(error).__name__}). Delete it and "
                "render again; shards that are whole are kept."
            ) from error
        if to_learn and corpus.get("seed", 0) >= FIRST_RESERVED_SEED:
            raise DataSetError(
                f"The shard {path.name!r} holds test studies of a benchmark (seed "
                f"{corpus['seed']}), which must not be learned from. Render others: explorer "
                "phantom render --out DIR."
            )
        for pixels, record in zip(images, records, strict=True):
            yield _phantom(pixels, masks, record)


def _phantom(
    pixels: NDArray[np.uint8], masks: NDArray[np.bool_], record: dict[str, Any]
) -> PhantomImage:
    findings = tuple(
        PlacedFinding(f["finding"], f["side"], f["zone"], masks[f["mask"]], f["phrases"])
        for f in record["findings"]
    )
    denials = tuple(text for _, text in record["absent"])
    return PhantomImage(pixels, record["view"], findings, denials, record["report"])
