"""The whole way, small: tables and starting weights to a checkpoint that opens and grounds."""

import functools
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from explorer import cli, pipeline
from explorer.encoders.image import EfficientNetLite0
from explorer.entities import NOT_CHECKED
from explorer.errors import DataSetError
from explorer.pipeline import starting_weights
from explorer.training import recipe, towers

from .. import tiny_model  # noqa: TID252 - "tests" may be another package elsewhere

SETTINGS = {
    "name": "small",
    "title": "Small run",
    "image_size": 64,
    "warm_size": 64,
    "steps": 3,
    "boxed": 2,
    "weak": 2,
    "phantoms": 0,
    "dimension": 8,
    "width": 8,
    "text_steps": 2,
    "text_layers": [0, 1],
    "save_every": 1,
    "image_check_views": 24,
    "extra": {"licence": "Apache-2.0", "training_data": "drawn pictures"},
}


def write_tables(folder: Path) -> tuple[Path, Path]:
    """Six drawn radiographs: boxed and labelled ones to train on, one boxed to validate."""
    rows = ["path,split,source,patient,view,findings,width,height"]
    boxes = ["path,label,x,y,w,h,reader"]
    for i in range(6):
        name, split = f"{i}.png", "val" if i == 5 else "train"
        picture = (tiny_model.pixels(seed=i) * 200).astype(np.uint8)
        if i % 2:
            picture[20:40, 10:26] = 255
            boxes.append(f"{name},Mass,10,20,16,20,NIH BBox_List_2017")
        cv2.imwrite(str(folder / name), picture)
        rows.append(f"{name},{split},drawn,p{i},PA,{'Mass' if i % 2 else 'Effusion'},64,64")
    (folder / "images.csv").write_text("\n".join(rows), encoding="utf-8")
    (folder / "boxes.csv").write_text("\n".join(boxes), encoding="utf-8")
    return folder / "images.csv", folder / "boxes.csv"


def write_minilm(folder: Path) -> Path:
    folder.mkdir()
    encoder = tiny_model.text_encoder()
    encoder.bert.config.save_pretrained(folder)
    save_file(
        {k: v.contiguous() for k, v in encoder.bert.state_dict().items()},
        folder / "model.safetensors",
    )
    tiny_model.tokenizer().save(str(folder / "tokenizer.json"))
    return folder


