"""Vectors of a frozen checkpoint for heads and probes, kept on disk as they are made."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from explorer.adapters import Engine
from explorer.entities import Float32, ModelFrame
from explorer.grounding.alignment import film_vector, representatives
from explorer.grounding.geometry import to_model_input
from explorer.pipeline.embedding import embed_many, embed_phrases
from explorer.pipeline.films_known import KnownFilm
from explorer.retrieval.corpus import Corpus

if TYPE_CHECKING:
    from explorer.methods._heads import HeadData

Progress = Callable[[int, int], None]
_BATCH, _PART = 8, 64  # films encoded at once; films of a file, what a kill can cost


@dataclass(frozen=True, slots=True)
class FilmVectors:
    """What is kept of N encoded films; D numbers a vector.

    Attributes:
        images: (N, D) mean direction, unit norm.
        patches, counts: (N, K, D), (N, K), see `explorer.grounding.alignment.representatives`.
        regions: (M, D) mean direction of the patches of each placed finding, film by film.
        film: (M,) film of each region.
    """

    images: Float32
    patches: Float32
    counts: Float32
    regions: Float32
    film: NDArray[np.intp]


def encode_films(
    engine: Engine,
    films: Sequence[KnownFilm],
    *,
    work: Path | None = None,
    progress: Progress = lambda *_: None,
) -> FilmVectors:
    """Encode films with a checkpoint; parts that lie in `work` are not encoded again."""
    parts = []
    for first in range(0, len(films), _PART):
        part = films[first : first + _PART]
        path = None if work is None else work / f"vectors-{_key(engine, part)}.npz"
        parts.append(_part(engine, part, path))
        progress(min(first + _PART, len(films)), len(films))
    shift = np.cumsum([0, *(len(p.images) for p in parts)])
    return FilmVectors(
        images=np.concatenate([p.images for p in parts]),
        patches=np.concatenate([p.patches for p in parts]),
        counts=np.concatenate([p.counts for p in parts]),
        regions=np.concatenate([p.regions for p in parts]),
        film=np.concatenate([p.film + s for p, s in zip(parts, shift, strict=False)]),
    )


def _key(engine: Engine, films: Sequence[KnownFilm]) -> str:
    said = [engine.card.sha256, engine.precision, *(f"{f.id}/{len(f.placed)}" for f in films)]
    return hashlib.sha256("\0".join(said).encode("utf-8", "replace")).hexdigest()[:24]


def _part(engine: Engine, films: Sequence[KnownFilm], path: Path | None) -> FilmVectors:
    names = FilmVectors.__slots__
    if path is not None and path.exists():
        with np.load(path) as stored:
            return FilmVectors(**{name: stored[name] for name in names})
    made = _encode(engine, films)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".part")
        with partial.open("wb") as file:
            np.savez(file, allow_pickle=False, **{name: getattr(made, name) for name in names})
        partial.replace(path)
    return made


def _encode(engine: Engine, films: Sequence[KnownFilm]) -> FilmVectors:
    images, patches, counts, regions, owner = [], [], [], [], []
    for first in range(0, len(films), _BATCH):
        batch = films[first : first + _BATCH]
        pixels = [film.load().astype(np.float32) / np.float32(255) for film in batch]
        for place, (film, found) in enumerate(
            zip(batch, embed_many(engine, pixels), strict=True), start=first
        ):
            grid = found.grid
            images.append(film_vector(grid.values))
            kept, stands_for = representatives(grid.values)
            patches.append(kept)
            counts.append(stands_for)
            for finding in film.placed:
                share = mask_to_grid(finding.mask, grid.frame)
                mean = np.einsum("hw,hwd->d", share, grid.values)
                regions.append(mean / max(float(np.linalg.norm(mean)), 1e-12))
                owner.append(place)
    shape = (len(regions), engine.card.dimension)
    return FilmVectors(
        images=np.stack(images).astype(np.float32),
        patches=np.stack(patches).astype(np.float32),
        counts=np.stack(counts).astype(np.float32),
        regions=np.asarray(regions, dtype=np.float32).reshape(shape),
        film=np.asarray(owner, dtype=np.intp),
    )


def mask_to_grid(mask: Float32, frame: ModelFrame) -> Float32:
    """(h, w) share of every grid cell that a mask over the whole film covers.

    A mask that falls between the cells counts where it is largest.
    """
    height, width = frame.image_shape
    whole = cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR)
    seen = to_model_input(np.asarray(whole, dtype=np.float32), frame, pad_value=0.0)
    size = (frame.grid_shape[1], frame.grid_shape[0])
    share = cv2.resize(np.asarray(seen, dtype=np.float32), size, interpolation=cv2.INTER_AREA)
    if share.max() <= 0:
        return np.ones(frame.grid_shape, dtype=np.float32)
    return np.asarray(share, dtype=np.float32)


def data_of_films(engine: Engine, films: Sequence[KnownFilm], vectors: FilmVectors) -> "HeadData":
    """Everything a head may learn from, of films of which something is known."""
    from explorer.methods._heads import HeadData

    said = [
        (film, region, phrase)
        for region, (film, finding) in enumerate(
            (k, finding) for k, known in enumerate(films) for finding in known.placed
        )
        for phrase in finding.phrases
    ]
    texts = [phrase for _, _, phrase in said]
    number = {text: k for k, text in enumerate(dict.fromkeys(texts))}
    words: dict[str, str] = {}
    for film in films:
        words |= film.words
    names = tuple(sorted(words))
    return HeadData(
        space_id=engine.card.sha256,
        images=vectors.images,
        phrases=embed_phrases(engine, texts).vectors,
        owner=np.array([film for film, _, _ in said], dtype=np.intp),
        regions=vectors.regions,
        film=vectors.film,
        region=np.array([region for _, region, _ in said], dtype=np.intp),
        text=np.array([number[text] for text in texts], dtype=np.intp),
        patches=vectors.patches,
        counts=vectors.counts,
        labels=labels_of(films, names),
        names=names,
        name_vectors=embed_phrases(engine, [words[name] for name in names]).vectors,
        scoring=engine.scoring,
        ids=tuple(film.id for film in films),
        groups=tuple(film.patient for film in films),
    )


def labels_of(films: Sequence[KnownFilm], names: Sequence[str]) -> Float32:
    """(N, L) 1 present, 0 absent, NaN where nothing says or there is doubt."""
    labels = np.full((len(films), len(names)), np.nan, dtype=np.float32)
    for row, film in enumerate(films):
        if film.findings is not None:
            labels[row] = [name in film.findings for name in names]
            labels[row, [k for k, n in enumerate(names) if n in film.doubted]] = np.nan
    return labels


def data_of_index(index: Corpus, engine: Engine) -> "HeadData":
    """Films, regions with a phrase, and findings of an index that was opened with this engine.

    An index keeps no patients, so every study counts as one.
    """
    from explorer.methods._heads import HeadData

    columns, regions = index.films.columns, index.regions
    labels = regions.columns["label"]
    said = [row for row, label in enumerate(labels) if label]
    texts = [labels[row] for row in said]
    number = {text: k for k, text in enumerate(dict.fromkeys(texts))}
    names = tuple(sorted({name for found in columns["findings"] for name in found}))
    present = np.array([[n in found for n in names] for found in columns["findings"]], np.float32)
    present = present.reshape(len(index), len(names))
    present[~np.array(columns["findings_known"], dtype=bool)] = np.nan
    kept = [representatives(f.values()) for f in index.factors(np.arange(len(index)))]
    return HeadData(
        space_id=index.space.sha256,
        images=index.films.vectors,
        phrases=embed_phrases(engine, texts).vectors,
        owner=regions.film[said],
        regions=regions.vectors,
        film=regions.film,
        region=np.array(said, dtype=np.intp),
        text=np.array([number[text] for text in texts], dtype=np.intp),
        patches=np.stack([patches for patches, _ in kept]),
        counts=np.stack([counts for _, counts in kept]),
        labels=present,
        names=names,
        name_vectors=embed_phrases(engine, names).vectors,
        scoring=engine.scoring,
        ids=tuple(columns["film_id"]),
        groups=tuple(columns["study_id"]),
    )
