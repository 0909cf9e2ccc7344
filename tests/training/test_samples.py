"""From files to training studies: boxes become masks, side and zone follow the box centre."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from explorer.corpora import CorpusImage, LabelledBox
from explorer.corpora.phantom_shards import PhantomImage, PlacedFinding
from explorer.entities import Box
from explorer.errors import DataSetError
from explorer.training.samples import MASK_SIDE, STORED_SIDE, from_corpus, from_phantom

READER = "NIH BBox_List_2017"


def corpus_image(
    folder: Path,
    *boxes: tuple[str, tuple[float, float, float, float]],
    size: tuple[int, int] = (STORED_SIDE, STORED_SIDE),
    findings: tuple[str, ...] = (),
    labelled: bool = True,
) -> CorpusImage:
    path = folder / "image.png"
    cv2.imwrite(str(path), np.full(size, 90, np.uint8))
    return CorpusImage(
        path=path,
        size=size,
        split="train",
        source="drawn",
        patient="p",
        view="PA",
        findings=frozenset(findings),
        labelled=labelled,
        boxes=tuple(LabelledBox(label, Box(*edges), READER) for label, edges in boxes),
    )


def test_a_box_becomes_exactly_its_cells(tmp_path: Path) -> None:
    """At full size a cell is 4 x 4 pixels: columns 40-80 are cells 10-20, rows 100-160 25-40."""
    study = from_corpus(corpus_image(tmp_path, ("Mass", (40, 100, 80, 160))))
    (target,) = study.targets
    expected = np.zeros((MASK_SIDE, MASK_SIDE), np.uint8)
    expected[25:40, 10:20] = 255
    np.testing.assert_array_equal(target.mask, expected)


def test_a_box_follows_scale_and_padding(tmp_path: Path) -> None:
    """224 x 112 doubles to 448 x 224 in the middle: x from 10 becomes 2 * 10 + 112 = 132."""
    study = from_corpus(corpus_image(tmp_path, ("Mass", (10, 50, 30, 80)), size=(224, 112)))
    expected = np.zeros((MASK_SIDE, MASK_SIDE), np.uint8)
    expected[25:40, 33:43] = 255
    np.testing.assert_array_equal(study.targets[0].mask, expected)
    assert study.content == (448, 224)
    assert (study.pixels[:, :112] == 0).all()
    assert (study.pixels[:, 112:336] == 90).all()


def test_a_box_thinner_than_a_cell_is_not_lost(tmp_path: Path) -> None:
    study = from_corpus(corpus_image(tmp_path, ("Nodule", (101.2, 101.2, 101.4, 101.4))))
    assert study.targets[0].mask.max() > 0


def test_the_place_is_told_in_shares_of_width_and_height_each(tmp_path: Path) -> None:
    """Centre (60, 90) of an image 100 wide and 200 tall: .6 across and .45 down."""
    study = from_corpus(corpus_image(tmp_path, ("Mass", (55, 85, 65, 95)), size=(200, 100)))
    assert [(t.side, t.zone) for t in study.targets] == [("left", "mid")]


def test_places_are_named_as_far_as_the_finding_has_them(tmp_path: Path) -> None:
    edges = (300.0, 300.0, 380.0, 380.0)
    study = from_corpus(
        corpus_image(tmp_path, ("Mass", edges), ("Effusion", edges), ("Cardiomegaly", edges))
    )
    places = {t.label: (t.side, t.zone) for t in study.targets}
    assert places == {
        "Mass": ("left", "lower"),
        "Effusion": ("left", None),
        "Cardiomegaly": (None, None),
    }


def test_boxes_in_two_places_give_each_place_and_both(tmp_path: Path) -> None:
    study = from_corpus(
        corpus_image(tmp_path, ("Mass", (40, 40, 80, 80)), ("Mass", (300, 300, 380, 380)))
    )
    both, *single = study.targets
    assert (both.side, both.zone, both.must_place) == (None, None, False)
    assert {(t.side, t.zone) for t in single} == {("right", "upper"), ("left", "lower")}
    assert all(t.must_place and not t.sided_alone for t in single)
    np.testing.assert_array_equal(both.mask, np.maximum(single[0].mask, single[1].mask))


def test_two_boxes_in_one_place_are_one_target(tmp_path: Path) -> None:
    study = from_corpus(
        corpus_image(tmp_path, ("Mass", (40, 40, 80, 80)), ("Mass", (100, 40, 140, 80)))
    )
    (target,) = study.targets
    assert target.sided_alone
    assert not target.must_place


@pytest.mark.parametrize(
    ("findings", "labelled", "known"),
    [
        (("Mass",), True, True),
        ((), True, True),  # "No Finding"
        ((), False, False),
        (("Mass", "Rickets"), True, False),  # a label that nothing is known of
    ],
)
def test_labels_count_only_where_all_of_them_are_known(
    tmp_path: Path, findings: tuple[str, ...], labelled: bool, known: bool
) -> None:
    study = from_corpus(corpus_image(tmp_path, findings=findings, labelled=labelled))
    assert (study.labels is not None) is known


def test_a_file_that_is_no_image_is_named(tmp_path: Path) -> None:
    image = corpus_image(tmp_path)
    image.path.write_bytes(b"nothing")
    with pytest.raises(DataSetError, match=r"image\.png"):
        from_corpus(image)


def phantom(*findings: PlacedFinding) -> PhantomImage:
    return PhantomImage(np.full((320, 320), 50, np.uint8), "PA", findings, ("No mass.",), "")


def placed(name: str, side: str, row: int) -> PlacedFinding:
    mask = np.zeros((80, 80), bool)
    mask[row : row + 10, 20:30] = True
    phrases = {"plain": [name], "sided": [f"{side} {name}"], "sentence": [f"There is {name}."]}
    return PlacedFinding(name, side, None, mask, phrases)  # type: ignore[arg-type]


def test_a_phantom_keeps_its_mask_and_words() -> None:
    study = from_phantom(phantom(placed("mass", "right", 30)))
    (target,) = study.targets
    assert study.exact
    assert study.denials == ("No mass.",)
    assert set(target.texts) == {"mass", "right mass", "There is mass."}
    rows, columns = np.nonzero(target.mask > 127)
    share = MASK_SIDE / 80
    assert rows.min() == pytest.approx(30 * share, abs=1)
    assert columns.max() + 1 == pytest.approx(30 * share, abs=1)


def test_two_findings_of_a_kind_are_only_called_by_their_place() -> None:
    study = from_phantom(phantom(placed("mass", "right", 30), placed("mass", "left", 60)))
    assert [t.texts for t in study.targets] == [("right mass",), ("left mass",)]
    assert not any(t.sided_alone for t in study.targets)
