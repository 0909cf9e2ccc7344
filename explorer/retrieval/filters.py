"""A filter on what is known of films: one definition, asked of rows in memory or as SQL."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.errors import RetrievalError

_KEYS = ("view", "sex", "age", "source", "finding", "without")
_VALUES = {"view": ("PA", "AP", "frontal"), "sex": ("F", "M", "O")}  # all that an index holds
_AGE = re.compile(r"(\d{1,3})-(\d{1,3})|(\d{1,3})\+")


@dataclass(frozen=True, slots=True)
class Filter:
    """All that is given must hold; of several values of one entry, one.

    Attributes:
        view, sex, source: Allowed values.
        ages: Allowed age bands, e.g. "60-69".
        finding: Findings of which the film has at least one.
        without: Findings of which it has none; a film without known findings fails.
    """

    view: tuple[str, ...] = ()
    sex: tuple[str, ...] = ()
    ages: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    finding: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether everything passes."""
        return self == Filter()

    def keeps(self, films: Mapping[str, Sequence[Any]]) -> NDArray[np.bool_]:
        """(N,) which of the films pass, from columns view, sex, age_band, source and findings."""
        columns = {"view": self.view, "sex": self.sex, "age_band": self.ages, "source": self.source}
        count = len(films["view"])
        kept = np.ones(count, dtype=bool)
        for name, allowed in columns.items():
            if allowed:
                kept &= np.isin(np.asarray(films[name], dtype=object).astype(str), allowed)
        for wanted, holds in ((self.finding, True), (self.without, False)):
            if wanted:
                names = set(wanted)
                has = np.array([bool(names & set(f)) for f in films["findings"]], dtype=bool)
                kept &= has == holds
        if self.without:
            kept &= np.asarray(films["findings_known"], dtype=bool)
        return kept

    def as_sql(self, *, source_column: str = "source") -> str | None:
        """The same for a query of Lance, None when everything passes."""
        pairs = {
            "view": self.view,
            "sex": self.sex,
            "age_band": self.ages,
            source_column: self.source,
        }
        parts = [f"{name} IN ({_quoted(allowed)})" for name, allowed in pairs.items() if allowed]
        if self.finding:
            parts.append(f"array_has_any(findings, [{_quoted(self.finding)}])")
        if self.without:
            parts.append(f"NOT array_has_any(findings, [{_quoted(self.without)}])")
            parts.append("findings_known")
        return " AND ".join(parts) or None


EVERYTHING = Filter()


@dataclass(frozen=True, slots=True)
class Page:
    """Which hits of a search are wanted.

    Attributes:
        where: Films that may be found.
        count: Hits of the page.
        offset: Hits before it.
    """

    where: Filter = EVERYTHING
    count: int = 20
    offset: int = 0

    @property
    def end(self) -> int:
        """Hits up to its last."""
        return self.offset + self.count

    def of(self, order: NDArray[np.intp]) -> list[tuple[int, int]]:
        """(place, entry) of what is on the page, places from 0.

        >>> Page(count=2, offset=1).of(np.array([7, 5, 6, 4]))
        [(1, 5), (2, 6)]
        """
        shown = order[self.offset : self.end].tolist()
        return list(enumerate(shown, start=self.offset))


FIRST = Page()


def parse_filter(text: str) -> Filter:
    """Read "view=PA, sex=F, age=60-79, finding=nodule|mass, without=pneumothorax".

    Raises:
        RetrievalError: An entry is not of that form, or no film can have its value.

    >>> parse_filter("age=50-69, finding=nodule|mass").ages
    ('50-59', '60-69')
    """
    found: dict[str, tuple[str, ...]] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        key, equals, value = entry.partition("=")
        key = key.strip().lower()
        values = tuple(v.strip() for v in value.split("|") if v.strip())
        if key not in _KEYS or not equals or not values:
            raise RetrievalError(
                f"A filter is a list such as view=PA, sex=F, age=60-79, finding=nodule|mass, "
                f"without=pneumothorax, source=phantoms; got {entry!r}."
            )
        if key in ("finding", "without"):
            values = tuple(value.lower().replace("_", " ") for value in values)
        if key in _VALUES:
            values = _known(key, values)
        name = "ages" if key == "age" else key
        found[name] = found.get(name, ()) + (_bands(values) if key == "age" else values)
    return Filter(**found)


def _known(key: str, values: Sequence[str]) -> tuple[str, ...]:
    """The values as an index writes them."""
    names = {name.lower(): name for name in _VALUES[key]}
    for value in values:
        if value.lower() not in names:
            raise RetrievalError(
                f"The {key} of a filter is one of {', '.join(_VALUES[key])}, got {value!r}."
            )
    return tuple(names[value.lower()] for value in values)


def _bands(values: Sequence[str]) -> tuple[str, ...]:
    bands: list[str] = []
    for value in values:
        match = _AGE.fullmatch(value)
        if match is None:
            raise RetrievalError(f'An age is given as "60-79" or "80+", got {value!r}.')
        first, last = (int(match[1]), int(match[2])) if match[1] else (int(match[3]), 200)
        decades = range(first // 10 * 10, min(last, 99) + 1, 10)
        bands += ["90+" if d >= 90 else f"{d}-{d + 9}" for d in decades]
    return tuple(dict.fromkeys(bands))


def _quoted(values: Sequence[str]) -> str:
    return ", ".join("'" + value.replace("'", "''") + "'" for value in values)
