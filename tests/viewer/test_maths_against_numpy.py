"""The browser's maths against NumPy, OpenCV, pydicom and this project's own Python."""

import base64
import json
import subprocess
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.pixels import apply_windowing

from explorer.entities import Box, ModelFrame, Radiograph, SimilarityMap, Window
from explorer.evaluation.grounding import box_mask, iou, pointing_game_hit, signed_cnr
from explorer.grounding.geometry import fit_frame, map_to_image
from explorer.grounding.regions import find_regions
from explorer.ui.components.viewer.contract import Desk, ViewerFilm
from explorer.ui.components.viewer.payload import film_message

HERE = Path(__file__).parent
Ask = Callable[..., list[Any]]

FRAMES = {
    "letterbox": fit_frame((37, 53), input_shape=(64, 64), grid_shape=(8, 8)),
    "crop": fit_frame((53, 37), input_shape=(48, 48), grid_shape=(6, 6), mode="center crop"),
    "squash": fit_frame((20, 61), input_shape=(32, 32), grid_shape=(4, 4), mode="squash"),
    "one cell": fit_frame((9, 9), input_shape=(8, 8), grid_shape=(1, 1)),
}


@pytest.fixture
def ask(node_path: str) -> Ask:
    def ask(*questions: dict[str, Any]) -> list[Any]:
        done = subprocess.run(
            [node_path, str(HERE / "compute.mjs")],
            input=json.dumps(questions),
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return list(json.loads(done.stdout))

    return ask


def as_json(frame: ModelFrame) -> dict[str, float]:
    return {
        "imageHeight": frame.image_shape[0],
        "imageWidth": frame.image_shape[1],
        "inputRows": frame.input_shape[0],
        "inputColumns": frame.input_shape[1],
        "gridRows": frame.grid_shape[0],
        "gridColumns": frame.grid_shape[1],
        "scaleX": frame.scale_x,
        "scaleY": frame.scale_y,
        "offsetX": frame.offset_x,
        "offsetY": frame.offset_y,
    }


def random_grid(frame: ModelFrame, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 1, frame.grid_shape).astype(np.float32)


def test_node_tests_pass(node_path: str) -> None:
    files = [str(path) for path in sorted(HERE.glob("*.test.mjs"))]
    done = subprocess.run(
        [node_path, "--test", *files], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout[-4000:]


@pytest.mark.parametrize("name", FRAMES)
def test_map_at_every_pixel_equals_map_to_image(ask: Ask, name: str) -> None:
    frame = FRAMES[name]
    grid = random_grid(frame)
    expected = map_to_image(grid, frame)
    [values] = ask({"ask": "map", "grid": grid.ravel().tolist(), "frame": as_json(frame)})
    shown = np.array(values, dtype=np.float64).reshape(expected.shape)
    np.testing.assert_allclose(shown, expected, atol=1e-6, equal_nan=True)


def test_score_equals_the_record(ask: Ask) -> None:
    cosine = np.linspace(-1, 1, 9, dtype=np.float32).reshape(3, 3)
    frame = fit_frame((9, 9), input_shape=(9, 9), grid_shape=(3, 3))
    record = SimilarityMap("x", cosine, 14.0, -3.5, frame)
    [shown] = ask({"ask": "score", "cosines": cosine.ravel().tolist(), "scale": 14, "bias": -3.5})
    np.testing.assert_allclose(np.float32(shown), record.score.ravel(), atol=1e-7)


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_grey_equals_pydicom(ask: Ask, function: str) -> None:
    levels = np.arange(0, 65536, 257, dtype=np.uint16)
    data = Dataset()
    data.WindowCenter, data.WindowWidth, data.VOILUTFunction = 30000.0, 20000.0, function
    data.BitsStored, data.PixelRepresentation = 16, 0
    data.PhotometricInterpretation = "MONOCHROME2"
    expected = apply_windowing(levels, data) / 65535 * 255
    window = asdict(Window("", 30000.0, 20000.0, function)) | {"kind": "window"}  # type: ignore[arg-type]
    how = {"slope": 1, "intercept": 0, "inverted": False}
    [shown] = ask({"ask": "grey", "window": window, "how": how, "levels": levels.tolist()})
    # Rounded to whole grey values.
    np.testing.assert_allclose(shown, expected, atol=0.51)


@pytest.mark.parametrize(
    ("name", "table"), [("magma", cv2.COLORMAP_MAGMA), ("viridis", cv2.COLORMAP_VIRIDIS)]
)
def test_colour_maps_equal_opencv(ask: Ask, name: str, table: int) -> None:
    ramp = np.arange(256, dtype=np.uint8)[None]
    expected = cv2.applyColorMap(ramp, table)[0, :, ::-1].astype(float)
    [shown] = ask({"ask": "colours", "name": name, "positions": (ramp[0] / 255).tolist()})
    assert np.abs(np.array(shown) - expected).max() < 4.0


@pytest.mark.parametrize("name", ["letterbox", "crop", "squash"])
@pytest.mark.parametrize(
    "boxes",
    [
        [Box(3.2, 4.9, 17.5, 15)],
        [Box(3, 3, 20, 14), Box(10, 8, 30, 19.5)],
        [Box(0, 0, 6, 3), Box(25, 12, 36, 20), Box(26, 1, 29, 18)],
    ],
    ids=["one", "overlapping", "three"],
)
def test_agreement_equals_evaluation(ask: Ask, name: str, boxes: list[Box]) -> None:
    frame = FRAMES[name]
    grid = random_grid(frame, seed=len(boxes))
    values = map_to_image(grid, frame)
    mask = box_mask(boxes, image_shape=frame.image_shape)
    edges = [[box.x_min, box.y_min, box.x_max, box.y_max] for box in boxes]
    question = {"ask": "agreement", "grid": grid.ravel().tolist(), "frame": as_json(frame)}
    [shown] = ask(question | {"boxes": edges, "threshold": 0.55})
    assert shown["cnr"] == pytest.approx(signed_cnr(values, mask), abs=1e-5)
    assert shown["iou"] == pytest.approx(iou(values, mask, threshold=0.55), abs=1e-9)
    assert shown["pointing"] == pointing_game_hit(values, mask)


REGION_FRAMES = {
    "letterbox, tall": fit_frame((800, 500), input_shape=(256, 256), grid_shape=(16, 16)),
    "crop, wide": fit_frame(
        (450, 700), input_shape=(224, 224), grid_shape=(14, 14), mode="center crop"
    ),
    "small": fit_frame((90, 61), input_shape=(64, 64), grid_shape=(8, 8)),
    "half a pixel": fit_frame((640, 321), input_shape=(64, 64), grid_shape=(8, 8)),
}


@pytest.mark.parametrize("name", REGION_FRAMES)
@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.9])
def test_regions_equal_those_of_python(ask: Ask, name: str, threshold: float) -> None:
    frame = REGION_FRAMES[name]
    cosine = np.random.default_rng(5).uniform(-0.3, 0.5, frame.grid_shape).astype(np.float32)
    map = SimilarityMap("x", cosine, 14.0, -3.0, frame)
    _, expected = find_regions(map, rule="fixed", threshold=threshold)
    question = {"ask": "regions", "cosine": cosine.ravel().tolist(), "frame": as_json(frame)}
    [shown] = ask(question | {"scale": 14, "bias": -3, "threshold": threshold})
    assert len(expected) > 0
    assert len(shown) == len(expected)
    for mine, region in zip(shown, expected, strict=True):
        edges = [region.box.x_min, region.box.y_min, region.box.x_max, region.box.y_max]
        np.testing.assert_allclose(mine["box"], edges, atol=1e-9)
        assert mine["peak"] == pytest.approx(region.peak, abs=1e-6)
        assert mine["area"] == pytest.approx(region.area_fraction, abs=1e-9)


def test_every_point_of_a_contour_lies_on_its_level(ask: Ask) -> None:
    frame = fit_frame((400, 320), input_shape=(128, 128), grid_shape=(16, 16))
    rows, columns = np.mgrid[:16, :16]
    smooth = np.exp(-((columns - 7) ** 2 + (rows - 9) ** 2) / 20).astype(np.float32)
    values = map_to_image(smooth, frame)
    question = {"ask": "contour", "grid": smooth.ravel().tolist(), "frame": as_json(frame)}
    [lines] = ask(question | {"level": 0.4})
    assert len(lines) == 1
    x, y = (np.array(lines[0]) - 0.5).T
    found = cv2.remap(values, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR).ravel()
    np.testing.assert_allclose(found, 0.4, atol=0.02)


def test_levels_arrive_bit_for_bit(ask: Ask, radiograph: Radiograph) -> None:
    message = film_message([ViewerFilm("abc", radiograph)], key="k", desk=Desk())
    [levels] = ask({"ask": "levels", "message": base64.b64encode(message).decode()})
    assert levels == radiograph.levels.ravel().tolist()
