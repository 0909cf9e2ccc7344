"""Any folder as examinations: study folders, known layouts, trees of images."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explorer.corpora.studies import MOST_FILMS, read_studies
from explorer.errors import DataSetError
from explorer.reading import study_token
from tests.reading.files import dicom


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(path)
    return path


def test_study_folders_give_all_images_one_report_and_the_truth(tmp_path: Path) -> None:
    a = picture(tmp_path / "a" / "image.png")
    b = picture(tmp_path / "a" / "lateral.png")
    (tmp_path / "a" / "report.txt").write_text("Left effusion.")
    (tmp_path / "a" / "truth.json").write_text(json.dumps({"findings": [{"name": "effusion"}]}))
    picture(tmp_path / "b" / "image.png")
    (tmp_path / "b" / "truth.json").write_text(json.dumps({"boxes": [{"label": "nodule"}]}))
    first, second = read_studies(tmp_path)
    assert (first.paths, first.report) == ((a, b), "Left effusion.")
    assert (first.findings, first.labelled, first.source) == ({"effusion"}, True, "phantoms")
    assert (second.findings, second.report) == ({"nodule"}, "")


def test_films_without_a_report_among_study_folders_are_taken_too(tmp_path: Path) -> None:
    for name in ("a/film.png", "a/masks/left.png", "b/film.png", "loose.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "a" / "report.txt").write_text("No effusion.")
    found = read_studies(tmp_path)
    said = [(s.paths[0].relative_to(tmp_path).as_posix(), s.report) for s in found]
    # What lies below a study folder (here a mask) is no film of its own.
    assert said == [("a/film.png", "No effusion."), ("b/film.png", ""), ("loose.png", "")]


def test_a_tree_of_images_needs_no_words_and_no_suffix(tmp_path: Path) -> None:
    png = picture(tmp_path / "x" / "1.png")
    dicom = tmp_path / "x" / "IM0001"
    dicom.write_bytes(b"\0" * 128 + b"DICM")
    uid = tmp_path / "x" / "1.2.840.113619.2"
    uid.write_bytes(b"\0" * 128 + b"DICM")
    (tmp_path / "x" / "DICOMDIR.txt").write_text("no image")
    (tmp_path / "x" / "README").write_text("no image")
    (tmp_path / "x" / ".hidden.png").write_bytes(b"")
    studies = read_studies(tmp_path)
    assert [study.paths for study in studies] == [(uid,), (png,), (dicom,)]
    assert {study.source for study in studies} == {"images"}
    assert not any(study.labelled for study in studies)


def test_a_known_layout_is_read_and_images_of_an_examination_are_together(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    picture(tmp_path / "b.png")
    (tmp_path / "a.txt").write_text("No effusion.")
    (tmp_path / "labels.csv").write_text("path,findings\na.png,\nb.png,Pleural effusion\n")
    a, b = read_studies(tmp_path)
    assert (a.report, a.labelled, a.source) == ("No effusion.", False, "folder")
    assert (b.findings, b.labelled) == ({"Effusion"}, True)


def test_age_and_sex_come_from_the_table_that_has_them(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    head = "path,split,source,patient,view,findings,width,height"
    (tmp_path / "radiographs.csv").write_text(f"{head},age,sex\na.png,val,s,p,PA,,8,8,66.0,F\n")
    (tmp_path / "boxes.csv").write_text("path,label,x,y,w,h,reader\n")
    (study,) = read_studies(tmp_path)
    assert (study.age, study.sex, study.view) == ("66.0", "F", "PA")
    (tmp_path / "radiographs.csv").write_text(f"{head}\na.png,val,s,p,PA,,8,8\n")
    (study,) = read_studies(tmp_path)
    assert (study.age, study.sex) == ("", "")


def test_nothing_and_unknown_layouts_are_said(tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match="needs at least one image"):
        read_studies(tmp_path)
    with pytest.raises(DataSetError, match=r"must be one of .*study folders, images, got 'x'"):
        read_studies(tmp_path, layout="x")


def test_a_truth_that_is_no_json_is_said(tmp_path: Path) -> None:
    picture(tmp_path / "image.png")
    (tmp_path / "truth.json").write_text("{")
    with pytest.raises(DataSetError, match="cannot be read"):
        read_studies(tmp_path)


def test_films_of_one_examination_stay_together_and_its_name_goes_nowhere(tmp_path: Path) -> None:
    def film(name: str, level: int, uid: str) -> None:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        pixels = np.full((8, 8), level, np.uint16)
        (tmp_path / name).write_bytes(dicom(pixels, StudyInstanceUID=uid))

    film("a/1", 100, "1.2.3")
    film("b/1", 200, "1.2.4")
    film("b/2", 300, "1.2.3")
    film("c.dcm", 400, "")
    (tmp_path / "d.png").write_bytes(b"no DICOM file")
    found = read_studies(tmp_path)
    names = [[p.relative_to(tmp_path).as_posix() for p in study.paths] for study in found]
    assert names == [["a/1", "b/2"], ["b/1"], ["c.dcm"], ["d.png"]]
    token = study_token(tmp_path / "a/1")
    assert token == study_token(tmp_path / "b/2") != study_token(tmp_path / "b/1")
    assert "1.2.3" not in token


def test_one_name_for_all_films_is_no_examination(tmp_path: Path) -> None:
    for number in range(MOST_FILMS + 1):
        pixels = np.full((8, 8), number, np.uint16)
        (tmp_path / f"{number}.dcm").write_bytes(dicom(pixels, StudyInstanceUID="1.2.3"))
    assert len(read_studies(tmp_path)) == MOST_FILMS + 1
