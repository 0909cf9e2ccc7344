"""Mutual information between the regions of films and what is said of them, for a checkpoint."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer.adapters import Engine
from explorer.entities import Float32
from explorer.errors import DataSetError
from explorer.grounding.alignment import film_vector
from explorer.pipeline.embedding import embed_many, embed_phrases
from explorer.pipeline.exports import describe_engine
from explorer.pipeline.films_known import KnownFilm

if TYPE_CHECKING:
    from explorer.methods._information import Estimates, Pairs

PROTOCOL = "information/1"
NO_INFORMATION = ("jsd",)  # a divergence, on a scale of its own
_BATCH = 8
Progress = Callable[[str, int, int], None]


def measure_information(
    engine: Engine,
    films: Sequence[KnownFilm],
    *,
    estimators: Sequence[str] = (),
    size: int = 32,
    batches: int = 50,
    side: int = 4,
    seed: int = 0,
    progress: Progress = lambda *_: None,
) -> dict[str, Any]:
    """Bounds on the information of regions and phrases, fitted on train, measured on val.

    Args:
        engine: Loaded checkpoint that reads text.
        films: From `known_films`; those of which no finding is known have no phrase.
        estimators: Names of bounds; all when empty.
        size: Films of a batch, K: InfoNCE cannot say more than log K.
        batches: How many are drawn.
        side: Regions along each side of the grid, as means of patches.
        seed: Of all draws.
        progress: Told how far each stage is.

    Returns:
        Plain values in nats; see docs/information.md.

    Raises:
        DataSetError: There are fewer films with a phrase than a batch holds, or an estimator is
            unknown.
        PhraseError: The checkpoint does not read text.
    """
    from explorer.methods import _information

    names = _known_estimators(estimators)
    parts = _spoken_films(films, size=size)
    pairs = {
        split: encode_pairs(engine, some, side=side, name=split, progress=progress)
        for split, some in parts.items()
    }
    told = _information.measure(
        pairs["train"],
        pairs["val"],
        estimators=names,
        size=size,
        batches=batches,
        seed=seed,
        progress=lambda done, total: progress("Estimators", done, total),
    )
    return {
        "protocol": PROTOCOL,
        "checkpoint": describe_engine(engine),
        "unit": "nats",
        "log_k": math.log(size),
        "estimators": {name: _row(name, found) for name, found in told.items()},
        "n": {
            "train": len(parts["train"]),
            "val": len(parts["val"]),
            "phrases": len(pairs["val"].sentences),
            "different phrases": len(set(pairs["val"].text.tolist())),
        },
        "batch": size,
        "batches": batches,
        "regions": side * side,
        "seed": seed,
    }


def _known_estimators(names: Sequence[str]) -> tuple[str, ...]:
    """The names that were given, or those of all bounds."""
    from explorer.methods._bounds import BOUND_NAMES

    if unknown := [name for name in names if name not in BOUND_NAMES]:
        raise DataSetError(
            f"Unknown estimator {unknown[0]!r}. Available: {', '.join(BOUND_NAMES)}."
        )
    return tuple(names) or BOUND_NAMES


def _spoken_films(films: Sequence[KnownFilm], *, size: int) -> dict[str, list[KnownFilm]]:
    """Films with a phrase by split, at least `size` in each."""
    spoken = [film for film in films if phrases_of(film)]
    parts = {split: [f for f in spoken if f.split == split] for split in ("train", "val")}
    for split, some in parts.items():
        if len(some) < size:
            raise DataSetError(
                f"A batch of {size} films needs as many of which a finding is known, split {split} "
                f"has {len(some)}. Lower --batch, or take more films."
            )
    return parts


def _row(name: str, found: "Estimates") -> dict[str, Any]:
    """What an estimator says at each level, and whether the sum is below the global value."""
    from explorer.methods._information import claim

    row: dict[str, Any] = {level: _spread(values) for level, values in found.levels().items()}
    if name not in NO_INFORMATION:
        row["sum below global"] = asdict(claim(found.summed, found.whole))
    return row


def phrases_of(film: KnownFilm) -> tuple[str, ...]:
    """What is said of a film: each finding plainly, and with its place where that is known."""
    placed = [finding.phrases[-1] for finding in film.placed if finding.phrases]
    return tuple(dict.fromkeys([*film.words.values(), *placed]))


def encode_pairs(
    engine: Engine,
    films: Sequence[KnownFilm],
    *,
    side: int,
    name: str = "films",
    progress: Progress = lambda *_: None,
) -> "Pairs":
    """Vectors of films, of their regions and of what is said of them."""
    from explorer.methods._information import Pairs

    said = [phrases_of(film) for film in films]
    texts = list(dict.fromkeys(text for some in said for text in some))
    number = {text: k for k, text in enumerate(texts)}
    vectors = embed_phrases(engine, texts).vectors
    whole, regions = [], []
    for first in range(0, len(films), _BATCH):
        batch = films[first : first + _BATCH]
        pixels = [film.load().astype(np.float32) / np.float32(255) for film in batch]
        for found in embed_many(engine, pixels):
            whole.append(film_vector(found.grid.values))
            regions.append(block_means(found.grid.values, side))
        progress(f"Films ({name})", min(first + _BATCH, len(films)), len(films))
    text = np.array([number[t] for some in said for t in some], dtype=np.intp)
    patients = {film.patient: k for k, film in enumerate(films)}
    return Pairs(
        films=np.stack(whole).astype(np.float32),
        regions=np.stack(regions).astype(np.float32),
        sentences=vectors[text],
        owner=np.repeat(np.arange(len(films)), [len(some) for some in said]),
        text=text,
        patient=np.array([patients[film.patient] for film in films], dtype=np.intp),
    )


def block_means(grid: Float32, side: int) -> Float32:
    """Unit means (side * side, D) over blocks of a patch grid (h, w, D), in rows."""
    blocks = [
        cell.reshape(-1, grid.shape[2]).mean(0)
        for row in np.array_split(grid, min(side, grid.shape[0]), axis=0)
        for cell in np.array_split(row, min(side, grid.shape[1]), axis=1)
    ]
    means = np.stack(blocks)
    length = np.linalg.norm(means, axis=1, keepdims=True)
    return np.asarray(means / np.maximum(length, 1e-12), dtype=np.float32)


def _spread(values: "np.ndarray[Any, np.dtype[np.float64]]") -> dict[str, float]:
    return {"mean": float(values.mean()), "std": float(values.std(ddof=1))}
