"""Exports of our checkpoints: the same maps, from graphs, and what a wrong call gets."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from explorer import pipeline
from explorer.adapters import Engine
from explorer.adapters._export import export_openvino
from explorer.errors import CheckpointError, DataSetError
from tests import tiny_model

from . import battery
from .makers import biovil, openvino

pytestmark = pytest.mark.slow  # the battery has an export as well; a conversion takes 5 s
PHRASES = ("left lung mass", "right effusion", "cardiomegaly")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("export")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXPLORER_CHECKPOINTS", str(folder / "shelf"))
        yield folder


@pytest.fixture(scope="module")
def original() -> Engine:
    return battery.open_tiny(openvino.exported()[0])


@pytest.fixture(scope="module")
def exported() -> Engine:
    return battery.open_tiny(openvino.exported()[1])


def test_an_export_gives_the_same_vectors(original: Engine, exported: Engine) -> None:
    films = [battery.film((80, 64), seed=seed) for seed in range(3)]
    for before, after in zip(
        battery.encode(original, films), battery.encode(exported, films), strict=True
    ):
        assert_allclose(after.grid.values, before.grid.values, atol=2e-4)
        for kind, chance in before.check.scores.items():
            assert after.check.scores[kind] == pytest.approx(chance, abs=1e-3)
    assert_allclose(exported.embed_text(PHRASES), original.embed_text(PHRASES), atol=2e-4)
    assert exported.scoring == original.scoring
    assert exported.card.calibration == original.card.calibration


def test_an_export_is_another_space(original: Engine, exported: Engine) -> None:
    assert exported.card.revision == original.card.sha256
    assert exported.space_id != original.space_id
    assert exported.space_id.endswith("/cpu/openvino float32")


def test_what_was_measured_stands_on_the_card(original: Engine, place: Path) -> None:
    card = pipeline.export_checkpoint(str(original.card.folder), precision="float32", out="small")
    found = card.extra["export"]["agreement"]
    assert (place / "shelf" / "small" / "card.json").exists()
    assert found["films"] == len(pipeline.list_bundled_studies())
    assert found["patch_cosine_mean"] == pytest.approx(1, abs=0.1)  # "auto" may be bfloat16
    assert found["image_ms"] > 0
    grounding = card.extra["export"]["grounding"]
    assert grounding["protocol"] == "original_pixels/1, bundled phantoms"
    assert grounding["after"] == pytest.approx(grounding["before"], abs=0.3)  # few phrases
    assert {"pointing", "cnr"} <= set(grounding["before"])
    with pytest.raises(CheckpointError, match="'small' is taken"):
        pipeline.export_checkpoint(str(original.card.folder), out="small")


def test_int8_keeps_maps_alike(original: Engine, place: Path) -> None:
    films = [
        original.network_input([tiny_model.pixels(seed=seed)])[0].astype(np.float32)
        for seed in range(8)
    ]
    export_openvino(original, place / "eight", precision="int8", films=films)
    small = battery.open_tiny(place / "eight")
    seen = [battery.encode(e, [battery.film((64, 64))])[0] for e in (original, small)]
    cosine = (seen[0].grid.values * seen[1].grid.values).sum(-1)
    assert cosine.mean() > 0.7  # untrained weights round badly; unrelated vectors would give 0


def test_wrong_calls_are_one_sentence(original: Engine, place: Path) -> None:
    with pytest.raises(CheckpointError, match="int8 needs films"):
        export_openvino(original, place / "none", precision="int8")
    with pytest.raises(CheckpointError, match="An export goes to openvino in float32"):
        pipeline.export_checkpoint(str(original.card.folder), precision="int4")
    with pytest.raises(DataSetError, match="Boxes need the table of their images"):
        pipeline.export_checkpoint(str(original.card.folder), boxes=Path("boxes.csv"))
    folder = place / "biovil"
    folder.mkdir()
    biovil.make(folder)
    with pytest.raises(CheckpointError, match="Only checkpoints of the family local_alignment"):
        export_openvino(battery.open_tiny(folder), place / "none", precision="float32")
    assert not (place / "none").exists()


def test_an_export_runs_as_it_was_exported(place: Path, exported: Engine) -> None:
    from explorer.adapters import open_checkpoint

    with pytest.raises(CheckpointError, match="was exported in float32, got precision 'bfloat16'"):
        open_checkpoint(exported.card.folder, device="cpu", precision="bfloat16")
    with pytest.raises(CheckpointError, match="runs on the cpu, got 'cuda'"):
        open_checkpoint(exported.card.folder, device="cuda")


def test_nothing_is_reported_to_the_makers(exported: Engine) -> None:
    assert exported.card.family == "openvino"  # it is loaded
    assert sys.modules["openvino_telemetry"] is None
