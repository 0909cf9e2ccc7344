"""Train a copy or a student of a checkpoint on films; its folder opens as any checkpoint."""

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from explorer import reading
from explorer.adapters import AdapterCard
from explorer.corpora.studies import read_studies
from explorer.errors import DataSetError, ReadingError, TrainingError
from explorer.pipeline.films_known import KnownFilm
from explorer.retrieval.vocabulary import SIGNATURE

if TYPE_CHECKING:
    from explorer.training.copies import PlacedPhrase

Progress = Callable[[str, int, int], None]
_FAMILY = "local_alignment"
# Methods whose result is a checkpoint and not a head; those that are given a second site.
COPIES = ("mimkd", "mi_uda")
NEED_A_TARGET = ("mi_uda",)
log = logging.getLogger(__name__)


def train_copy(
    method: str,
    card: AdapterCard,
    films: Sequence[KnownFilm],
    options: Mapping[str, Any],
    *,
    out: Path,
    work: Path,
    target: Path | None,
    progress: Progress,
) -> dict[str, float]:
    """A small student (`mimkd`) or a copy adapted to a folder of films (`mi_uda`).

    Raises:
        DataSetError: No film is held out to measure on, or `target` does not fit the method.
        TrainingError: The checkpoint is of another family, or an option is refused.
    """
    from explorer.methods import find_method
    from explorer.methods._base import read_options
    from explorer.training.adapt_copy import adapt_copy
    from explorer.training.distil_student import distil_student

    _require_target(method, target)
    _require_family(card)
    chosen = read_options(find_method(method).Options, options, method=method)
    learned, held_out = split(films)
    shared: dict[str, Any] = {
        "held_out": pixels_of(held_out),
        "placed": placed_of(held_out),
        "out": out,
        "work": work,
        "progress": progress,
    }
    source, phrases = pixels_of(learned), phrases_of(learned)
    if target is None:
        return distil_student(card.folder, source, phrases, chosen, **shared)
    return adapt_copy(card.folder, source, unlabelled(target), phrases, chosen, **shared)


def _require_target(method: str, target: Path | None) -> None:
    if method in NEED_A_TARGET and target is None:
        raise DataSetError(f"{method} needs films of the new site: --target DIR.")
    if method not in NEED_A_TARGET and target is not None:
        raise DataSetError(
            f"{method} learns from one set of films; --target is for {', '.join(NEED_A_TARGET)}."
        )


def unlabelled(folder: Path) -> list[NDArray[np.uint8]]:
    """Pixels of every radiograph below a folder; files that cannot be read are left out."""
    found = []
    for study in read_studies(folder):
        for path in study.paths:
            try:
                pixels = reading.read_radiograph(path.read_bytes()).pixels
            except (ReadingError, OSError) as error:
                log.warning("Left out %s: %s", path.name, error)
                continue
            found.append(np.round(pixels * 255).astype(np.uint8))
    if not found:
        raise DataSetError(f"No radiograph of {folder.name!r} can be read. Give another folder.")
    return found


def _require_family(card: AdapterCard) -> None:
    if card.family != _FAMILY:
        raise TrainingError(
            f"Only checkpoints of the family {_FAMILY} can be copied and trained on, {card.name!r} "
            f"is of {card.family}. Choose another with --checkpoint."
        )


def split(films: Sequence[KnownFilm]) -> tuple[list[KnownFilm], list[KnownFilm]]:
    """Films to learn from, and films of other patients to measure on.

    Raises:
        DataSetError: One of them is empty.
    """
    parts = [[f for f in films if f.split == name] for name in ("train", "val")]
    if not all(parts):
        raise DataSetError(
            f"A copy is measured on films it did not learn from; of {len(films)} films "
            f"{len(parts[1])} are held out. Give more films, or both splits train and val."
        )
    return parts[0], parts[1]


def pixels_of(films: Sequence[KnownFilm]) -> list[NDArray[np.uint8]]:
    """Pixels of films, in memory."""
    return [film.load() for film in films]


def phrases_of(films: Sequence[KnownFilm]) -> list[str]:
    """The vocabulary, and what the films show with and without its place."""
    said = [phrase for film in films for placed in film.placed for phrase in placed.phrases]
    plain = [word for film in films for word in film.words.values()]
    return list(dict.fromkeys([*SIGNATURE, *plain, *said]))


def placed_of(films: Sequence[KnownFilm]) -> "list[PlacedPhrase]":
    """The most exact phrase of every placed finding, with its mask."""
    from explorer.training.copies import PlacedPhrase

    return [
        PlacedPhrase(number, placed.phrases[-1], placed.mask)
        for number, film in enumerate(films)
        for placed in film.placed
        if placed.phrases
    ]
