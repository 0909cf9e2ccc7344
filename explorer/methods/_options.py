"""Options of a method: a frozen dataclass whose fields carry help, range and choices.

CLI flags, the form of the page and the table in the documents are built from the fields, so what a
person can set and what is checked are one thing.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from explorer.errors import TrainingError

_Value = TypeVar("_Value")
_Options = TypeVar("_Options", bound="MethodOptions")
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def option(
    default: _Value,
    help: str,
    *,
    min: float | None = None,
    max: float | None = None,
    above: float | None = None,
    choices: Sequence[str] | None = None,
) -> _Value:
    """A field of `MethodOptions`; its type is that of the default: bool, int, float or str.

    Args:
        default: The published value, or ours where the paper gives none.
        help: One sentence for people.
        min: Least value that is accepted.
        max: Largest value that is accepted.
        above: The value must be larger than this, for what may not be 0.
        choices: Texts that are accepted.
    """
    metadata = {"help": help, "min": min, "max": max, "above": above, "choices": choices}
    field: _Value = dataclasses.field(default=default, metadata=metadata)
    return field


@dataclass(frozen=True)
class MethodOptions:
    """Base of `Options` of a method; values are checked when they are set.

    Raises:
        TrainingError: A value has the wrong type or lies outside its range.
    """

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            if not field.metadata:  # not made by `option`: checked by the class itself
                continue
            value = checked(field, getattr(self, field.name))
            object.__setattr__(self, field.name, value)


def read_options(kind: type[_Options], given: Mapping[str, Any], *, method: str) -> _Options:
    """Options from texts or values by name; those not given keep their default.

    Raises:
        TrainingError: An option is unknown, of the wrong type or out of range.
    """
    fields = {field.name: field for field in dataclasses.fields(kind)}
    for name in given:
        if name not in fields:
            known = ", ".join(fields) or "none"
            raise TrainingError(f"Method {method} has no option {name!r}. It has: {known}.")
    return kind(**{name: parsed(fields[name], value) for name, value in given.items()})


def parsed(field: "dataclasses.Field[Any]", value: Any) -> Any:
    """What a text on the command line means for this field; other values as they are."""
    if not isinstance(value, str) or isinstance(field.default, str):
        return value
    if isinstance(field.default, bool):
        if value.lower() in (*_TRUE, *_FALSE):
            return value.lower() in _TRUE
        raise _wrong(field, value, "true or false")
    try:
        kind: Any = type(field.default)
        return kind(value)
    except ValueError:
        raise _wrong(field, value, _type_words(field)) from None


def checked(field: "dataclasses.Field[Any]", given: Any) -> Any:
    """The value, an int made float where the field is one.

    Raises:
        TrainingError: It has the wrong type or lies outside the range of the field.
    """
    kind: Any = type(field.default)
    value: Any = given
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not kind:
        raise _wrong(field, value, _type_words(field))
    rules = field.metadata
    if kind is str and rules.get("choices") and value not in rules["choices"]:
        raise _wrong(field, value, f"one of {', '.join(rules['choices'])}")
    if kind in (int, float):
        low, high, above = rules.get("min"), rules.get("max"), rules.get("above")
        if (
            not math.isfinite(value)
            or (low is not None and value < low)
            or (high is not None and value > high)
            or (above is not None and value <= above)
        ):
            raise _wrong(field, value, range_words(field))
    return value


def range_words(field: "dataclasses.Field[Any]") -> str:
    """E.g. "a number from 0 to 1", "a whole number, at least 2", "one of dv, jsd"."""
    rules = field.metadata
    if rules.get("choices"):
        return "one of " + ", ".join(rules["choices"])
    words = _type_words(field)
    low, high, above = rules.get("min"), rules.get("max"), rules.get("above")
    if low is not None and high is not None:
        return f"{words} from {low:g} to {high:g}"
    parts = [f"above {above:g}"] if above is not None else []
    parts += [f"at least {low:g}"] if low is not None else []
    parts += [f"at most {high:g}"] if high is not None else []
    return f"{words} {' and '.join(parts)}" if parts else words


def _type_words(field: "dataclasses.Field[Any]") -> str:
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
    return words[type(field.default)]


def _wrong(field: "dataclasses.Field[Any]", value: Any, rule: str) -> TrainingError:
    return TrainingError(f"Option {field.name} must be {rule}, got {value!r}.")
