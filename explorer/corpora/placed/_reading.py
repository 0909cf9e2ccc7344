"""Shared by the readers: json and tables, boxes that must lie inside, images by name, merging."""

import json
from collections.abc import Iterable
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import Any

import pandas as pd

from explorer.corpora.layouts import IMAGE_SUFFIXES, files_by_name, read_table
from explorer.errors import DataSetError
from explorer.placed import PlacedPhrase


def find_file(source: Path, *patterns: str) -> Path | None:
    """The source itself, or the first file of a folder, that fits one of the patterns."""
    if source.is_file():
        return source if any(source.match(pattern) for pattern in patterns) else None
    found = (path for pattern in patterns for path in sorted(source.glob(pattern)))
    return next(found, None)


def load_json(path: Path) -> Any:
    """Content of a json file.

    Raises:
        DataSetError: It cannot be read.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise DataSetError(
            f"{path.name!r} must be a JSON file, it cannot be read as one "
            f"({type(error).__name__}). Download it again."
        ) from error


def other_schema(path: Path, needed: str) -> DataSetError:
    """The error for a json file that is of some other kind."""
    return DataSetError(
        f"{path.name!r} must hold {needed}, it does not. Give the file as its publisher wrote it."
    )


def read_columns(path: Path, *, needed: Iterable[str]) -> list[dict[str, str]]:
    """Rows of a CSV table as text.

    Raises:
        DataSetError: It cannot be read or lacks a column.
    """
    table: pd.DataFrame = read_table(path, needed=needed)
    return [{str(k): str(v).strip() for k, v in row.items()} for row in table.to_dict("records")]


def shape_of(width: object, height: object, *, where: str) -> tuple[int, int]:
    """(H, W) from the cells of a table or json.

    Raises:
        DataSetError: They are no whole numbers above 0.
    """
    try:
        shape = (int(float(str(height))), int(float(str(width))))
    except (ValueError, OverflowError):
        shape = (0, 0)
    if min(shape) < 1:
        raise DataSetError(
            f"Width and height of an image must be whole numbers above 0, {where} has "
            f"{str(width)!r} and {str(height)!r}. Correct them."
        )
    return shape


class ImageFiles:
    """Finds image files by the paths or names of a data set, below one folder."""

    def __init__(self, root: Path, *, remedy: str = "") -> None:
        self._root = root
        self._remedy = remedy or f"Give the folder of the images; it is {root.name!r} now."
        self._by_name: dict[str, list[Path]] | None = None
        self._missing: dict[str, None] = {}
        self._asked: dict[str, None] = {}

    def find(self, name: str) -> Path | None:
        """The file of a path relative to the folder, else of that file name anywhere below.

        A published `x.jpg` may be there as `x.png` or `x.dcm`. What is not found is remembered
        for `check`.
        """
        self._asked[name] = None
        relative = name.replace("\\", "/").lstrip("/")
        for tail in (relative, relative.removeprefix("files/")):
            path = self._root / tail
            if path.is_file():
                return path
            for suffix in IMAGE_SUFFIXES:
                if (other := path.with_suffix(suffix)).is_file():
                    return other
        if self._by_name is None:
            self._by_name = files_by_name(self._root, suffixes=IMAGE_SUFFIXES)
        same = self._by_name.get(Path(relative).stem, [])
        # Names such as view1_frontal.jpg are there once a study: the longest common end decides.
        ends = [_common_end(path, relative) for path in same]
        if not same or (len(same) > 1 and ends.count(max(ends)) > 1):
            self._missing[name] = None
            return None
        return same[ends.index(max(ends))]

    def check(self, *, of: str) -> None:
        """Refuse a data set of which images are missing.

        Args:
            of: The table that names them.

        Raises:
            DataSetError: Some were not found, or nothing was asked for.
        """
        if self._missing:
            raise DataSetError(
                f"Every phrase of {of!r} needs its image, {len(self._missing):,} of "
                f"{len(self._asked):,} images are not below {self._root.name!r}, e.g. "
                f"{next(iter(self._missing))}. {self._remedy}"
            )


def _common_end(path: Path, relative: str) -> int:
    """How many folder names agree, counted from the file upwards."""
    pairs = zip(path.parts[-2::-1], Path(relative).parts[-2::-1], strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def merged(phrases: Iterable[PlacedPhrase]) -> tuple[PlacedPhrase, ...]:
    """One entry an image and phrase, with all its boxes; words compare without case and spaces."""
    found: dict[tuple[Path, str], PlacedPhrase] = {}
    for phrase in phrases:
        words = " ".join(phrase.phrase.split())
        key = phrase.image, words.casefold()
        known = found.get(key)
        if known is None:
            found[key] = replace(phrase, phrase=words)
        else:
            boxes = tuple(dict.fromkeys((*known.boxes, *phrase.boxes)))
            present = known.present or phrase.present
            found[key] = replace(known, boxes=boxes, present=present)
    return tuple(found.values())
