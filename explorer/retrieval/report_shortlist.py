"""Which reports of a large index are worth reading for a film.

When the index is built, every report is read against some films of it; what it gets from each is
kept. A new film is told by its signature as a sum of those films (kernel ridge regression), and
what a report gets from it is foretold as the same sum. That orders all reports by some numbers
each; the first of them are read, and ranked as exact search ranks them.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.entities import Float32
from explorer.retrieval.columns import Rows
from explorer.retrieval.corpus import Corpus
from explorer.retrieval.search_film import QueryFilm
from explorer.retrieval.search_text import Asking
from explorer.retrieval.statements import gains_of_base, gains_of_films, report_totals, sampled

SHORTLIST = 400  # reports that are read at least
NEAR = 10
_SAME = 1e-3  # what agreements of equal reports differ by, since they are read in several pieces
_QUERIES = 20  # films that the recall is measured on
_AT_ONCE = 1000  # studies whose reports are read together
# Of the mean of the kernel's diagonal; of 1,000 phantoms, a list of 50 reports held .91 of the ten
# that agree best with a film, with ten times as much .87, and one by findings of reports .44.
_RIDGE = 0.1


@dataclass(frozen=True, slots=True)
class Agreement:
    """What reports get from some films of their index.

    Attributes:
        studies: (R,) ids of those with a report.
        values: (R, K) float32.
        signatures: (K, V) of the films.
        solved: (K, V), of a film's standardised signature the weights of the K films.
    """

    studies: tuple[str, ...]
    values: Float32
    signatures: Float32
    solved: Float32 = field(init=False, repr=False)

    def __post_init__(self) -> None:
        base = self.standardised(self.signatures).astype(np.float64)
        kernel = base @ base.T
        kernel += _RIDGE * kernel.diagonal().mean() * np.eye(len(kernel))
        object.__setattr__(self, "solved", np.linalg.solve(kernel, base).astype(np.float32))

    def standardised(self, signatures: Float32) -> Float32:
        """Signatures (..., V) in deviations over the films."""
        mean, spread = self.signatures.mean(axis=0), self.signatures.std(axis=0)
        return np.asarray((signatures - mean) / np.maximum(spread, 1e-6))


def measured(corpus: Corpus, asking: Asking) -> tuple[Agreement, "Further"]:
    """Agreement of every report with a sample of films, and with further films of the index."""
    rows = corpus.base_rows
    base = rows[sampled(len(rows))]
    asked = np.setdiff1d(rows, base)[:_QUERIES] if len(rows) > len(base) else base[:_QUERIES]
    films = corpus.factors(asked)
    studies: list[Rows] = []
    totals: list[NDArray[np.float64]] = []
    for first in range(0, len(corpus.study_ids), _AT_ONCE):
        last = min(first + _AT_ONCE, len(corpus.study_ids))
        said = corpus.sentences_of(range(first, last))
        if len(said):
            gains = gains_of_base(corpus, said, asking), gains_of_films(corpus, films, said, asking)
            found, values = report_totals(said, np.concatenate(gains))
            studies.append(found)
            totals.append(values.T)
    told, every = np.concatenate(studies), np.concatenate(totals).astype(np.float32)
    known = Agreement(
        tuple(corpus.study_ids[study] for study in told),
        every[:, : len(base)],
        corpus.films.signatures[base],
    )
    return known, Further(corpus.films.signatures[asked], every[:, len(base) :])


@dataclass(frozen=True, slots=True)
class Further:
    """Films that a shortlist is tried on: signatures (Q, V), and what reports get (R, Q)."""

    signatures: Float32
    values: Float32


def recall_of(known: Agreement, films: Further, *, shortlist: int | None = None) -> float:
    """Share of the ten reports that agree best with a film in its shortlist, mean over films."""
    count, near = shortlist or SHORTLIST, min(NEAR, len(films.values))
    right = []
    for signature, values in zip(films.signatures, films.values.T, strict=True):
        order = np.argsort(-foretold(known, signature), kind="stable")
        # Reports that say the same are equally right.
        least = np.sort(values)[-near] - _SAME
        right.append(min(near, int((values[order[:count]] >= least).sum())) / near)
    return float(np.mean(right))


def foretold(known: Agreement, signature: Float32) -> Float32:
    """(R,) what every report gets from a film with a signature (V,), but for an error."""
    return np.asarray(known.values @ (known.solved @ known.standardised(signature)))


def shortlist_order(corpus: Corpus, query: QueryFilm, rows: Rows) -> Rows | None:
    """Studies of films (rows) with a report, the likeliest first.

    None where the build of the index was not finished, so that nothing is known of its reports.
    """
    known = _read(corpus)
    if known is None:
        return None
    agreement, studies = known
    allowed = np.zeros(len(corpus.study_ids) + 1, dtype=bool)  # the last is of studies taken out
    allowed[corpus.films.study[rows]] = True
    kept = np.flatnonzero(allowed[studies])
    likely = foretold(agreement, query.signature)[kept]
    return np.asarray(studies[kept[np.argsort(-likely, kind="stable")]], dtype=np.intp)


def _read(corpus: Corpus) -> tuple[Agreement, Rows] | None:
    """What was measured of an open index, with the number of every study."""
    found: Any = corpus.memory.get("agreement")
    if found is None:
        rows = corpus.agreement()
        if rows is None:
            return None
        ids, values, signatures = rows
        number = {study: k for k, study in enumerate(corpus.study_ids)}
        places = np.array([number.get(study, -1) for study in ids], dtype=np.intp)
        found = corpus.memory["agreement"] = Agreement(tuple(ids), values, signatures), places
    return found
