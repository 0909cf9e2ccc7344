"""Finds the reader of a data set with placed phrases and reads it whole, or not at all."""

from functools import cache
from pathlib import Path
from typing import Protocol, cast

from explorer import registry
from explorer.corpora import placed
from explorer.errors import DataSetError
from explorer.placed import PlacedCorpus, PlacedPhrase


class Reader(Protocol):
    """A module of `explorer.corpora.placed`."""

    TITLE: str
    LICENCE: str

    def evidence(self, source: Path) -> str:
        """What it recognises of a source; "" when it is of another data set."""
        ...

    def read_placed(self, source: Path, *, images: Path) -> tuple[PlacedPhrase, ...]:
        """Every placed phrase, or an error."""
        ...


@cache
def readers() -> dict[str, Reader]:
    """Readers by id, sorted."""
    return {name: cast(Reader, module) for name, module in registry.discover(placed).items()}


def read_placed(
    source: Path, *, images: Path | None = None, reader: str | None = None, split: str = "all"
) -> PlacedCorpus:
    """Read a data set with the reader that is named, or found by its files.

    Args:
        source: File or folder of annotations.
        images: Folder of the images; that of the annotations when None.
        reader: Id of a reader.
        split: Keep only this one; "all" keeps every phrase.

    Raises:
        DataSetError: The source is not there, the reader is unknown or cannot be told, the data
            set is not complete, or nothing is in the split.
    """
    if not source.exists():
        raise DataSetError(f"There is no file or folder {source.name!r} at that path.")
    name = reader or detect(source)
    if name not in readers():
        raise DataSetError(f"The reader must be one of {', '.join(readers())}, got {name!r}.")
    folder = images or (source if source.is_dir() else source.parent)
    if not folder.is_dir():
        raise DataSetError(f"There is no folder of images {folder.name!r} at that path.")
    module = readers()[name]
    phrases = module.read_placed(source, images=folder)
    chosen = tuple(p for p in phrases if split in ("all", p.split))
    if not chosen:
        known = ", ".join(sorted({p.split for p in phrases if p.split})) or "none"
        raise DataSetError(
            f"No phrase of {source.name!r} is in the split {split!r}; splits: {known}."
        )
    note = getattr(module, "NOTE", "")
    return PlacedCorpus(name, source.stem, module.LICENCE, chosen, (note,) if note else ())


def detect(source: Path) -> str:
    """Id of the reader that recognises a source.

    Raises:
        DataSetError: None or several do.
    """
    said = {name: reader.evidence(source) for name, reader in readers().items()}
    special = [n for n in said if said[n] and not getattr(readers()[n], "GENERAL", False)]
    found = special or [name for name in said if said[name]]
    if not found:
        known = "; ".join(f"{name} ({reader.TITLE})" for name, reader in readers().items())
        raise DataSetError(
            f"{source.name!r} is of none of the known data sets: {known}. "
            "Give the file, or the folder that holds it."
        )
    if len(found) > 1:
        seen = "; ".join(f"{name}: {said[name]}" for name in found)
        raise DataSetError(
            f"A data set has one reader, {source.name!r} looks like several ({seen}). Name the "
            "reader, or give the annotation file."
        )
    return found[0]
