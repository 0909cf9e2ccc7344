"""What a checkpoint does to a film: the exact tensor, the display before it, and its warnings."""

import importlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from explorer import adapters, pipeline
from explorer.adapters import Engine, open_checkpoint
from explorer.entities import Radiograph, Spacing
from explorer.pipeline.preprocessing_audit import PreprocessingAudit, audit_preprocessing
from explorer.reading import read_radiograph
from explorer.registry import module_names
from tests.reading.files import dicom, ramp

SHIFTED = ramp(96, 80) // 5  # 0 to 3071
WINDOW = {"WindowCenter": 1500, "WindowWidth": 3200, "VOILUTFunction": "LINEAR_EXACT"}


def opened(tmp_path: Path, family: str, **options: Any) -> Engine:
    folder = tmp_path / family
    folder.mkdir()
    importlib.import_module(f"tests.adapters.makers.{family}").make(folder, **options)
    return open_checkpoint(folder, device="cpu", precision="float32")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return opened(tmp_path_factory.mktemp("audit"), "clip")


def film(**elements: Any) -> Radiograph:
    return read_radiograph(dicom(SHIFTED, **{**WINDOW, **elements}))


def did(audit: PreprocessingAudit, name: str) -> str:
    (found,) = [step.did for step in audit.steps if step.name == name]
    return found


def test_a_monochrome1_twin_gives_the_same_tensor(clip: Engine) -> None:
    plain = audit_preprocessing(clip, film())
    turned = read_radiograph(
        dicom(
            3000 - SHIFTED.astype(np.int32).clip(0, 3000).astype(np.uint16),
            **{**WINDOW, "PhotometricInterpretation": "MONOCHROME1"},
        )
    )
    twin = audit_preprocessing(clip, turned)
    assert did(plain, "inversion").startswith("not inverted")
    assert did(twin, "inversion").startswith("inverted")
    bright = audit_preprocessing(clip, film(PixelData=SHIFTED.clip(0, 3000).tobytes()))
    np.testing.assert_allclose(twin.tensor, bright.tensor, atol=1e-5)


def test_the_tensor_is_what_the_engine_encodes(clip: Engine) -> None:
    radiograph = film()
    audit = audit_preprocessing(clip, radiograph)
    frame = clip.frame_of(*radiograph.shape)
    inside = clip.model_input(radiograph.pixels, frame=frame)
    np.testing.assert_array_equal(audit.tensor, clip.network_input([inside])[0])
    assert audit.tensor.shape == (3, 64, 64)
    assert (audit.picture.min(), audit.picture.max()) == (0, 255)
    assert audit.picture[0, 0] < audit.picture[-1, -1]
    assert audit.frame == frame


def test_the_steps_say_what_happened(clip: Engine) -> None:
    audit = audit_preprocessing(clip, film())
    names = [step.name for step in audit.steps if step.name]
    assert names == [
        "file", "window", "inversion", "clip", "resize", "crop and padding", "as published",
        "patch", "tensor",
    ]  # fmt: skip
    assert "centre 1500, width 3200" in did(audit, "window")
    assert did(audit, "resize").startswith("96 x 80 px to 76 x 64 px")
    assert "64 x 64 px" in did(audit, "crop and padding")
    assert did(audit, "as published") == "shorter side to 64 px (bicubic)"
    assert "3 channels of 64 x 64" in did(audit, "tensor")
    assert did(audit, "patch") == "one patch of the 8 x 8 grid is 10 x 10 px of the film"


def test_a_patch_has_a_size_where_the_file_gives_one(clip: Engine) -> None:
    radiograph = replace(film(), spacing=Spacing(0.2, 0.2, "ImagerPixelSpacing"))
    assert "2 x 2 mm by ImagerPixelSpacing" in did(audit_preprocessing(clip, radiograph), "patch")


def test_a_window_that_cuts_the_film_off_is_warned_of(clip: Engine) -> None:
    narrow = audit_preprocessing(clip, film(WindowCenter=600, WindowWidth=200))
    assert any("plain white" in warning for warning in narrow.warnings)
    assert not audit_preprocessing(clip, film()).steps[3].warning


def test_a_crop_that_leaves_findings_out_is_warned_of(clip: Engine) -> None:
    audit = audit_preprocessing(clip, film())  # 96 x 80: a sixth of the height is cut
    assert audit.seen == pytest.approx(80 / 96, abs=0.02)
    assert any("of the film lies outside the input" in warning for warning in audit.warnings)


def test_a_stretched_film_is_warned_of(tmp_path: Path) -> None:
    audit = audit_preprocessing(opened(tmp_path, "siglip"), film())
    assert any("aspect changes by 17%: hearts look wider" in w for w in audit.warnings)


def test_a_card_that_says_another_mean_is_warned_of(tmp_path: Path) -> None:
    engine = opened(tmp_path, "siglip")
    engine.card.extra["normalisation"] = {"mean": [0.1] * 3, "std": [0.5] * 3}
    warnings = audit_preprocessing(engine, film()).warnings
    assert any("the folder's own settings say" in warning for warning in warnings)
    engine.card.extra["normalisation"]["mean"] = [0.5] * 3
    assert not any("the folder's" in w for w in audit_preprocessing(engine, film()).warnings)


def test_a_film_without_contrast_is_warned_of(tmp_path: Path) -> None:
    flat = replace(film(), pixels=np.full((96, 80), 0.5, np.float32))
    audit = audit_preprocessing(opened(tmp_path, "gloria"), flat)
    assert audit.picture.dtype == np.uint8
    siglip = audit_preprocessing(opened(tmp_path, "siglip"), flat)
    assert "The film is the same everywhere." in siglip.warnings
    assert not siglip.picture.any()


@pytest.mark.parametrize("family", module_names(adapters))
def test_every_family_can_be_audited(tmp_path: Path, family: str) -> None:
    engine = opened(tmp_path, family)
    shown = film()
    audit = pipeline.audit_preprocessing(engine, shown)
    # A family of free shape follows the film; all others have the size of their card.
    assert audit.tensor.shape[1:] == engine.frame_of(*shown.pixels.shape).input_shape
    assert np.isfinite(audit.tensor).all()
    assert all(step.did for step in audit.steps)
    assert len(audit.steps) >= 9
