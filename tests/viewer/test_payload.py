"""The viewer's messages, the bundle and what is accepted back from a browser."""

import json
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from explorer.entities import Box, Radiograph, Standing, VoiTable
from explorer.ui.components.bundle import bundle_modules
from explorer.ui.components.viewer import (
    LONGEST_PHRASE,
    MOST_TYPED,
    Desk,
    Head,
    Place,
    Thumbnail,
    ViewerFilm,
    ViewerPhrase,
    ViewerReference,
    ViewerWords,
    payload,
    viewer,
)
from explorer.ui.components.viewer.packing import pack_levels, unpack_levels
from explorer.ui.components.viewer.payload import (
    film_message,
    head_message,
    image_id,
    phrases_message,
    words_message,
)

from .synthetic import make_grounded, make_radiograph


def body_of(message: bytes) -> dict[str, Any]:
    (length,) = struct.unpack_from("<I", message, 4)
    return dict(json.loads(message[8 : 8 + length])["body"])


PLACE = Place(study="abc", film="f", space="weights/cpu/float32", run=3)


def films(*radiographs: Radiograph, desk: Desk | None = None) -> bytes:
    panes = [ViewerFilm("abc", radiograph) for radiograph in radiographs]
    return film_message(panes, key="k", desk=desk or Desk())


def phrases(*shown: ViewerPhrase) -> list[dict[str, Any]]:
    body = body_of(phrases_message(PLACE, shown, key="k", part="piece:0"))
    return list(body["phrases"])


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (7, 1), (33, 65)])
def test_packing_loses_nothing(shape: tuple[int, int]) -> None:
    levels = np.random.default_rng(0).integers(0, 65536, shape, dtype=np.uint16)
    np.testing.assert_array_equal(unpack_levels(pack_levels(levels), shape), levels)


def test_packing_halves_a_smooth_noisy_image() -> None:
    rows, columns = np.mgrid[:256, :256]
    noise = np.random.default_rng(0).normal(0, 6, rows.shape)
    levels = (2000 + 5 * rows + 3 * columns + noise).astype(np.uint16)
    assert len(pack_levels(levels)) < 0.5 * levels.nbytes


def test_every_part_names_study_film_checkpoint_and_run() -> None:
    shown = [ViewerPhrase(make_grounded(), sentence=1)]
    messages = [
        head_message(PLACE, Head("A checkpoint", "one"), key="k", asked=None),
        phrases_message(PLACE, shown, key="k", part="piece:0"),
        words_message(PLACE, ViewerWords("s1", "leave one out", (("opacity", 0.25),)), key="k"),
    ]
    for message in messages:
        body = body_of(message)
        named = [body[name] for name in ("study", "film", "space", "run", "pane")]
        assert named == ["abc", "f", "weights/cpu/float32", 3, 0]
    assert body_of(films(make_radiograph()))["panes"][0]["study"] == "abc"


def test_the_same_radiograph_in_four_panes_is_sent_once(radiograph: Radiograph) -> None:
    names = {pane["levels"] for pane in body_of(films(*[radiograph] * 4))["panes"]}
    assert names == {body_of(films(radiograph))["panes"][0]["levels"]}


def test_phrases_count_on_from_the_piece_before() -> None:
    shown = [ViewerPhrase(make_grounded(), sentence=i) for i in (12, 13)]
    body = body_of(phrases_message(PLACE, shown, key="k", part="piece:12", first=12))
    assert [phrase["order"] for phrase in body["phrases"]] == [12, 13]


def test_a_map_brings_the_range_of_its_cosines() -> None:
    narrow = ViewerPhrase(make_grounded(), sentence=0, value_range=(0.1, 0.4))
    plain = ViewerPhrase(make_grounded(), sentence=1)
    assert [p["map"]["range"] for p in phrases(narrow, plain)] == [[0.1, 0.4], None]


def test_thumbnails_and_problems_lie_on_the_desk() -> None:
    picture = np.arange(4, dtype=np.uint8).reshape(2, 2)
    desk = Desk(title="Your study", thumbnails=(Thumbnail("1: a.png", picture),), index=0)
    sent = body_of(films(make_radiograph(), desk=desk))["desk"]
    assert (sent["title"], sent["thumbnails"][0]["label"]) == ("Your study", "1: a.png")
    assert sent["thumbnails"][0]["side"] == 2
    assert sent["link"] is None  # own files have no address
    assert (sent["longestPhrase"], sent["mostTyped"]) == (LONGEST_PHRASE, MOST_TYPED)


def test_images_with_other_levels_have_other_names(radiograph: Radiograph) -> None:
    assert image_id(radiograph) != image_id(make_radiograph(radiograph.levels + np.uint16(1)))
    assert image_id(radiograph) == image_id(make_radiograph())


def test_percentiles_leave_padding_out() -> None:
    levels = np.full((10, 10), 100, np.uint16)
    levels[:, 5:] = 60000
    valid = np.ones((10, 10), np.bool_)
    valid[:, 5:] = False
    message = films(make_radiograph(levels, valid=valid))
    assert body_of(message)["panes"][0]["percentiles"]["100"] == 100


def test_percentiles_are_modality_values_in_order_for_a_falling_slope() -> None:
    levels = np.arange(101, dtype=np.uint16)[None].repeat(2, axis=0)
    shown = make_radiograph(levels, level_slope=-2.0, level_intercept=500.0)
    message = films(shown)
    percentiles = body_of(message)["panes"][0]["percentiles"]
    assert (percentiles["0"], percentiles["100"]) == (300.0, 500.0)


