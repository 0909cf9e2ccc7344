"""Films of which something is known, from phantoms or a data set, read one after another."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from explorer.entities import Float32
from explorer.errors import DataSetError
from explorer.text.placing import place_of

if TYPE_CHECKING:
    from explorer.corpora import CorpusImage
    from explorer.corpora.phantom_shards import PhantomImage

HELD_OUT_EVERY = 5  # every fifth phantom is held out
MASK_SIDE = 80


@dataclass(frozen=True, slots=True)
class PlacedFinding:
    """A finding with its place.

    Attributes:
        phrases: That say it, from plain to placed.
        mask: (80, 80) float32, share of every cell of the whole film that it covers.
    """

    label: str
    phrases: tuple[str, ...]
    mask: Float32


@dataclass(frozen=True, slots=True)
class KnownFilm:
    """One frontal film.

    Attributes:
        id: Path below its data set, or the place of a phantom in its shards.
        load: Gives pixels (H, W) uint8.
        split: "train" or "val".
        findings: Present ones; None where nothing says.
        doubted: Findings that may be there.
        words: Plain phrase of each finding that the film has.
    """

    id: str
    load: Callable[[], NDArray[np.uint8]]
    patient: str
    split: str
    findings: frozenset[str] | None
    doubted: frozenset[str]
    placed: tuple[PlacedFinding, ...]
    words: dict[str, str]


def known_films(
    *, phantoms: Path | None = None, data: Path | None = None, layout: str | None = None
) -> list[KnownFilm]:
    """Frontal films of phantom shards or of a data set, those of splits train and val.

    Raises:
        DataSetError: Neither or both were given, or there is no film.
    """
    if (phantoms is None) == (data is None):
        raise DataSetError("Give either phantoms (--phantoms DIR) or a data set (--data DIR).")
    found = _of_phantoms(phantoms) if phantoms is not None else _of_data(data, layout)  # type: ignore[arg-type]
    if not found:
        raise DataSetError(
            f"{(phantoms or data).name!r} has no frontal film of the splits train and val."  # type: ignore[union-attr]
        )
    return found


def few_of_each(films: Sequence[KnownFilm], count: int | None) -> list[KnownFilm]:
    """At most `count` films, the splits in the proportion they have; in their order."""
    if count is None or count >= len(films):
        return list(films)
    step = len(films) / count
    parts = [[f for f in films if f.split == split] for split in ("train", "val")]
    chosen = [part[int(k * step)] for part in parts for k in range(round(len(part) / step))]
    kept = {film.id for film in chosen}
    return [film for film in films if film.id in kept]


def _of_phantoms(folder: Path) -> list[KnownFilm]:
    from explorer.corpora import phantom_shards

    frontal = [p for p in phantom_shards.read(folder) if p.view in ("PA", "AP")]
    return [_phantom(number, phantom) for number, phantom in enumerate(frontal)]


def _phantom(number: int, phantom: "PhantomImage") -> KnownFilm:
    def load() -> NDArray[np.uint8]:
        return phantom.pixels

    placed = []
    for finding in phantom.findings:
        kinds = [finding.phrases.get(kind, []) for kind in ("plain", "sided", "zoned")]
        phrases = tuple(dict.fromkeys(kind[0] for kind in kinds if kind))
        placed.append(PlacedFinding(finding.finding, phrases, finding.mask.astype(np.float32)))
    return KnownFilm(
        id=f"phantom-{number}",
        load=load,
        patient=f"phantom-{number}",
        split="val" if number % HELD_OUT_EVERY == HELD_OUT_EVERY - 1 else "train",
        findings=frozenset(p.label for p in placed),
        doubted=frozenset(),
        placed=tuple(placed),
        words={p.label: p.phrases[0] for p in placed if p.phrases},
    )


def _of_data(folder: Path, layout: str | None) -> list[KnownFilm]:
    from explorer.corpora.layouts import FRONTAL_VIEWS, read_data

    images = read_data(folder, layout=layout)
    return [
        _film(image, folder)
        for image in images
        if image.view in FRONTAL_VIEWS and image.split in ("train", "val")
    ]


def _film(image: "CorpusImage", folder: Path) -> KnownFilm:
    from explorer.corpora import read_pixels
    from explorer.training.phrasing import FINDINGS, usual_phrase

    def load() -> NDArray[np.uint8]:
        return read_pixels(image.path)

    placed = []
    for box in image.boxes:
        if box.label not in FINDINGS or not all(image.size):
            continue
        height, width = image.size
        x, y = box.box.center
        side, zone = place_of(x / width, y / height)
        plain = usual_phrase(box.label, side=None, zone=None)
        phrases = dict.fromkeys([plain, usual_phrase(box.label, side=side, zone=zone)])
        edges = (box.box.x_min, box.box.y_min, box.box.x_max, box.box.y_max)
        sides = (width, height, width, height)
        mask = _box_mask(*(e / s for e, s in zip(edges, sides, strict=True)))
        placed.append(PlacedFinding(box.label, tuple(phrases), mask))
    known = image.findings | {p.label for p in placed}
    return KnownFilm(
        id=image.path.relative_to(folder).as_posix(),
        load=load,
        patient=f"{image.source}/{image.patient or image.path.name}",
        split=image.split,
        findings=known if image.labelled or known else None,
        doubted=image.uncertain,
        placed=tuple(placed),
        words={n: usual_phrase(n, side=None, zone=None) for n in known if n in FINDINGS},
    )


def _box_mask(left: float, top: float, right: float, bottom: float) -> Float32:
    """(80, 80) share of every cell that a box covers; edges as shares of the film."""
    edges = np.arange(MASK_SIDE + 1) / MASK_SIDE

    def covered(low: float, high: float) -> NDArray[np.float64]:
        inside = np.minimum(edges[1:], high) - np.maximum(edges[:-1], low)
        return np.clip(inside * MASK_SIDE, 0, 1)

    return np.asarray(np.outer(covered(top, bottom), covered(left, right)), dtype=np.float32)
