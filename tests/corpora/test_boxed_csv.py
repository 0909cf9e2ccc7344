"""Two tables become records: labels, boxes and splits; a broken table is named with its fault."""

from pathlib import Path

import pytest

from explorer.corpora import boxed_csv
from explorer.entities import Box
from explorer.errors import DataSetError

IMAGES = """path,split,source,patient,view,findings,width,height
a/1.png,train,drawn,007,PA,Mass|Effusion,100,200
a/2.png,val,drawn,008,AP,No Finding,50,60
3.png,train,drawn,009,PA,,50,60
"""
BOXES = """path,label,x,y,w,h,reader
a/1.png,Mass,10,20,30,40.5,NIH
a/1.png,Effusion,1,2,3,4,RSNA
"""


def write(folder: Path, images: str = IMAGES, boxes: str = BOXES) -> tuple[Path, Path]:
    (folder / "images.csv").write_text(images, encoding="utf-8")
    (folder / "boxes.csv").write_text(boxes, encoding="utf-8")
    return folder / "images.csv", folder / "boxes.csv"


def test_rows_become_records(tmp_path: Path) -> None:
    one, two, three = boxed_csv.read(*write(tmp_path))
    assert one.path == tmp_path / "a" / "1.png"
    assert one.size == (200, 100)  # height, width
    assert one.patient == "007"  # an id is no number
    assert one.findings == {"Mass", "Effusion"}
    assert [(b.label, b.box, b.reader) for b in one.boxes] == [
        ("Mass", Box(10, 20, 40, 60.5), "NIH"),
        ("Effusion", Box(1, 2, 4, 6), "RSNA"),
    ]
    assert (two.findings, two.labelled, two.boxes) == (frozenset(), True, ())
    assert (three.findings, three.labelled) == (frozenset(), False)


def test_a_split_is_chosen_by_name(tmp_path: Path) -> None:
    (found,) = boxed_csv.read(*write(tmp_path), split="val")
    assert found.view == "AP"
    with pytest.raises(DataSetError, match=r"no image of split 'dev'\. It knows: train, val"):
        boxed_csv.read(*write(tmp_path), split="dev")


@pytest.mark.parametrize(
    ("images", "boxes", "message"),
    [
        (IMAGES.replace("view", "projection"), BOXES, r"'images\.csv' lacks the columns view"),
        (IMAGES, BOXES.replace(",w,h", ",width,h"), r"'boxes\.csv' lacks the columns w"),
        ("", BOXES, r"Cannot read the table 'images\.csv' \(EmptyDataError\)"),
        (
            IMAGES,
            BOXES.replace("40.5", "nan"),
            r"four numbers and a size above 0, row 1 of 'boxes\.csv'",
        ),
        (IMAGES, BOXES.replace("40.5", ""), r"row 1 of 'boxes\.csv'"),
        (IMAGES, BOXES.replace("3,4", "-3,4"), r"size above 0, row 2 of 'boxes\.csv'"),
        (
            IMAGES,
            BOXES.replace("10,20", "80,20"),  # to 110 of 100
            r"inside its image of 100 x 200 pixels, row 1 of 'boxes\.csv' .*correct the row",
        ),
        (IMAGES, BOXES.replace("10,20", "ten,20"), r"row 1 of 'boxes\.csv'"),
        (IMAGES.replace("100,200", "wide,200"), BOXES, r"row 1 of 'images\.csv'"),
        (IMAGES.replace("100,200", "0,200"), BOXES, r"row 1 of 'images\.csv'"),
        (IMAGES.replace("a/2.png,val", "a/1.png,val"), BOXES, r"more than once: a/1\.png"),
        (IMAGES, BOXES.replace("a/1.png,E", "b/9.png,E"), r"boxes of images that .* b/9\.png"),
    ],
)
def test_a_broken_table_is_refused_with_its_place(
    tmp_path: Path, images: str, boxes: str, message: str
) -> None:
    with pytest.raises(DataSetError, match=message):
        boxed_csv.read(*write(tmp_path, images, boxes))


def test_a_missing_or_binary_table_is_refused(tmp_path: Path) -> None:
    images, boxes = write(tmp_path)
    with pytest.raises(DataSetError, match=r"Cannot read the table 'none\.csv'"):
        boxed_csv.read(tmp_path / "none.csv", boxes)
    boxes.write_bytes(b"\xff\xfe\x00\x01" * 20)
    with pytest.raises(DataSetError, match=r"boxes\.csv"):
        boxed_csv.read(images, boxes)


@pytest.mark.data
def test_the_development_tables_are_read_whole() -> None:
    folder = Path(__file__).parents[2] / ".." / "shared" / "data"
    if not (folder / "boxes.csv").is_file():
        pytest.skip("../shared/data is not there")
    found = boxed_csv.read(folder / "radiographs.csv", folder / "boxes.csv")
    assert len(found) == 436 + 1664 + 243
    by_split = {s: {i.patient for i in found if i.split == s} for s in ("train", "val")}
    assert by_split["train"].isdisjoint(by_split["val"])
