"""The JSON of a grounding: original pixels, complete controls, and no patient data."""

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose

from explorer.entities import (
    Box,
    GroundedPhrase,
    ImageCheck,
    ModelFrame,
    PhraseControls,
    Radiograph,
    Region,
    Sentence,
    SimilarityMap,
    Spacing,
    Standing,
    Window,
)
from explorer.exchange.grounding_json import NOTICE, SCHEMA, grounding_document, to_json_text

FRAME = ModelFrame((30, 20), (64, 64), (2, 2), 3.2, 64 / 30, 0.0, 0.0)
COSINE = np.array([[0.5, -0.25], [0.125, 0.123456]], np.float32)
STANDING = Standing("doubtful", 0.61234567, 0.5, -0.25, "Weaker than in 39 of 100 normal films.")
CONTROLS = PhraseControls(0.1, None, -0.4, 0.95, 3.25, False)


def document(**options):
    radiograph = Radiograph(
        pixels=np.zeros((30, 20), np.float32),
        levels=np.zeros((30, 20), np.uint16),
        level_slope=1.0,
        level_intercept=0.0,
        windows=(Window("default", 0.5, 1.0),),
        inverted=False,
        source_format="DICOM DX",
        digest="ab" * 32,
        spacing=Spacing(0.143, 0.143, "ImagerPixelSpacing"),
        age="063Y",
        sex="F",
    )
    contour = np.array([[4, 8], [12, 8], [12, 16]], np.float32)
    grounded = GroundedPhrase(
        phrase="left effusion",
        map=SimilarityMap("left effusion", COSINE, 12.0, -3.0, FRAME),
        score=0.75,
        threshold=0.4,
        threshold_rule="calibrated",
        controls=CONTROLS,
        regions=(Region(Box(4, 8, 12.5, 16), contour, 0.93, 0.125),),
        standing=STANDING,
    )
    return grounding_document(
        radiograph,
        check=ImageCheck({"frontal": 0.99, "lateral": 0.01}, "frontal", False, ""),
        frame=FRAME,
        grounded=[grounded],
        checkpoint={"name": "small", "sha256": "cd" * 32},
        version="9.9.9",
        **options,
    )


def test_document_survives_json_and_names_its_schema():
    found = document()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["schema"] == SCHEMA == "radiograph-grounding/2"
    assert found["notice"] == NOTICE == "Research use, not for diagnosis."
    assert found["checkpoint"]["sha256"] == "cd" * 32


def test_boxes_are_in_original_pixels():
    (phrase,) = document()["phrases"]
    assert phrase["regions"][0]["box_xyxy"] == [4, 8, 12.5, 16]
    assert phrase["regions"][0]["contour_xy"] == [[4, 8], [12, 8], [12, 16]]


def test_score_can_be_computed_again_from_the_file_alone():
    entry = document()["phrases"][0]["map"]
    logit = np.array(entry["cosine"]) * entry["score_scale"] + entry["score_bias"]
    expected = SimilarityMap("", COSINE, 12.0, -3.0, FRAME).score
    assert_allclose(1 / (1 + np.exp(-logit)), expected, atol=1e-3)


def test_frame_holds_all_of_the_affine():
    frame = document()["frame"]
    names = ("image_shape", "input_shape", "grid_shape")
    shapes = {name: tuple(frame[name]) for name in names}
    numbers = {n: frame[n] for n in ("scale_x", "scale_y", "offset_x", "offset_y")}
    assert ModelFrame(**shapes, **numbers) == FRAME


def test_controls_that_do_not_exist_are_null():
    controls = document()["phrases"][0]["controls"]
    assert controls["negated"] is None
    assert controls["swapped"] == -0.4
    assert controls["reasons"] == []


def test_a_score_says_whether_it_was_calibrated():
    assert document()["phrases"][0]["score_calibrated"] is True


def test_standing_is_kept_whole():
    assert document()["phrases"][0]["standing"] == {
        "grade": "doubtful",
        "among_normal": 0.6123,
        "among_all": 0.5,
        "log_odds": -0.25,
        "reason": "Weaker than in 39 of 100 normal films.",
    }


def test_no_patient_data_and_no_file_name_unless_asked():
    text = json.dumps(document())
    assert "063Y" not in text
    assert '"F"' not in text
    assert "file_name" not in text
    assert document(source_name="a.dcm")["image"]["file_name"] == "a.dcm"


def test_assertion_and_place_in_the_report_are_kept():
    sentence = Sentence("The left effusion.", "Findings", 10, 28, "present")
    (phrase,) = document(assertions=["present"], sentences=[sentence])["phrases"]
    assert phrase["assertion"] == "present"
    assert phrase["sentence"] == {
        "text": "The left effusion.",
        "section": "Findings",
        "start": 10,
        "end": 28,
    }
    with pytest.raises(ValueError, match="assertions must be one a phrase, got 2 for 1"):
        document(assertions=["present", "absent"])


def test_text_keeps_rows_of_numbers_on_one_line_and_every_value():
    found = document(source_name="[\n 1,\n 2\n].dcm")
    text = to_json_text(found)
    assert json.loads(text) == found
    assert "[ 0.5, -0.25 ]" in text
    assert "[ 0.125, 0.1235 ]" in text
