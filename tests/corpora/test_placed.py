"""Tiny sets in each published layout become placed phrases; what is wrong is said and where."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from explorer.corpora.placed._coco import counts_of
from explorer.corpora.placed_sets import detect, read_placed, readers
from explorer.corpora.predicted_boxes import read_predicted
from explorer.entities import Box
from explorer.errors import DataSetError
from explorer.placed import PlacedPhrase, Runs


def picture(path: Path, *, height: int = 40, width: int = 50) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((height, width), 90, np.uint8))
    return path


def save(path: Path, data: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return path


def read(source: Path, *, images: Path | None = None, split: str = "all") -> list[PlacedPhrase]:
    return list(read_placed(source, images=images, split=split).phrases)


# --- MS-CXR ---

FILM = "files/p10/p10000001/s50000001/aa-bb.jpg"
CSV = "dicom_id,category_name,label_text,path,x,y,w,h,image_width,image_height"


def ms_cxr_csv(folder: Path, *rows: str, version: str = "1.1.0", head: str = CSV) -> Path:
    picture(folder / FILM)
    name = f"MS_CXR_Local_Alignment_v{version}.csv"
    return save(folder / name, "\n".join([head, *rows]) + "\n")


def ms_cxr_json(folder: Path) -> Path:
    picture(folder / FILM)
    images = [{"id": 7, "path": FILM, "width": 50, "height": 40}]
    boxes = [
        {"image_id": 7, "category_id": 2, "bbox": [1, 2, 3, 4], "label_text": "Left base opacity"},
        {"image_id": 7, "category_id": 2, "bbox": [9, 9, 5, 5], "label_text": "left base  opacity"},
    ]
    data = {"images": images, "annotations": boxes, "categories": [{"id": 2, "name": "Pneumonia"}]}
    return save(folder / "MS_CXR_Local_Alignment_v1.0.0.json", data)


def test_boxes_of_one_image_and_label_text_are_one_sample(tmp_path: Path) -> None:
    row = f"aa-bb,Pneumonia,{{}},{FILM},{{}},50,40,{{}}"
    ms_cxr_csv(
        tmp_path,
        row.format("Left base opacity", "1,2,3,4", "test"),
        row.format("left base  opacity", "9,9,5,5", "test"),
        row.format("Right apex clear", "0,0,2,2", "test"),
        head=f"{CSV},split",
    )
    first, second = read(tmp_path, split="test")
    assert first.boxes == (Box(1, 2, 4, 6), Box(9, 9, 14, 14))
    assert (first.finding, first.patient, first.study) == ("Pneumonia", "10000001", "50000001")
    assert second.boxes == (Box(0, 0, 2, 2),)
    assert first.image_shape == (40, 50)


def test_the_json_of_the_first_version_gives_the_same_samples(tmp_path: Path) -> None:
    (found,) = read(ms_cxr_json(tmp_path))
    assert found.boxes == (Box(1, 2, 4, 6), Box(9, 9, 14, 14))
    assert (found.finding, found.patient, found.split) == ("Pneumonia", "10000001", "")


def test_images_may_lie_elsewhere_without_files_in_front_and_as_dicom(tmp_path: Path) -> None:
    row = f"aa-bb,Edema,edema,{FILM},1,2,3,4,50,40"
    source = ms_cxr_csv(tmp_path / "a", row, version="1.0.0")
    (tmp_path / "a" / FILM).unlink()
    there = picture(tmp_path / "b" / "p10/p10000001/s50000001/aa-bb.png")
    assert read(source, images=tmp_path / "b")[0].image == there


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ("1,2,-3,4", r"row 1 of 'MS_CXR.*has \(1, 2, -3, 4\)"),
        ("48,2,9,4", r"row 1 of .* reaches from \(48, 2\) to \(57, 6\)"),
        ("1,two,3,4", "row 1 of .* has .1, two, 3, 4"),
    ],
)
def test_a_box_that_cannot_be_is_named_with_its_row(tmp_path: Path, cells: str, said: str) -> None:
    ms_cxr_csv(tmp_path, f"aa-bb,Edema,edema,{FILM},{cells},50,40")
    with pytest.raises(DataSetError, match=said):
        read(tmp_path)


def test_phrases_without_their_image_are_counted(tmp_path: Path) -> None:
    ms_cxr_csv(
        tmp_path,
        f"aa-bb,Edema,edema,{FILM},1,2,3,4,50,40",
        "cc,Edema,edema,files/p10/p10000002/s50000002/cc.jpg,1,2,3,4,50,40",
    )
    with pytest.raises(DataSetError, match=r"1 of 2 images are not below .*p10000002"):
        read(tmp_path)


def test_a_json_of_another_schema_is_refused(tmp_path: Path) -> None:
    source = save(tmp_path / "MS_CXR_Local_Alignment_v1.1.0.json", {"info": 1})
    with pytest.raises(DataSetError, match=r"'MS_CXR_Local.* must hold the COCO lists"):
        read(source)


# --- CheXlocalize ---


def test_counts_as_pycocotools_packs_them() -> None:
    # 2, 2, 2 as they are, then 6 and 100 as differences to the run two before: 4 and 98.
    assert counts_of("2224R3") == [2, 2, 2, 6, 100]
    # -1 is one character with its sign bit: 6, 5, 9, then 5 - 1 = 4.
    assert counts_of("659O") == [6, 5, 9, 4]


def test_masks_of_chexlocalize_and_findings_that_are_not_there(tmp_path: Path) -> None:
    picture(tmp_path / "valid/patient1/study1/view1_frontal.jpg", height=3, width=4)
    picture(tmp_path / "valid/patient2/study1/view1_frontal.jpg", height=3, width=4)
    masks = {
        "Edema": {"size": [3, 4], "counts": "2224"},
        "Lung Lesion": {"size": [3, 4], "counts": [12]},
    }
    save(tmp_path / "gt_segmentations_val.json", {"patient2_study1_view1_frontal": masks})
    edema, lesion = read(tmp_path, split="val")
    assert edema.mask == Runs((3, 4), (2, 2, 2, 6))
    assert edema.image.parts[-3] == "patient2"
    assert (edema.phrase, edema.patient, edema.present) == ("edema", "patient2", True)
    assert (lesion.mask, lesion.present, lesion.placed) == (None, False, False)


def test_runs_that_do_not_fill_their_mask_are_refused(tmp_path: Path) -> None:
    picture(tmp_path / "patient1/study1/view1_frontal.jpg")
    masks = {"Edema": {"size": [3, 4], "counts": [5, 5]}}
    save(tmp_path / "gt_segmentations_test.json", {"patient1_study1_view1_frontal": masks})
    with pytest.raises(DataSetError, match=r"mask of 'Edema' on 'patient1.*must add up to 12"):
        read(tmp_path)


# --- ChestX-Det ---


def test_chestx_det_merges_boxes_of_one_finding(tmp_path: Path) -> None:
    picture(tmp_path / "train" / "00000042_006.png")
    film = {
        "file_name": "00000042_006.png",
        "syms": ["Fibrosis", "Effusion", "Fibrosis"],
        "boxes": [[632, 721, 909, 969], [1, 2, 3, 4], [129, 611, 474, 909]],
    }
    empty = {"file_name": "00000043_000.png", "syms": [], "boxes": []}
    save(tmp_path / "train.json", [film, empty])
    fibrosis, effusion = read(tmp_path)
    assert fibrosis.boxes == (Box(632, 721, 909, 969), Box(129, 611, 474, 909))
    assert fibrosis.image_shape == (1024, 1024)  # the file is a smaller copy
    assert (effusion.phrase, effusion.patient) == ("pleural effusion", "00000042")


def test_as_many_boxes_as_findings(tmp_path: Path) -> None:
    save(tmp_path / "test.json", [{"file_name": "a.png", "syms": ["Mass"], "boxes": []}])
    with pytest.raises(DataSetError, match=r"film 1 \(a.png\) of 'test.json' has 0 for 1"):
        read(tmp_path)


# --- PadChest-GR ---


def test_padchest_has_boxes_sentences_without_boxes_and_denials(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "x_02.png", height=100, width=200)
    findings = [
        {"sentence_en": "Nodule.", "abnormal": True, "boxes": [[0.1, 0.2, 0.3, 0.4]],
         "extra_boxes": [[0, 0, 1, 1]], "labels": ["nodule"]},
        {"sentence_en": "Scoliosis.", "abnormal": True, "boxes": [], "labels": ["scoliosis"]},
        {"sentence_en": "No pleural effusion.", "abnormal": False},
    ]  # fmt: skip
    study = {"StudyID": "s", "ImageID": "x_02.png", "findings": findings}
    save(tmp_path / "grounded_reports_20240819.json", [study])
    save(tmp_path / "master_table.csv", "ImageID,PatientID,split\nx_02.png,p9,validation\n")
    nodule, scoliosis, denied = read(tmp_path, split="val")
    np.testing.assert_allclose(nodule.boxes[0].to_xywh(), (20, 20, 40, 20))
    assert (nodule.patient, nodule.finding) == ("p9", "nodule")
    assert (scoliosis.placed, scoliosis.present) == (False, True)
    assert (denied.placed, denied.present) == (False, False)


def test_shares_above_one_are_no_shares(tmp_path: Path) -> None:
    picture(tmp_path / "x.png")
    finding = {"sentence_en": "Nodule.", "abnormal": True, "boxes": [[10, 20, 30, 40]]}
    study = {"ImageID": "x.png", "findings": [finding]}
    save(tmp_path / "grounded_reports_1.json", [study])
    with pytest.raises(DataSetError, match=r"x.png of .*in shares of the image, reaches from"):
        read(tmp_path)


# --- Chest ImaGenome ---


def test_sentences_of_imagenome_have_the_boxes_of_their_anatomy(tmp_path: Path) -> None:
    picture(tmp_path / "files" / "d1.jpg", height=100, width=100)
    corners = {"original_x1": 5, "original_y1": 10, "original_x2": 40, "original_y2": 90}
    other = {"original_x1": 60, "original_y1": 10, "original_x2": 95, "original_y2": 90}
    opacity, clear = "Opacities at both bases.", "No effusion."
    yes, no = ["anatomicalfinding|yes|lung opacity"], ["disease|no|pleural effusion"]
    graph = {
        "image_id": "d1",
        "patient_id": 12,
        "objects": [
            {"bbox_name": "right lung", **corners},
            {"bbox_name": "left lung", **other},
        ],
        "attributes": [
            {"bbox_name": "right lung", "phrases": [opacity, clear], "attributes": [yes, no]},
            {"bbox_name": "left lung", "phrases": [opacity], "attributes": [yes]},
            {"bbox_name": "spine", "phrases": [opacity], "attributes": [no]},
        ],
    }
    save(tmp_path / "scene_graph" / "d1_SceneGraph.json", graph)
    placed, denied = read(tmp_path)
    assert placed.boxes == (Box(5, 10, 40, 90), Box(60, 10, 95, 90))
    assert (placed.finding, placed.patient, placed.present) == ("lung opacity", "12", True)
    assert (denied.phrase, denied.present, denied.boxes) == (clear, False, ())


# --- a table of one's own, phantoms, labels with boxes ---


def test_a_table_of_ones_own_has_zero_one_or_many_boxes(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    rows = ["a.png,mass,1,2,3,4,", "a.png,mass,10,2,3,4,", "a.png,nodule,,,,,", "a.png,edema,,,,,1"]
    save(tmp_path / "phrases.csv", "\n".join(["image,phrase,x,y,w,h,present", *rows]))
    mass, nodule, edema = read(tmp_path)
    assert mass.boxes == (Box(1, 2, 4, 6), Box(10, 2, 13, 6))
    assert (nodule.present, edema.present) == (False, True)
    assert mass.patient == "a"


def test_a_phrase_that_is_not_there_has_no_box(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    save(tmp_path / "phrases.csv", "image,phrase,x,y,w,h,present\na.png,mass,1,2,3,4,0\n")
    with pytest.raises(DataSetError, match=r"row 1 of 'phrases.csv' has one"):
        read(tmp_path)


def test_rendered_phantoms_have_masks_and_denials(tmp_path: Path) -> None:
    folder = tmp_path / "000001"
    picture(folder / "x.png").rename(folder / "image.dcm")
    mask = {"size": [2, 2], "counts": [1, 3]}
    sentences = [
        {"text": "Mass.", "assertion": "present", "finding_ids": ["mass"], "mask": mask},
        {"text": "No edema.", "assertion": "absent", "finding_ids": ["edema"], "mask": None},
    ]
    absent = [{"finding": "edema", "text": "No edema."}]
    truth = {"number": 1, "image_shape": [2, 2], "sentences": sentences, "absent": absent}
    save(folder / "truth.json", truth)
    mass, denied = read(tmp_path)
    assert mass.mask == Runs((2, 2), (1, 3))
    assert (denied.phrase, denied.present) == ("No edema.", False)


def test_the_bundled_studies_are_a_corpus() -> None:
    found = read(Path(__file__).parents[2] / "assets" / "studies")
    assert {p.patient for p in found if p.placed} >= {"right-upper-mass", "tiny-nodule"}
    assert any(not p.present for p in found)


def test_boxes_of_labels_are_asked_by_their_usual_name(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    head = "path,split,source,patient,view,findings,width,height\n"
    save(tmp_path / "radiographs.csv", f"{head}a.png,val,s,p,PA,Effusion,50,40\n")
    save(tmp_path / "boxes.csv", "path,label,x,y,w,h,reader\na.png,Effusion,1,2,3,4,r\n")
    (found,) = read(tmp_path, split="val")
    assert (found.phrase, found.finding) == ("pleural effusion", "Effusion")


# --- which reader, which split ---


def test_every_reader_says_what_it_reads() -> None:
    assert all(reader.TITLE and reader.LICENCE for reader in readers().values())


def test_an_unknown_folder_an_unknown_split_and_nothing_at_all(tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match="is of none of the known data sets"):
        detect(tmp_path)
    ms_cxr_csv(tmp_path, f"aa-bb,Edema,edema,{FILM},1,2,3,4,50,40")
    with pytest.raises(DataSetError, match="in the split 'val'; splits: none"):
        read(tmp_path, split="val")
    with pytest.raises(DataSetError, match="There is no file or folder 'gone'"):
        read(tmp_path / "gone")


def test_the_digest_changes_with_a_place_and_not_with_the_folder(tmp_path: Path) -> None:
    row = f"aa-bb,Edema,edema,{FILM},{{}},50,40"
    digests = []
    for name, cells in (("a", "1,2,3,4"), ("b", "1,2,3,4"), ("c", "1,2,3,5")):
        ms_cxr_csv(tmp_path / name, row.format(cells))
        digests.append(read_placed(tmp_path / name).digest)
    assert digests[0] == digests[1] != digests[2]


# --- boxes that others predicted ---


def asked(tmp_path: Path) -> list[PlacedPhrase]:
    # 200 wide, 100 high: the centre square runs from column 50 to 150.
    return [PlacedPhrase(tmp_path / "a.png", (100, 200), "Left mass", "mass", "p")]


@pytest.mark.parametrize(
    ("numbers", "corners", "expected"),
    [
        ("pixels", [10, 20, 30, 40], (10, 20, 30, 40)),
        ("unit", [0.1, 0.2, 0.3, 0.4], (20, 20, 60, 40)),
        ("percent", [10, 20, 30, 40], (20, 20, 60, 40)),
        ("maira2", [0.1, 0.2, 0.3, 0.4], (60, 20, 80, 40)),
    ],
)
def test_predicted_boxes_come_into_pixels(tmp_path, numbers, corners, expected) -> None:
    made = [{"image": "somewhere/a.jpg", "phrase": "left  mass", "boxes": [corners]}]
    phrases = asked(tmp_path)
    found = read_predicted(save(tmp_path / "p.json", made), phrases, numbers=numbers)
    (box,) = found[phrases[0].key]
    np.testing.assert_allclose((box.x_min, box.y_min, box.x_max, box.y_max), expected)


def test_predictions_that_match_nothing_are_refused_whole(tmp_path: Path) -> None:
    made = [
        {"image": "a.png", "phrase": "left mass", "boxes": []},
        {"image": "b.png", "phrase": "left mass", "boxes": []},
    ]
    with pytest.raises(DataSetError, match=r"1 of 2 of 'p.json' match none, e.g. of image b.png"):
        read_predicted(save(tmp_path / "p.json", made), asked(tmp_path), numbers="unit")


def test_shares_where_pixels_were_meant_do_not_pass_as_boxes(tmp_path: Path) -> None:
    made = [{"image": "a.png", "phrase": "left mass", "boxes": [[0.9, 0.9, 0.1, 0.1]]}]
    with pytest.raises(DataSetError, match=r"prediction 1 of 'p.json' has"):
        read_predicted(save(tmp_path / "p.json", made), asked(tmp_path), numbers="unit")
