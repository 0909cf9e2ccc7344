"""A student of a tiny checkpoint: resumed, opened as any checkpoint, nearer to its teacher."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from explorer import pipeline
from explorer.encoders.stored import open_stored
from explorer.methods import _heads
from explorer.methods.mimkd import MimkdOptions
from explorer.training import copies
from explorer.training.copies import PlacedPhrase, mask_cells
from explorer.training.distil_student import distil_student
from tests import tiny_model

OPTIONS = MimkdOptions(
    image_size=64, width=8, steps=12, batch=4, check_views=80, units=8, rate=5e-3
)
PHRASES = ("left mass", "pleural effusion")


@pytest.fixture(scope="module", autouse=True)
def small_pools() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(copies, "_STRANGE", 4)
        patch.setattr(copies, "_OTHER", 4)
        yield


def films(count: int) -> list[np.ndarray]:
    whole = [np.round(tiny_model.pixels(seed=k) * 255).astype(np.uint8) for k in range(count)]
    return [film[:, : 64 - 8 * (k % 2)] for k, film in enumerate(whole)]


def run(tiny_checkpoint: Path, folder: Path, **changes: Any) -> dict[str, float]:
    mask = np.zeros((80, 80), np.float32)
    mask[20:40, 20:40] = 1
    arguments: dict[str, Any] = {
        "held_out": films(3),
        "placed": [PlacedPhrase(1, "left mass", mask)],
        "out": folder / "student",
        "work": folder / "work",
    }
    return distil_student(tiny_checkpoint, films(8), PHRASES, OPTIONS, **(arguments | changes))


@pytest.fixture(scope="module")
def student(tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("students")
    figures = run(tiny_checkpoint, folder)
    assert 0 <= figures["student pointing"] <= 1
    assert figures["student image parameters (M)"] < figures["teacher image parameters (M)"] / 2
    return folder / "student"


def test_a_student_opens_as_any_checkpoint_and_keeps_the_text_tower(
    tiny_checkpoint: Path, student: Path
) -> None:
    engine = pipeline.open_engine(str(student), device="cpu", precision="float32")
    teacher = pipeline.open_engine(str(tiny_checkpoint), device="cpu", precision="float32")
    assert np.array_equal(engine.embed_text(PHRASES), teacher.embed_text(PHRASES))
    assert engine.card.extra["teacher"]["sha256"] == teacher.card.sha256
    grid = pipeline.embed_pixels(engine, tiny_model.pixels(seed=3)).grid
    assert grid.values.shape == (8, 8, 12)


def test_a_stopped_distillation_ends_as_one_that_was_not(
    tiny_checkpoint: Path, student: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_heads, "SAVE_EVERY", 4)

    def stop(stage: str, done: int, _: int) -> None:
        if stage == "Student" and done == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tiny_checkpoint, tmp_path, progress=stop)
    assert not (tmp_path / "student").exists()
    run(tiny_checkpoint, tmp_path)
    whole, resumed = (open_stored(f)[0].state_dict() for f in (student, tmp_path / "student"))
    assert all(torch.equal(value, resumed[name]) for name, value in whole.items())


def test_masks_of_films_follow_the_letterbox() -> None:
    mask = np.zeros((80, 80), np.float32)
    mask[:40] = 1  # the upper half
    cells = mask_cells(mask, (64, 32), 8)  # twice as high as wide: the middle four columns
    expected = np.zeros((8, 8))
    expected[:4, 2:6] = 1
    assert cells == pytest.approx(expected, abs=0.2)
