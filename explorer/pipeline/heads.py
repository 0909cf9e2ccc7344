"""Train a head on a frozen checkpoint, and put a trained one to use."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer.adapters import Engine
from explorer.errors import CheckpointError, DataSetError
from explorer.pipeline.coded import Index, recall_of_codes
from explorer.pipeline.copies import COPIES, train_copy
from explorer.pipeline.embedding import embed_phrases
from explorer.pipeline.films_known import (
    HELD_OUT_EVERY,
    KnownFilm,
    few_of_each,
    known_films,
)
from explorer.pipeline.head_data import data_of_films, data_of_index, encode_films
from explorer.pipeline.retrieval import open_index
from explorer.retrieval.codes import Coder
from explorer.retrieval.vocabulary import SIGNATURE

if TYPE_CHECKING:
    from explorer.methods._heads import HeadData

Progress = Callable[[str, int, int], None]  # stage, steps done, steps in all


@dataclass(frozen=True, slots=True)
class HeadSources:
    """Where a head finds its vectors: one of the three.

    Attributes:
        index: An index that was built with the checkpoint.
        phantoms: Folder of phantom shards.
        data, layout: Folder of a data set, and how it is laid out.
        films: Use at most so many films of phantoms or data set; None uses all.
        target: Folder of films of another site, for methods that adapt to one.
    """

    index: str | None = None
    phantoms: Path | None = None
    data: Path | None = None
    layout: str | None = None
    films: int | None = None
    target: Path | None = None

    def __post_init__(self) -> None:
        if sum(place is not None for place in (self.index, self.phantoms, self.data)) != 1:
            raise DataSetError(
                "A head needs one source of vectors: --index URI, --phantoms DIR or --data DIR."
            )


def train_head(
    method: str,
    sources: HeadSources,
    *,
    engine: Engine,
    out: Path,
    options: Mapping[str, Any],
    work: Path | None = None,
    progress: Progress = lambda *_: None,
) -> dict[str, float]:
    """Fit a head and write it to a folder of its own; a run that was stopped goes on in `work`.

    Args:
        method: Id of a method whose kind is "head".
        sources: The data.
        engine: Loaded checkpoint.
        out: Folder of the head.
        options: Of the method, by name.
        work: Folder of vectors and states; `out`.work when None.
        progress: Told how far each stage is.

    Returns:
        Figures on films that were not learned from.

    Raises:
        DataSetError: The data cannot be read.
        TrainingError: The method, an option or the data does not allow it.
    """
    from explorer.methods import find_method
    from explorer.methods._base import read_options

    read_options(find_method(method).Options, options, method=method)  # before the long part
    work = work or out.with_name(f"{out.name}.work")
    if method in COPIES:
        if sources.index is not None:
            raise DataSetError(f"{method} needs films, not an index: --phantoms DIR or --data DIR.")
        return train_copy(
            method, engine.card, _films(sources), options, out=out, work=work,
            target=sources.target, progress=progress,
        )  # fmt: skip
    if sources.target is not None:
        raise DataSetError(f"{method} adapts to no site; --target is for mi_uda.")
    return _fit_and_write(
        method, sources, engine=engine, out=out, options=options, work=work, progress=progress
    )


def _fit_and_write(
    method: str,
    sources: HeadSources,
    *,
    engine: Engine,
    out: Path,
    options: Mapping[str, Any],
    work: Path,
    progress: Progress,
) -> dict[str, float]:
    """A head that leaves the checkpoint as it is: fitted, measured on what was held out, kept."""
    from explorer.training import heads

    data, held_out = head_data(
        sources, engine, work=work, progress=lambda done, total: progress("Films", done, total)
    )
    head = heads.fit_head(
        method, data, options, work=work,
        progress=lambda done, total: progress("Head", done, total),
    )  # fmt: skip
    figures = {name: float(value) for name, value in head.figures(held_out).items()}
    heads.write_head(
        out,
        head,
        method=method,
        checkpoint=engine.card.name,
        checkpoint_sha256=engine.card.sha256,
        about={
            "figures": figures,
            "data": {"films": len(data.images), "held out": len(held_out.images)},
            "names": list(data.names),
        },
    )
    return figures


def head_data(
    sources: HeadSources,
    engine: Engine,
    *,
    work: Path | None = None,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> "tuple[HeadData, HeadData]":
    """Vectors to learn from, and those held out: other patients, or every fifth study.

    Raises:
        DataSetError: The data cannot be read.
    """
    if sources.index is not None:
        index = open_index(sources.index, engine=engine)
        data = data_of_index(index, engine)
        held = index.films.study % HELD_OUT_EVERY == HELD_OUT_EVERY - 1
    else:
        films = _films(sources)
        vectors = encode_films(engine, films, work=work, progress=progress)
        data = data_of_films(engine, films, vectors)
        held = np.array([film.split == "val" for film in films])
    if held.all() or not held.any():
        raise DataSetError(
            f"A head is measured on films it did not learn from; of {len(held)} films "
            f"{int(held.sum())} are held out. Give more films, or both splits train and val."
        )
    return data.of_films(np.flatnonzero(~held)), data.of_films(np.flatnonzero(held))


def _films(sources: HeadSources) -> list[KnownFilm]:
    found = known_films(phantoms=sources.phantoms, data=sources.data, layout=sources.layout)
    return few_of_each(found, sources.films)


def open_codes(
    index: Index, engine: Engine, folder: Path, *, shortlist: int = 100
) -> tuple[Coder, float]:
    """What makes codes of the regions of an index, and the recall@10 of their shortlist.

    Args:
        index: Opened with this engine; one, or several that are searched as one.
        engine: Loaded checkpoint.
        folder: Of a head of the method cmimh.
        shortlist: Films that are looked at exactly, for each phrase.

    Returns:
        What makes them; and the share of the ten best films by exact scores that the shortlist
        holds, over the phrases of the vocabulary.

    Raises:
        CheckpointError: The folder holds no such head, or one of another checkpoint.
    """
    from explorer.methods.cmimh import Cmimh
    from explorer.training.heads import read_head

    head = read_head(folder, checkpoint_sha256=engine.card.sha256).head
    if not isinstance(head, Cmimh):
        raise CheckpointError(
            f"Codes come from a head of the method cmimh, {folder.name!r} holds another. Train "
            "one: explorer train --method cmimh --index URI --out FOLDER."
        )
    coder = Coder(
        key=hashlib.sha256((folder / "head.safetensors").read_bytes()).hexdigest(),
        of_regions=partial(head.encode, side="image"),
        of_phrases=partial(head.encode, side="text"),
        shortlist=shortlist,
    )
    return coder, recall_of_codes(index, coder, embed_phrases(engine, SIGNATURE).vectors)
