"""COCO's run lengths of masks, plain and as the text that pycocotools writes."""

from collections.abc import Mapping
from typing import Any

from explorer.placed import Runs


def runs_of(entry: Mapping[str, Any]) -> Runs:
    """Run lengths of `{"size": [h, w], "counts": list or text}`.

    Raises:
        ValueError, KeyError, TypeError: It is none, or does not add up to its size.

    >>> runs_of({"size": [2, 2], "counts": [1, 3]}).counts
    (1, 3)
    >>> runs_of({"size": [3, 4], "counts": "2224"}).counts
    (2, 2, 2, 6)
    """
    height, width = (int(side) for side in entry["size"])
    counts = entry["counts"]
    if isinstance(counts, str):
        counts = counts_of(counts)
    return Runs((height, width), tuple(int(count) for count in counts))


def counts_of(text: str) -> list[int]:
    """Unpack counts: five bits a character, the sixth says that more follow.

    From the third run on a count is written as the difference to the one two before.
    """
    counts: list[int] = []
    value = shift = 0
    for character in text:
        bits = ord(character) - 48
        if not 0 <= bits < 64:
            raise ValueError(f"Run lengths must be printable characters 0 to o, got {character!r}.")
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift  # sign
        counts.append(value + counts[-2] if len(counts) > 2 else value)
        value = shift = 0
    if shift:
        raise ValueError("Run lengths must end with a whole number, they are cut off.")
    return counts
