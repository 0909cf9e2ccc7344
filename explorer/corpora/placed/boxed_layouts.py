"""Boxes of a label, of any data set that training reads: NIH, VinDr-CXR, a folder with boxes.csv.

The phrase is the usual name of the label; all boxes of one label on an image are one sample, of
several readers too. Nothing was written by a reader.
"""

from pathlib import Path

from explorer.corpora import layouts
from explorer.corpora.placed._reading import merged
from explorer.errors import DataSetError
from explorer.placed import PlacedPhrase

TITLE = "boxes of labels: NIH BBox_List_2017.csv, VinDr-CXR, radiographs.csv and boxes.csv"
LICENCE = "that of the data set"
GENERAL = True
NOTE = "Phrases are the names of labels; nothing was written by a reader."
_PHRASES = {
    "Effusion": "pleural effusion",
    "Infiltrate": "infiltrate",
    "Pleural_Thickening": "pleural thickening",
    "Edema": "pulmonary edema",
    "Fibrosis": "pulmonary fibrosis",
}


def evidence(source: Path) -> str:
    """A layout that training knows and that may have boxes."""
    if not source.is_dir():
        return ""
    return next(
        (said for layout in layouts.layouts().values() if (said := layout.evidence(source))), ""
    )


def read_placed(source: Path, *, images: Path) -> tuple[PlacedPhrase, ...]:  # noqa: ARG001
    """Read the boxes of the data set in a folder.

    Args:
        source: The folder.
        images: Not read: the images are where the data set says.

    Raises:
        DataSetError: The data set is not complete, or has no box.
    """
    found = [
        PlacedPhrase(
            image=image.path,
            image_shape=image.size,
            phrase=_PHRASES.get(drawn.label, drawn.label.replace("_", " ").lower()),
            finding=drawn.label,
            patient=image.patient,
            split=image.split,
            boxes=(drawn.box,),
            study=image.study,
        )
        for image in layouts.read_data(source)
        for drawn in image.boxes
    ]
    if not found:
        raise DataSetError(f"A data set to ground on has boxes, {source.name!r} has none.")
    return merged(found)
