"""Masks as run lengths, in the uncompressed form of COCO files."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def encode(mask: NDArray[np.bool_]) -> dict[str, list[int]]:
    """Run lengths of a mask (H, W), column by column, the first run being of False.

    >>> encode(np.array([[False, True], [True, True]]))
    {'size': [2, 2], 'counts': [1, 3]}
    """
    flat = np.concatenate([[False], mask.ravel(order="F"), [False]])
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    starts = np.concatenate([[0], edges])
    counts = np.diff(np.concatenate([starts, [mask.size]]))
    return {
        "size": [int(n) for n in mask.shape],
        "counts": [int(n) for n in (counts[:-1] if counts[-1] == 0 else counts)],
    }


def decode(runs: Mapping[str, Any]) -> NDArray[np.bool_]:
    """The mask (H, W) of run lengths.

    Raises:
        ValueError: The runs do not add up to the size.

    >>> decode({"size": [2, 2], "counts": [1, 3]}).tolist()
    [[False, True], [True, True]]
    """
    height, width = runs["size"]
    counts = np.asarray(runs["counts"], dtype=np.int64)
    if counts.sum() != height * width:
        raise ValueError(
            f"Runs must add up to {height} x {width} = {height * width}, got {counts.sum()}."
        )
    values = np.arange(len(counts)) % 2 == 1
    return np.repeat(values, counts).reshape((height, width), order="F")
