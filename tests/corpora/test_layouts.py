"""Small trees of each data set, ugly ones too, become the one record; missing files are counted."""

import gzip
from pathlib import Path

import cv2
import numpy as np
import pytest

from explorer.corpora import CorpusImage, layouts
from explorer.entities import Box
from explorer.errors import DataSetError


def picture(path: Path, *, side: int = 32) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((side, side), 90, np.uint8))
    return path


def write(path: Path, text: str, *, encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return path


def read(folder: Path, layout: str) -> dict[str, CorpusImage]:
    assert layouts.detect(folder) == layout
    return {image.path.stem: image for image in layouts.read_data(folder)}


# --- a folder of one's own ---


def own_folder(folder: Path) -> Path:
    picture(folder / "a" / "one.png")
    picture(folder / "b" / "two.png")
    picture(folder / "b" / "three.png")
    write(folder / "a" / "one.txt", "FINDINGS:\r\nMild cardiomegaly.\r\n")
    write(folder / "texts" / "two.txt", "Herzgröße normal.", encoding="cp1252")
    write(folder / "b" / "three.txt", "")
    return folder


def test_a_report_belongs_to_the_image_of_its_name(tmp_path: Path) -> None:
    found = read(own_folder(tmp_path), "folder")
    assert found["one"].report == "FINDINGS:\nMild cardiomegaly.\n"
    assert found["two"].report == "Herzgröße normal."  # elsewhere, and not UTF-8
    assert found["three"].report == ""  # empty
    assert not found["one"].labelled


def test_tables_of_a_folder_add_labels_boxes_patients_and_splits(tmp_path: Path) -> None:
    own_folder(tmp_path)
    rows = "path,findings,patient,split\r\na/one.png,Pleural Effusion|Mass,p1,val\r\ntwo.png,,,\r\n"
    write(tmp_path / "labels.csv", "\ufeff" + rows)
    write(tmp_path / "boxes.csv", "path,label,x,y,w,h\na/one.png,Mass,1,2,3,4\n")
    found = read(tmp_path, "folder")
    one = found["one"]
    assert (one.findings, one.split, one.patient) == ({"Effusion", "Mass"}, "val", "p1")
    assert [(b.label, b.box) for b in one.boxes] == [("Mass", Box(1, 2, 4, 6))]
    assert one.size == (32, 32)
    assert found["two"].split == layouts.split_of("b/two")  # no split said


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("labels.csv", "path\nnone.png\n", r"1 of 1 images of labels\.csv are missing"),
        ("labels.csv", "path\na/one.png\na/one.png\n", "name each image once"),
        ("labels.csv", "file\na/one.png\n", "lacks the columns path"),
        ("labels.csv", "path,split\na/one.png,dev\n", "train, val or test, got 'dev'"),
        (
            "labels.csv",
            "path,patient,split\na/one.png,p,train\ntwo.png,p,val\n",
            "1 of 1 patients",
        ),
        ("boxes.csv", "path,label,x,y,w,h\na/one.png,Mass,1,2,-3,4\n", r"row 1 of 'boxes\.csv'"),
        (
            "boxes.csv",
            "path,label,x,y,w,h\na/one.png,Mass,1,2,3,4\na/one.png,Mass,20,2,30,4\n",
            r"inside its image of 32 x 32 pixels, row 2 of 'boxes\.csv' reaches from \(20, 2\) to "
            r"\(50, 6\)\. Give boxes in pixels of the image file, or correct the row\.",
        ),
        ("b/one.txt", "Another.", "several folders|different folders"),
    ],
)
def test_a_broken_folder_is_refused(tmp_path: Path, name: str, text: str, message: str) -> None:
    own_folder(tmp_path)
    if name == "b/one.txt":
        (tmp_path / "a" / "one.txt").unlink()
        write(tmp_path / "c" / "one.txt", text)
    write(tmp_path / name, text)
    with pytest.raises(DataSetError, match=message):
        layouts.read_data(tmp_path)


def test_images_without_any_words_are_nothing_to_learn_from(tmp_path: Path) -> None:
    picture(tmp_path / "one.png")
    with pytest.raises(DataSetError, match="none of the known layouts"):
        layouts.read_data(tmp_path)
    with pytest.raises(DataSetError, match=r"the 1 images .* have none"):
        layouts.read_data(tmp_path, layout="folder")
    with pytest.raises(DataSetError, match=r"--layout must be one of .*, got 'nothing'"):
        layouts.read_data(tmp_path, layout="nothing")


# --- NIH ---

ENTRY = """Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,View Position,Width],
001.png,Effusion|Mass,0,1,58,PA,2048,
002.png,No Finding,0,2,58,AP,2048,
003.png,Nodule,0,3,58,PA,2048,
"""


