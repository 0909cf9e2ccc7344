"""The methods that a training can minimise, and what else is known of each, in plain values."""

import dataclasses
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class OptionRecord:
    """One option of a method: `rule` says what it may be, in words."""

    name: str
    default: bool | int | float | str
    help: str
    rule: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MethodRecord:
    """What people read about a method; see `explorer.methods._base.MethodCard`."""

    id: str
    title: str
    paper: str
    year: int
    kind: str
    equation: str
    intuition: str
    ours: tuple[str, ...]
    needs: tuple[str, ...]
    trains: bool
    options: tuple[OptionRecord, ...]


def list_methods() -> tuple[MethodRecord, ...]:
    """All methods, by id."""
    from explorer import methods

    return tuple(_record(name, kind) for name, kind in methods.list_methods().items())


def find_method(name: str) -> MethodRecord:
    """One method.

    Raises:
        TrainingError: There is no such method; the message names those that exist.
    """
    from explorer import methods

    return _record(name, methods.find_method(name))


def methods_table(records: tuple[MethodRecord, ...]) -> str:
    """The table of docs/methods.md."""
    lines = ["| method | what | paper | kind | idea |", "|---|---|---|---|---|"]
    lines += [
        f"| `{r.id}` | {r.title} | {_cell(r.paper)} | {r.kind} | {_cell(r.intuition)} |"
        for r in records
    ]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")


def _default(field: "dataclasses.Field[Any]") -> Any:
    return field.default


def _record(name: str, kind: Any) -> MethodRecord:
    from explorer.methods._base import Method
    from explorer.methods._options import range_words

    card = kind.card
    options = tuple(
        OptionRecord(
            name=field.name,
            default=_default(field),
            help=field.metadata["help"],
            rule=range_words(field),
            choices=tuple(field.metadata["choices"] or ()),
        )
        for field in dataclasses.fields(kind.Options)
    )
    return MethodRecord(
        id=name,
        title=card.title,
        paper=card.paper,
        year=card.year,
        kind=card.kind,
        equation=card.equation,
        intuition=card.intuition,
        ours=card.ours,
        needs=tuple(sorted(card.needs)),
        trains=isinstance(kind, type) and issubclass(kind, Method),
        options=options,
    )
