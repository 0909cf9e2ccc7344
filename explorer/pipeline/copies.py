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
from explorer.pipeline.known_films import KnownFilm
from explorer.retrieval.vocabulary import SIGNATURE

if TYPE_CHECKING:
    from explorer.training.copies import PlacedPhrase

Progress = Callable[[str, int, int], None]
_FAMILY = "local_alignment"
log = logging.getLogger(__name__)


def distil(
    card: AdapterCard,
    films: Sequence[KnownFilm],
    options: Mapping[str, Any],
    *,
    out: Path,
    work: Path,
    target: Path | None,
    progress: Progress,
) -> dict[str, float]:
    """A small student of a checkpoint, by the method `mimkd`; labels are not used.

    Raises:
        DataSetError: No film is held out to measure on.
        TrainingError: The checkpoint is of another family, or an option is refused.
    """
    if target is not None:
        raise DataSetError("mimkd learns from one set of films; --target is for mi_uda.")
    from explorer.methods._base import read_options
    from explorer.methods.mimkd import MimkdOptions
    from explorer.training.distil_student import distil_student

    _require_family(card)
    chosen = read_options(MimkdOptions, options, method="mimkd")
    learned, held_out = split(films)
    return distil_student(
        card.folder,
        pixels_of(learned),
        phrases_of(learned),
        chosen,
        held_out=pixels_of(held_out),
        placed=placed_of(held_out),
        out=out,
        work=work,
        progress=progress,
    )


def adapt(
    card: AdapterCard,
    films: Sequence[KnownFilm],
    options: Mapping[str, Any],
    *,
    out: Path,
    work: Path,
    target: Path | None,
    progress: Progress,
) -> dict[str, float]:
    """A copy of a checkpoint that is adapted to a folder of films, by the method `mi_uda`.

    Raises:
        DataSetError: No folder was given, or it holds no film.
        TrainingError: The checkpoint is of another family, or an option is refused.
    """
    if target is None:
        raise DataSetError("mi_uda needs films of the new site: --target DIR.")
    from explorer.methods._base import read_options
    from explorer.methods.mi_uda import MiUdaOptions
    from explorer.training.adapt_copy import adapt_copy

    _require_family(card)
    chosen = read_options(MiUdaOptions, options, method="mi_uda")
    learned, held_out = split(films)
    return adapt_copy(
        card.folder,
        pixels_of(learned),
        unlabelled(target),
        phrases_of(learned),
        chosen,
        held_out=pixels_of(held_out),
        placed=placed_of(held_out),
        out=out,
        work=work,
        progress=progress,
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


# Methods whose result is a checkpoint and not a head, by id.
COPIES: dict[str, Callable[..., dict[str, float]]] = {"mimkd": distil, "mi_uda": adapt}