def nih_folder(folder: Path) -> Path:
    write(folder / "Data_Entry_2017_v2020.csv", ENTRY)
    write(
        folder / "BBox_List_2017.csv",
        "Image Index,Finding Label,Bbox [x,y,w,h],,,\n001.png,Mass,512,256,64,128,,,\n",
    )
    for number in (1, 2, 3):
        picture(folder / f"images_00{number}" / "images" / f"00{number}.png")
    return folder


def test_nih_boxes_follow_the_size_of_the_file(tmp_path: Path) -> None:
    found = read(nih_folder(tmp_path), "nih")
    (box,) = found["001"].boxes
    assert box.box == Box(16, 8, 18, 12)  # 1024 to 32 pixels
    assert found["001"].findings == {"Effusion", "Mass"}
    assert (found["002"].findings, found["002"].labelled) == (frozenset(), True)
    assert found["003"].split == layouts.split_of("3")


def test_an_nih_box_outside_the_published_frame_is_refused(tmp_path: Path) -> None:
    table = nih_folder(tmp_path) / "BBox_List_2017.csv"
    table.write_text(table.read_text().replace("512,256", "1000,256"), encoding="utf-8")
    message = r"1024 x 1024 pixels, row 1 of 'BBox_List_2017\.csv' reaches from .* to \(1064, 384\)"
    with pytest.raises(DataSetError, match=message):
        layouts.read_data(tmp_path)


def test_nih_lists_decide_the_split(tmp_path: Path) -> None:
    nih_folder(tmp_path)
    write(tmp_path / "test_list.txt", "002.png\r\n")
    write(tmp_path / "train_val_list.txt", "001.png\n")
    found = read(tmp_path, "nih")
    assert {name: image.split for name, image in found.items()} == {"001": "train", "002": "test"}
    (tmp_path / "images_001" / "images" / "001.png").unlink()
    with pytest.raises(DataSetError, match=r"1 of 3 pictures are missing, e\.g\. 001\.png"):
        layouts.read_data(tmp_path)


def test_a_picture_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    picture(nih_folder(tmp_path) / "more" / "001.png")
    with pytest.raises(DataSetError, match="is there 2 times"):
        layouts.read_data(tmp_path)


# --- MIMIC-CXR ---


def mimic_folder(folder: Path, *, split: bool = True) -> Path:
    header = "dicom_id,subject_id,study_id,ViewPosition,Rows,Columns\n"
    rows = "aa,10000032,50414267,PA,300,200\nbb,10000032,50414267,LATERAL,300,200\n"
    rows += "cc,11000001,50000002,AP,300,200\n"
    table = folder / "mimic-cxr-2.0.0-metadata.csv.gz"
    table.write_bytes(gzip.compress((header + rows).encode()))
    write(
        folder / "mimic-cxr-2.0.0-chexpert.csv",
        "subject_id,study_id,Atelectasis,No Finding,Pleural Effusion,Pneumonia\n"
        "10000032,50414267,,,1.0,-1.0\n11000001,50000002,0.0,1.0,,\n",
    )
    if split:
        write(
            folder / "mimic-cxr-2.0.0-split.csv",
            "dicom_id,study_id,subject_id,split\n"
            "aa,50414267,10000032,train\nbb,50414267,10000032,train\ncc,50000002,1,validate\n",
        )
    first = folder / "files" / "p10" / "p10000032"
    picture(first / "s50414267" / "aa.jpg")
    picture(first / "s50414267" / "bb.jpg")
    picture(folder / "files" / "p11" / "p11000001" / "s50000002" / "cc.jpg")
    write(first / "s50414267.txt", "FINDINGS: ___ Small effusion.")
    return folder


def test_mimic_joins_tables_pictures_and_reports(tmp_path: Path) -> None:
    found = read(mimic_folder(tmp_path), "mimic_cxr")
    assert (found["aa"].findings, found["aa"].uncertain) == ({"Effusion"}, {"Pneumonia"})
    assert found["aa"].report == found["bb"].report == "FINDINGS: ___ Small effusion."
    assert (found["bb"].view, found["aa"].study) == ("LATERAL", "50414267")
    assert (found["cc"].split, found["cc"].report) == ("val", "")  # its report is missing
    assert (found["cc"].findings, found["cc"].labelled) == (frozenset(), True)
    assert found["aa"].size == (300, 200)


