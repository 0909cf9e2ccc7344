"""Texts that ask for films of a label, as CheXpert 8 x 200 and 5 x 200 have them.

A CSV with a column of labels (Variable, label or finding) and one of texts (Text, text or phrase).
The names Variable and Text are those of public code that reads the set of ConVIRT; the file itself
was not at hand.
"""

from dataclasses import dataclass
from pathlib import Path

from explorer.corpora.layouts import read_table
from explorer.errors import DataSetError

_LABELS, _TEXTS = ("Variable", "label", "finding"), ("Text", "text", "phrase")


@dataclass(frozen=True, slots=True)
class TextQuery:
    """A text, and the label that makes a film a right answer to it."""

    label: str
    text: str


def read_queries(path: Path) -> tuple[TextQuery, ...]:
    """Read the queries.

    Raises:
        DataSetError: The table lacks a column, or a row is not complete.
    """
    table = read_table(path, needed=())
    label = next((name for name in _LABELS if name in table.columns), None)
    text = next((name for name in _TEXTS if name in table.columns), None)
    if label is None or text is None:
        raise DataSetError(
            f"{path.name!r} needs a column of {' or '.join(_LABELS)} and one of "
            f"{' or '.join(_TEXTS)}, it has {', '.join(map(str, table.columns))}."
        )
    found = []
    for number, (name, words) in enumerate(zip(table[label], table[text], strict=True), 1):
        if not str(name).strip() or not str(words).strip():
            raise DataSetError(f"Row {number} of {path.name!r} needs a label and a text.")
        found.append(TextQuery(str(name).strip(), str(words).strip()))
    return tuple(found)