def write_trunk(path: Path) -> Path:
    torch.manual_seed(0)
    state = EfficientNetLite0().state_dict()
    state["stem.1.weight"] = state["stem.1.weight"].repeat(1, 3, 1, 1) / 3
    torch.save(state, path)
    return path


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Command line options of a small run; what it does is real, only less of it."""
    less: list[tuple[Any, str, dict[str, int]]] = [
        (recipe.image_check, "fit_image_check", {"epochs": 2}),
        (towers, "distil", {"batch": 4}),
    ]
    for module, name, changes in less:
        monkeypatch.setattr(module, name, functools.partial(getattr(module, name), **changes))
    texts: Callable[..., list[str]] = towers.distillation_texts
    monkeypatch.setattr(towers, "distillation_texts", lambda _, **others: texts(50, **others))
    monkeypatch.setattr(pipeline.training, "_DRAWN_PICTURES", 10)
    monkeypatch.setattr(pipeline.training, "_DRAWN_RADIOGRAPHS", 10)
    images, boxes = write_tables(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
    return {
        "config": tmp_path / "config.json",
        "images": images,
        "boxes": boxes,
        "minilm": write_minilm(tmp_path / "minilm"),
        "trunk": write_trunk(tmp_path / "trunk.pth"),
        "work": tmp_path / "work",
        "out": tmp_path / "small",
    }


def run(options: dict[str, Path], *more: str) -> int:
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    with pytest.raises(SystemExit) as stopped:
        cli.main(["train", *words, *more])
    return int(stopped.value.code or 0)


def test_a_small_run_writes_a_checkpoint_that_opens_and_grounds(
    options: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(options) == 0
    shown = capsys.readouterr()
    assert "pointing_plain" in shown.out
    assert "Research use, not for diagnosis." in shown.err
    assert list((options["work"] / "log").glob("events.*"))
    engine = pipeline.open_engine(str(options["out"]), device="cpu", precision="float32")
    assert (engine.card.title, engine.card.licence) == ("Small run", "Apache-2.0")
    assert engine.card.calibration is not None
    assert 0.25 <= engine.card.calibration.threshold <= 1
    embeddings = pipeline.embed_pixels(engine, tiny_model.pixels(side=100))
    (found,) = pipeline.ground(engine, embeddings, ["left lung mass"])
    assert np.isfinite(found.map.cosine).all()
    assert run(options) == 2  # a checkpoint is not overwritten by chance
    assert "--force" in capsys.readouterr().err


def test_a_training_goes_on_without_tensorboard_and_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    assert recipe._open_log(tmp_path / "log") is None
    assert "goes on without a TensorBoard log" in caplog.text
    assert "radiograph-grounding-explorer[train]" in caplog.text


def test_a_run_starts_from_a_checkpoint_and_logs_rates_and_gradient(
    options: dict[str, Path], tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del options["minilm"], options["trunk"]
    options["start"] = tiny_checkpoint
    assert run(options) == 4  # another width
    assert 'Set "width" to 16' in " ".join(capsys.readouterr().err.split())
    settings = SETTINGS | {"width": 16, "dimension": 12}
    options["config"].write_text(json.dumps(settings), encoding="utf-8")
    assert run(options) == 0
    written = load_file(options["out"] / "model.safetensors")
    started = load_file(tiny_checkpoint / "model.safetensors")
    text = [name for name in started if name.startswith("text_encoder.")]
    assert all(torch.equal(written[name], started[name]) for name in text)
    images = [name for name in started if name.startswith("image_encoder.")]
    assert not all(torch.equal(written[name], started[name]) for name in images)
    assert not (options["work"] / "text").exists()
    logged = EventAccumulator(str(options["work"] / "log")).Reload().Tags()["scalars"]
    assert {"loss", "dense", "gradient norm", "rate", "trunk rate"} <= set(logged)


def test_a_small_tower_shares_the_text_tower_it_was_trained_with(
    options: dict[str, Path], tiny_checkpoint: Path, tmp_path: Path
) -> None:
    del options["minilm"], options["trunk"]
    shutil.copytree(tiny_checkpoint, tmp_path / "tower")
    options["start-text"] = tmp_path / "tower"
    few = ("tower=small", "image_check_views=0", "steps=2", "both_views=false")
    assert run(options, *(word for pair in few for word in ("--set", pair))) == 0
    names = {f.name for f in options["out"].iterdir()}
    assert "tokenizer.json" not in names
    assert (options["out"] / "model.safetensors").stat().st_size < 2e6
    engine = pipeline.open_engine(str(options["out"]), device="cpu", precision="float32")
    assert engine.embed_text(["left mass"]).shape == (1, 8)
    found = engine.embed_image(tiny_model.pixels(side=64), frame=engine.frame_of(64, 64))
    assert found.grid.values.shape == (8, 8, 8)
    assert found.check is NOT_CHECKED


def test_options_and_settings_of_the_command_line_are_checked(
    options: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(options, "--method", "magic") == 7
    assert "Unknown method 'magic'" in capsys.readouterr().err
    assert run(options, "--option", "magic=1") == 7
    assert "dense_grounding has no option 'magic'. It has: supervision" in capsys.readouterr().err
    assert run(options, "--option", "cnr=often") == 7
    assert "Option cnr must be a number, got 'often'" in capsys.readouterr().err
    assert run(options, "--set", "steps=0") == 7
    assert "Option steps must be a whole number at least 1, got 0" in capsys.readouterr().err
    assert run(options, "--set", "magic=0") == 7
    assert "no setting 'magic'" in capsys.readouterr().err
    assert run(options, "--set", "steps") == 2
    assert not options["work"].exists()


def test_settings_without_licence_are_refused_before_any_work(options: dict[str, Path]) -> None:
    options["config"].write_text(json.dumps(SETTINGS | {"extra": {}}), encoding="utf-8")
    assert run(options) == 6
    assert not options["work"].exists()


def test_unknown_settings_missing_images_and_phantoms_are_named(
    options: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options["config"].write_text(json.dumps(SETTINGS | {"phantoms": 4}), encoding="utf-8")
    assert run(options) == 6
    assert "asks for 4 phantoms a batch, got no folder" in capsys.readouterr().err
    options["config"].write_text(json.dumps(SETTINGS | {"epochs": 4}), encoding="utf-8")
    assert run(options) == 6
    assert "docs/training.md" in capsys.readouterr().err
    options["config"].write_text(json.dumps(SETTINGS), encoding="utf-8")
    (tmp_path / "0.png").unlink()
    assert run(options) == 6
    assert "1 of 6 image files are missing" in capsys.readouterr().err


def test_starting_weights_are_found_in_folders(options: dict[str, Path], tmp_path: Path) -> None:
    assert starting_weights.find_minilm(tmp_path) == options["minilm"]
    with pytest.raises(DataSetError, match="must hold efficientnet-lite0"):
        starting_weights.find_trunk(tmp_path)
    (options["minilm"] / "config.json").unlink()
    with pytest.raises(DataSetError, match=r"must hold model\.safetensors, config\.json"):
        starting_weights.find_minilm(tmp_path)
