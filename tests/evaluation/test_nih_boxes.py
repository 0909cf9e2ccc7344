"""The pinned protocol: which boxes, which phrases, which samples."""

import pytest

from explorer.entities import Box
from explorer.errors import DataSetError
from explorer.evaluation.protocols.nih_boxes import (
    BoxedImage,
    located_phrase,
    read_tables,
    samples_of,
    select_split,
)

SHAPE = (1000, 2000)  # rows, columns
IMAGES = "path,split,patient,width,height\na.jpg,train,p1,200,100\nb.jpg,val,p2,512,512\n"
BOXES = "path,label,x,y,w,h,reader\n"


def box_at(x: float, y: float) -> Box:
    return Box(x - 5, y - 5, x + 5, y + 5)


@pytest.mark.parametrize(
    ("finding", "x", "y", "phrase"),
    [
        ("Atelectasis", 999, 379, "right upper lung atelectasis"),
        ("Atelectasis", 1000, 380, "left mid lung atelectasis"),
        ("Nodule", 1500, 549, "left mid lung nodule"),
        ("Mass", 300, 550, "right lower lung mass"),
        ("Infiltrate", 300, 999, "right lower lung infiltrate"),
        ("Pneumonia", 1700, 100, "left upper lung pneumonia"),
        ("Effusion", 300, 900, "right pleural effusion"),
        ("Pneumothorax", 1700, 100, "left pneumothorax"),
        ("Cardiomegaly", 1100, 600, "cardiomegaly"),
    ],
)
def test_located_phrase_says_side_and_zone_of_the_box_centre(finding, x, y, phrase):
    assert located_phrase(finding, box_at(x, y), image_shape=SHAPE) == phrase


def image_with(*boxes) -> BoxedImage:
    return BoxedImage("a.jpg", "val", "p1", SHAPE, tuple(boxes))


def test_plain_samples_merge_all_boxes_of_a_finding():
    right, left, mass = box_at(300, 800), box_at(1700, 800), box_at(300, 100)
    image = image_with(("Atelectasis", right), ("Mass", mass), ("Atelectasis", left))
    plain = samples_of(image, kind="plain")
    assert [(sample.phrase, sample.boxes) for sample in plain] == [
        ("atelectasis", (right, left)),
        ("mass", (mass,)),
    ]


def test_located_samples_merge_boxes_of_one_phrase_only():
    low, lower, left = box_at(300, 700), box_at(400, 800), box_at(1700, 800)
    image = image_with(("Atelectasis", low), ("Atelectasis", left), ("Atelectasis", lower))
    located = samples_of(image, kind="located")
    assert [(sample.phrase, sample.boxes) for sample in located] == [
        ("right lower lung atelectasis", (low, lower)),
        ("left lower lung atelectasis", (left,)),
    ]


def write_tables(folder, *, images=IMAGES, boxes=BOXES):
    (folder / "images.csv").write_text(images, encoding="utf-8")
    (folder / "boxes.csv").write_text(boxes, encoding="utf-8")
    return folder / "images.csv", folder / "boxes.csv"


def test_only_nih_boxes_of_the_eight_findings_are_read(tmp_path):
    rows = (
        "a.jpg,Mass,10,20,30,40.5,NIH BBox_List_2017\n"
        "a.jpg,Lung Opacity (RSNA),1,1,5,5,RSNA stage_2_train\n"
        "b.jpg,Hernia,1,1,5,5,NIH BBox_List_2017\n"
        "elsewhere.jpg,Mass,1,1,5,5,NIH BBox_List_2017\n"
    )
    (image,) = read_tables(*write_tables(tmp_path, boxes=BOXES + rows))
    assert image.path == "a.jpg"
    assert image.image_shape == (100, 200)
    assert image.boxes == (("Mass", Box(10, 20, 40, 60.5)),)


def test_broken_tables_are_named_with_column_and_line(tmp_path):
    with pytest.raises(DataSetError, match="missing: reader"):
        read_tables(*write_tables(tmp_path, boxes="path,label,x,y,w,h\n"))
    with pytest.raises(DataSetError, match=r"boxes.csv, line 2: x, y, w, h must be numbers"):
        read_tables(*write_tables(tmp_path, boxes=BOXES + "a.jpg,Mass,1,1,-5,5,NIH\n"))
    short = BOXES + "a.jpg,Mass,1\n"  # no reader: not an NIH box
    assert read_tables(*write_tables(tmp_path, boxes=short)) == ()
    with pytest.raises(DataSetError, match=r"images.csv, line 2: height must be a whole number"):
        read_tables(
            *write_tables(
                tmp_path,
                images="path,split,patient,width,height\na.jpg,val,p,9,none\n",
                boxes=BOXES + "a.jpg,Mass,1,1,5,5,NIH\n",
            )
        )
    with pytest.raises(DataSetError, match=r"nowhere.csv cannot be read"):
        read_tables(tmp_path / "nowhere.csv", tmp_path / "boxes.csv")


def test_an_empty_split_lists_the_splits_that_have_boxes():
    image = image_with(("Mass", box_at(1, 1)))
    assert select_split([image], "val") == select_split([image], "all") == (image,)
    with pytest.raises(DataSetError, match="'test'; splits with boxes: val"):
        select_split([image], "test")


@pytest.mark.parametrize(
    ("x", "y", "inside"), [(180, 80, True), (181, 81, True), (240, 20, False), (20, -40, False)]
)
def test_a_box_outside_its_image_is_named_with_its_line(tmp_path, x, y, inside):
    images, boxes = tmp_path / "images.csv", tmp_path / "boxes.csv"
    images.write_text(IMAGES)
    boxes.write_text(f"{BOXES}a.jpg,Mass,{x},{y},20,20,NIH BBox_List_2017\n")
    if inside:
        assert len(read_tables(images, boxes)[0].boxes) == 1
        return
    with pytest.raises(
        DataSetError, match=r"boxes\.csv, line 2: a box must lie inside .*200 x 100"
    ):
        read_tables(images, boxes)


def test_a_table_with_semicolons_or_in_utf_16_says_how_to_save_it(tmp_path):
    images, boxes = tmp_path / "images.csv", tmp_path / "boxes.csv"
    images.write_text(IMAGES.replace(",", ";"))
    boxes.write_text(f"{BOXES}a.jpg,Mass,1,1,20,20,NIH BBox_List_2017\n")
    with pytest.raises(DataSetError, match="save it with commas"):
        read_tables(images, boxes)
    images.write_text(IMAGES, encoding="utf-16")
    with pytest.raises(DataSetError, match=r"images\.csv must be text in UTF-8"):
        read_tables(images, boxes)