def test_a_huge_image_is_averaged_over_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payload, "MAX_PIXELS_SENT", 20)
    levels = np.arange(5 * 6, dtype=np.uint16).reshape(5, 6)
    message = films(make_radiograph(levels))
    sent = body_of(message)["panes"][0]
    assert (sent["sentHeight"], sent["sentWidth"], sent["reduction"]) == (3, 3, 2)
    assert (sent["height"], sent["width"]) == (5, 6)


def test_a_voi_table_travels_with_its_name() -> None:
    table = VoiTable("Chest", 10.0, np.linspace(0, 1, 4, dtype=np.float32))
    shown = replace(make_radiograph(), windows=(table,))
    [window] = body_of(films(shown))["panes"][0]["windows"]
    assert (window["kind"], window["name"], window["first"]) == ("table", "Chest", 10.0)


def test_an_undefined_correlation_is_null() -> None:
    [phrase] = phrases(ViewerPhrase(make_grounded(), sentence=2))
    assert phrase["id"] == "s2"
    assert phrase["map"]["controls"]["nonsense"] is None
    assert phrase["map"]["controls"]["swapped"] == 0.2


def test_regions_and_frame_keep_their_axes_on_a_film_that_is_wider_than_high() -> None:
    [phrase] = phrases(ViewerPhrase(make_grounded()))
    assert phrase["map"]["regions"] == [{"box": [1, 2, 7, 5], "peak": 0.9, "area": 0.1}]
    [pane] = body_of(films(make_radiograph()))["panes"]
    assert (pane["width"], pane["height"]) == (8, 6)


def test_a_score_says_whether_it_is_calibrated_and_where_it_stands() -> None:
    known = Standing("stands out", 0.9, 0.8, 1.5, "Stronger than in 90 of 100 normal films.")
    grounded = replace(make_grounded(), score_calibrated=False, standing=known)
    [phrase] = phrases(ViewerPhrase(grounded))
    assert phrase["map"]["calibrated"] is False
    standing = phrase["map"]["standing"]
    assert (standing["grade"], standing["amongNormal"]) == ("stands out", 0.9)
    assert (standing["amongAll"], standing["logOdds"]) == (0.8, 1.5)
    assert standing["reason"] == "Stronger than in 90 of 100 normal films."


def test_a_sentence_without_a_map_keeps_its_words() -> None:
    [phrase] = phrases(ViewerPhrase(None, "not about the image", text="Cough.", sentence=0))
    assert (phrase["text"], phrase["map"]) == ("Cough.", None)


def test_a_phrase_without_map_and_words_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a text"):
        ViewerPhrase(None)


def test_reference_boxes_are_tied_to_their_sentence() -> None:
    reference = (
        ViewerReference("nodule", Box(1, 2, 3, 4)),
        ViewerReference("mass", Box(0, 0, 2, 2), 3),
    )
    head = Head("A checkpoint", "one", reference=reference)
    shown = body_of(head_message(PLACE, head, key="k", asked=(1, "s3")))
    assert [item["sentence"] for item in shown["reference"]] == [None, 3]
    assert shown["reference"][0]["box"] == [1, 2, 3, 4]
    assert shown["asked"] == {"number": 1, "phrase": "s3"}


def test_too_many_panes_are_refused(radiograph: Radiograph) -> None:
    panes = [ViewerFilm("abc", radiograph)] * 5
    with pytest.raises(ValueError, match="at most 4 panes, got 5"):
        viewer(panes, key="k", desk=Desk(), hear=lambda kind, values: None)


def test_modules_are_joined_in_order_of_need(tmp_path: Path) -> None:
    (tmp_path / "one.js").write_text("export const one = 1;\nexport function add(x) {\n}\n")
    (tmp_path / "two.js").write_text('import { one } from "./one.js";\nexport const two = one;\n')
    main = tmp_path / "main.js"
    main.write_text(
        'import { add as plus } from "./one.js";\nimport { two } from "./two.js";\n'
        "export default function start() {}\n"
    )
    text = bundle_modules(main)
    assert text.index("module_one") < text.index("module_two") < text.index("module_main")
    assert "const { add: plus } = module_one;" in text
    assert text.rstrip().endswith("export default module_main.start;")
    assert text.count("const module_one") == 1


def test_a_circle_of_modules_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text('import { b } from "./b.js";\nexport const a = 1;\n')
    (tmp_path / "b.js").write_text('import { a } from "./a.js";\nexport const b = 1;\n')
    with pytest.raises(ValueError, match=r"a\.js -> b\.js -> a\.js"):
        bundle_modules(tmp_path / "a.js")


def test_an_import_that_would_be_lost_is_refused(tmp_path: Path) -> None:
    main = tmp_path / "main.js"
    main.write_text('import * as all from "./x.js";\nexport default function start() {}\n')
    with pytest.raises(ValueError, match="not read here"):
        bundle_modules(main)


def test_report_text_never_becomes_markup() -> None:
    folder = Path(payload.__file__).parents[1]  # the scripts of all components
    for path in folder.rglob("*.js"):
        source = path.read_text("utf-8")
        for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert way not in source, f"{path.name} uses {way}"
