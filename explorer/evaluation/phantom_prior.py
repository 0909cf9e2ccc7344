"""Location priors of phantoms: the mean mask of a finding over the other phantoms of a run."""

from collections.abc import Hashable, Iterator

import numpy as np
from numpy.typing import NDArray

from explorer.entities import Float32
from explorer.evaluation.protocols.phantom_cxr import Sample


class MaskBook:
    """Keeps the masks of all samples, packed to bits, and their sums; images of one size.

    The prior of a sample leaves its own mask out: no figure is measured on a mask that it knows.
    """

    def __init__(self) -> None:
        self._samples: list[tuple[Sample, NDArray[np.uint8]]] = []
        self._sums: dict[Hashable, Float32] = {}
        self._counts: dict[Hashable, int] = {}

    def add(self, sample: Sample) -> None:
        """Take a sample in; its own mask array is not kept."""
        self._samples.append((sample, np.packbits(sample.mask)))
        for key in _keys(sample):
            total = self._sums.setdefault(key, np.zeros(sample.mask.shape, np.float32))
            if total.shape != sample.mask.shape:
                raise ValueError(
                    f"Masks of one run must have one shape, got {total.shape} and "
                    f"{sample.mask.shape}."
                )
            total += sample.mask
            self._counts[key] = self._counts.get(key, 0) + 1

    def priors(self) -> Iterator[tuple[Sample, NDArray[np.bool_], Float32 | None]]:
        """Every sample with its mask (H, W) and its prior (H, W) in [0, 1].

        The prior is that of the finding at its place, else of the finding, else None: no other
        phantom has it.
        """
        for sample, packed in self._samples:
            shape = self._sums[_keys(sample)[0]].shape
            mask = np.unpackbits(packed, count=shape[0] * shape[1]).astype(bool).reshape(shape)
            known = [key for key in _keys(sample) if self._counts[key] > 1]
            if not known:
                yield sample, mask, None
                continue
            key = known[-1]
            others = np.float32(self._counts[key] - 1)
            yield sample, mask, (self._sums[key] - mask) / others


def _keys(sample: Sample) -> tuple[Hashable, ...]:
    """The finding, and the finding at its place where one is said."""
    if not sample.place:
        return (sample.finding,)
    return sample.finding, (sample.finding, sample.place)