def test_mimic_without_its_split_table_is_split_by_patient(tmp_path: Path) -> None:
    found = read(mimic_folder(tmp_path, split=False), "mimic_cxr")
    assert found["aa"].split == found["bb"].split == layouts.split_of("10000032")
    found["cc"].path.unlink()
    with pytest.raises(DataSetError, match=r"1 of 3 pictures are missing, e\.g\. cc\.jpg"):
        layouts.read_data(tmp_path)


def test_two_layouts_in_one_folder_are_ambiguous(tmp_path: Path) -> None:
    nih_folder(mimic_folder(tmp_path))
    with pytest.raises(DataSetError, match=r"several \(mimic_cxr: .*; nih: .*--layout"):
        layouts.read_data(tmp_path)
    assert len(layouts.read_data(tmp_path, layout="nih")) == 3


# --- OpenI ---

REPORT = """<?xml version="1.0"?><eCitation><Abstract>
<AbstractText Label="FINDINGS">Heart is large. XXXX.</AbstractText>
<AbstractText Label="IMPRESSION"/></Abstract>
<MeSH><major>{}</major><major>Thickening/pleura/apex</major></MeSH>
<parentImage id="CXR2_IM-1-1001"/><parentImage id="CXR2_IM-1-2001"/></eCitation>"""


def test_openi_terms_become_labels_and_the_first_picture_is_frontal(tmp_path: Path) -> None:
    report = write(tmp_path / "ecgen-radiology" / "2.xml", REPORT.format("Cardiomegaly/mild"))
    picture(tmp_path / "NLMCXR_png" / "CXR2_IM-1-1001.png")
    with pytest.raises(DataSetError, match="1 of 2 pictures are missing"):
        layouts.read_data(tmp_path)
    picture(tmp_path / "NLMCXR_png" / "CXR2_IM-1-2001.png")
    found = read(tmp_path, "openi")
    first, second = found["CXR2_IM-1-1001"], found["CXR2_IM-1-2001"]
    assert first.findings == {"Cardiomegaly", "Pleural_Thickening"}
    assert first.report == "FINDINGS: Heart is large. XXXX."
    assert (first.view, second.view, first.study, second.patient) == (
        "frontal",
        "unknown",
        "2",
        "2",
    )
    table = (
        "uid,filename,projection\n2,2_IM-1-1001.dcm.png,Lateral\n2,2_IM-1-2001.dcm.png,Frontal\n"
    )
    write(tmp_path / "indiana_projections.csv", table)
    assert read(tmp_path, "openi")["CXR2_IM-1-2001"].view == "frontal"
    report.write_text('<!DOCTYPE x [<!ENTITY a "b">]><x/>', encoding="utf-8")
    with pytest.raises(DataSetError, match=r"'2\.xml' is not an XML"):
        layouts.read_data(tmp_path)


# --- VinDr ---

BOXES = """image_id,rad_id,class_name,x_min,y_min,x_max,y_max
a,R1,Pleural effusion,10,20,30,40
a,R2,Nodule/Mass,0,0,8,8
b,R1,No finding,,,,
"""


def test_vindr_keeps_the_boxes_of_every_reader(tmp_path: Path) -> None:
    write(tmp_path / "annotations" / "annotations_train.csv", BOXES)
    picture(tmp_path / "train" / "a.png", side=64)
    with pytest.raises(DataSetError, match=r"1 of 2 images of annotations_train\.csv are missing"):
        layouts.read_data(tmp_path)
    picture(tmp_path / "train" / "b.png")
    found = read(tmp_path, "vindr")
    assert [(b.label, b.reader, b.box) for b in found["a"].boxes] == [
        ("Effusion", "R1", Box(10, 20, 30, 40)),
        ("Nodule/Mass", "R2", Box(0, 0, 8, 8)),
    ]
    assert (found["b"].findings, found["b"].labelled, found["b"].boxes) == (frozenset(), True, ())


def test_vindr_pictures_made_smaller_need_their_original_sizes(tmp_path: Path) -> None:
    write(tmp_path / "train.csv", BOXES.replace("30,40", "200,300"))
    picture(tmp_path / "train" / "a.png", side=64)
    picture(tmp_path / "train" / "b.png")
    with pytest.raises(DataSetError, match=r"row 1 of 'train\.csv' .* add train_meta\.csv"):
        layouts.read_data(tmp_path)
    write(tmp_path / "train_meta.csv", "image_id,dim0,dim1\na,640,320\nb,640,320\n")
    (first, _) = read(tmp_path, "vindr")["a"].boxes
    assert first.box == Box(2, 2, 40, 30)


def test_splits_follow_the_patient_and_have_about_their_shares() -> None:
    drawn = [layouts.split_of(str(number)) for number in range(4000)]
    shares = [drawn.count(name) / 4000 for name in ("train", "val", "test")]
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.02)
