"""A study of an index, ready to be grounded: its picture and the sentences of its report."""

import numpy as np

from explorer.entities import Radiograph, Study, ViewPosition, Window
from explorer.reading import make_study
from explorer.reading.decoded import Decoded
from explorer.reading.study import to_radiograph
from explorer.retrieval.corpus import Corpus
from explorer.retrieval.thumbnails import from_thumbnail
from explorer.text import read_report

_VIEWS: dict[str, ViewPosition] = {"PA": "PA", "AP": "AP", "lateral": "lateral"}


def indexed_study(index: Corpus, film_id: str) -> Study:
    """Read a film of an index with its report as a study.

    Raises:
        RetrievalError: The index has no such film, or its picture is damaged.
    """
    row = index.row_of(film_id)
    text = report_of(index, row)
    report = read_report(text) if text else None
    return make_study([_radiograph(index, film_id, row)], report=report)


def report_of(index: Corpus, row: int) -> str:
    """The sentences of the report of a film's study, in reading order; empty without a report."""
    if index.sentence_count == 0:
        return ""
    said = index.report(row)
    texts = dict(zip(said.place.tolist(), said.texts, strict=True))
    return " ".join(texts[place] for place in sorted(texts))


def _radiograph(index: Corpus, film_id: str, row: int) -> Radiograph:
    pixels = from_thumbnail(index.thumbnail(film_id))
    height, width = (int(side) for side in index.films.shapes[row])
    side = max(pixels.shape)
    return to_radiograph(
        Decoded(
            levels=np.round(pixels * 255).astype(np.uint16),
            level_slope=1.0,
            level_intercept=0.0,
            # The picture holds the film as its own first window shows it.
            windows=(Window("as kept in the index", 127.5, 255.0, "LINEAR_EXACT"),),
            source_format="picture of an index",
            view_position=_VIEWS.get(index.films.columns["view"][row], "unknown"),
            notes=(_smaller(side, width, height),) if side < max(width, height) else (),
        )
    )


def _smaller(side: int, width: int, height: int) -> str:
    return (
        f"Opened from an index, which keeps pictures of at most {side} pixels a side; the "
        f"original has {width} x {height}."
    )
