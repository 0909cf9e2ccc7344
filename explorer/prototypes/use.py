"""Where a radiograph looks like a prototype: every patch of it against the centre."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from explorer.embeddings import unit
from explorer.entities import Float32, PatchGrid
from explorer.prototypes.records import Clustering, Points, Use

_REACHED_BY = 0.9  # share of a prototype's points whose likeness lies above its threshold
_AROUND = 3  # patches a side that are averaged: a prototype is made of regions, not of patches


def uses_of(
    clustering: Clustering,
    points: Points,
    grid: PatchGrid,
    *,
    seen: NDArray[np.bool_],
    ids: Sequence[int] | None = None,
) -> tuple[Use, ...]:
    """How a radiograph uses prototypes, the most used first.

    Args:
        clustering: Of regions.
        points: What was clustered.
        grid: Patch embeddings of the radiograph, made by the checkpoint of the points.
        seen: (h, w), False where a patch is padding.
        ids: Only these; None takes all that are not hidden.
    """
    wanted = [
        p for p in clustering.prototypes if (p.id in ids if ids is not None else not p.hidden)
    ]
    if not wanted:
        return ()
    around = uniform_filter(grid.values, size=(_AROUND, _AROUND, 1), mode="nearest")
    vectors = unit(unit(around) - clustering.origin)
    centred = points.centred
    found = []
    for prototype in wanted:
        likeness: Float32 = np.where(seen, vectors @ prototype.centre, -1).astype(np.float32)
        of_members = centred[clustering.members(prototype.id)] @ prototype.centre
        threshold = float(np.quantile(of_members, 1 - _REACHED_BY))
        above = (likeness >= threshold) & seen
        found.append(
            Use(
                id=prototype.id,
                likeness=likeness,
                threshold=threshold,
                share=float(above.sum() / max(1, int(seen.sum()))),
                peak=float(likeness.max()),
                frame=grid.frame,
            )
        )
    return tuple(sorted(found, key=lambda use: (-(use.peak - use.threshold), use.id)))
