"""A folder of images with reports and nothing else becomes a checkpoint that opens and grounds."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from explorer import pipeline
from explorer.training.pools import StudiesOnDisk, make_pools

from .. import tiny_model  # noqa: TID252 - "tests" may be another package elsewhere
from .test_recipe import SETTINGS, options, run

__all__ = ["options"]  # a fixture

REPORTS = (
    "FINDINGS: Small left pleural effusion. No pneumothorax.\nIMPRESSION: Left effusion.",
    "FINDINGS: The heart is enlarged. No effusion.",
    "Clear lungs. Normal heart size.",
    "FINDINGS: 8 mm nodule in the right upper lobe.",
)


def write_folder(folder: Path) -> Path:
    """Sixteen drawn radiographs, each with a report of its name, patients by name."""
    folder.mkdir()
    for i in range(16):
        picture = (tiny_model.pixels(seed=i) * 200).astype(np.uint8)
        cv2.imwrite(str(folder / f"{i:02}.png"), picture)
        (folder / f"{i:02}.txt").write_text(REPORTS[i % 4], encoding="utf-8")
    (folder / "labels.csv").write_text(
        "path,split\n" + "".join(f"{i:02}.png,{'val' if i > 11 else 'train'}\n" for i in range(16)),
        encoding="utf-8",
    )
    return folder


def test_images_with_reports_alone_train_a_checkpoint(
    options: dict[str, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = SETTINGS | {"boxed": 0, "weak": 4}
    options["config"].write_text(json.dumps(settings), encoding="utf-8")
    del options["images"], options["boxes"]
    assert run(options | {"data": write_folder(tmp_path / "own")}) == 0
    assert "report_ranking" in capsys.readouterr().out
    engine = pipeline.open_engine(str(options["out"]), device="cpu", precision="float32")
    embeddings = pipeline.embed_pixels(engine, tiny_model.pixels(side=100))
    (found,) = pipeline.ground(engine, embeddings, ["left effusion"])
    assert np.isfinite(found.map.cosine).all()


def test_data_and_tables_together_or_neither_are_refused(
    options: dict[str, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(options | {"data": write_folder(tmp_path / "own")}) == 6
    assert "not both" in capsys.readouterr().err
    del options["images"], options["boxes"]
    assert run(options) == 6
    assert "--data DIR" in capsys.readouterr().err


def test_a_large_set_is_read_when_drawn_and_holds_the_same(tmp_path: Path) -> None:
    from explorer.corpora import folder

    images = folder.read_folder(write_folder(tmp_path / "own"))
    kept = make_pools(images, [])
    drawn = make_pools(images, [], kept_in_memory=4)
    assert isinstance(drawn.weak, StudiesOnDisk)
    assert len(drawn.weak) == len(kept.weak) == 16
    for one, other in zip(drawn.weak[3:5], kept.weak[3:5], strict=True):
        assert one.sentences == other.sentences
        assert np.array_equal(one.pixels, other.pixels)
