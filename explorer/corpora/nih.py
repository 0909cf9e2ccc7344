"""NIH ChestX-ray14 as its publisher packs it: PNG folders, labels, boxes and the two lists.

Data_Entry_2017*.csv (Image Index, Finding Labels, Patient ID, View Position), BBox_List_2017.csv
(boxes in pixels of the 1024 x 1024 originals), train_val_list.txt and test_list.txt, pictures in
images_*/images or anywhere below. Wang et al., CVPR 2017.
"""

from collections import defaultdict
from pathlib import Path

from explorer.corpora._base import CorpusImage, LabelledBox
from explorer.corpora._boxes import box_inside
from explorer.corpora.layouts import (
    check_complete,
    check_distinct,
    files_by_name,
    find_table,
    image_size,
    nih_words,
    only_file,
    read_table,
    split_of,
)
from explorer.entities import Box
from explorer.errors import DataSetError

TITLE = "NIH ChestX-ray14: Data_Entry_2017*.csv and images_*/"
_ENTRY, _BOXES = "Data_Entry_2017", "BBox_List_2017"
_BOXED_SIDE = 1024  # pixels of the frame that the published boxes are in
_REMEDY = "Boxes count in the published frame, whatever the size of the file. Correct the row."


def evidence(folder: Path) -> str:
    """The table of labels."""
    table = find_table(folder, _ENTRY)
    return table.name if table else ""


def read_folder(folder: Path) -> tuple[CorpusImage, ...]:
    """Read the data set; lists keep their test patients, a tenth of the others are val.

    Raises:
        DataSetError: A table is missing or broken, or pictures are missing.
    """
    path = find_table(folder, _ENTRY)
    if path is None:
        raise DataSetError(f"{folder.name!r} must hold {_ENTRY}*.csv, it does not. Copy it there.")
    needed = ("Image Index", "Finding Labels", "Patient ID", "View Position")
    table = read_table(path, needed=needed)
    check_distinct(table["Image Index"], table=path.name)
    files = files_by_name(folder, suffixes=(".png", ".jpg", ".jpeg"))
    found = {name: only_file(Path(name).stem, files) for name in table["Image Index"]}
    check_complete(
        [name for name, file in found.items() if file is None],
        of=len(table),
        what="pictures",
        remedy=f"Unpack all images_*.tar.gz below {folder.name!r}, or keep only the rows of "
        f"{path.name} whose pictures are there.",
    )
    tests, listed = _list(folder / "test_list.txt"), _list(folder / "train_val_list.txt")
    boxes = _read_boxes(folder)
    images = []
    for row in table[list(needed)].itertuples(index=False):
        name, labels, patient, view = (str(cell).strip() for cell in row)
        file = found[str(row[0])]
        if file is None or ((tests or listed) and name not in tests | listed):
            continue
        images.append(
            CorpusImage(
                path=file,
                size=image_size(file) if name in boxes else (0, 0),
                split=_split(name, patient, tests=tests, listed=listed),
                source="NIH ChestX-ray14",
                patient=patient,
                view=view or "unknown",
                findings=nih_words(labels.split("|")),
                labelled=bool(labels),
                boxes=_scaled(boxes[name], image_size(file)) if name in boxes else (),
                study=name.rsplit(".", 1)[0],
            )
        )
    return tuple(images)


def _split(name: str, patient: str, *, tests: set[str], listed: set[str]) -> str:
    """By the lists where there are any; a missing list is filled from the other."""
    if not tests and not listed:
        return split_of(patient)
    if name in tests:
        return "test"
    return "val" if split_of(patient) == "val" else "train"


def _list(path: Path) -> set[str]:
    if not path.is_file():
        return set()
    lines = path.read_text(encoding="utf-8-sig", errors="replace").split()
    if not lines:
        raise DataSetError(f"{path.name!r} must name images, it is empty. Download it again.")
    return set(lines)


def _read_boxes(folder: Path) -> dict[str, list[LabelledBox]]:
    """Boxes by image name, in pixels of the original frame; none where the table is not there."""
    path = find_table(folder, _BOXES)
    if path is None:
        return {}
    # The header splits "Bbox [x,y,w,h]" over four columns and leaves empty ones behind.
    table = read_table(path, needed=("Image Index", "Finding Label"))
    if table.shape[1] < 6:
        raise DataSetError(f"{path.name!r} must have 6 columns, it has {table.shape[1]}.")
    found: dict[str, list[LabelledBox]] = defaultdict(list)
    for number, row in enumerate(table.itertuples(index=False), start=1):
        where, frame = f"row {number} of {path.name!r}", (_BOXED_SIDE, _BOXED_SIDE)
        box = box_inside(row[2:6], frame, xywh=True, where=where, remedy=_REMEDY)
        found[str(row[0])].append(LabelledBox(str(row[1]).strip(), box, path.stem))
    return dict(found)


def _scaled(boxes: list[LabelledBox], size: tuple[int, int]) -> tuple[LabelledBox, ...]:
    """Boxes of the published frame in pixels of a file that may be smaller."""
    down, across = size[0] / _BOXED_SIDE, size[1] / _BOXED_SIDE
    return tuple(
        LabelledBox(
            b.label,
            Box(b.box.x_min * across, b.box.y_min * down, b.box.x_max * across, b.box.y_max * down),
            b.reader,
        )
        for b in boxes
    )
