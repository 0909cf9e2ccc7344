"""Pools of training studies from the images of a data set: in memory, or read when drawn."""

from collections.abc import Sequence
from typing import overload

from explorer.corpora import CorpusImage
from explorer.errors import DataSetError
from explorer.training.drawing import Pools
from explorer.training.phrasing import FINDINGS
from explorer.training.samples import TrainingStudy, from_corpus

KEPT_IN_MEMORY = 8_000  # images of 200 KB; larger sets are read from disk at every draw


class StudiesOnDisk(Sequence[TrainingStudy]):
    """Studies that are read anew at each look, for sets that do not fit in memory."""

    def __init__(self, images: Sequence[CorpusImage]) -> None:
        self._images = images

    def __len__(self) -> int:
        return len(self._images)

    @overload
    def __getitem__(self, index: int) -> TrainingStudy: ...
    @overload
    def __getitem__(self, index: slice) -> list[TrainingStudy]: ...

    def __getitem__(self, index: int | slice) -> TrainingStudy | list[TrainingStudy]:
        if isinstance(index, slice):
            return [from_corpus(image) for image in self._images[index]]
        return from_corpus(self._images[index])


def make_pools(
    images: Sequence[CorpusImage],
    phantoms: Sequence[TrainingStudy],
    *,
    kept_in_memory: int = KEPT_IN_MEMORY,
) -> Pools:
    """Sort the training images: with boxes; with labels or a report; phantoms as they are.

    Raises:
        DataSetError: There is nothing to learn from.
    """
    boxed = [i for i in images if _is_placed(i)]
    weak = [
        i for i in images if not _is_placed(i) and (i.report or (not i.boxes and labels_known(i)))
    ]
    if not boxed and not weak and not phantoms:
        raise DataSetError(
            f"A training needs images with boxes, labels or reports, none of the {len(images):,} "
            "images of split train has a known one. See docs/training.md for the labels."
        )
    if len(boxed) + len(weak) > kept_in_memory:
        return Pools(StudiesOnDisk(boxed), StudiesOnDisk(weak), phantoms)
    return Pools([from_corpus(i) for i in boxed], [from_corpus(i) for i in weak], phantoms)


def _is_placed(image: CorpusImage) -> bool:
    return any(box.label in FINDINGS for box in image.boxes)


def labels_known(image: CorpusImage) -> bool:
    """Whether every image-level label is one that training has words for."""
    return image.labelled and image.findings <= FINDINGS.keys()
