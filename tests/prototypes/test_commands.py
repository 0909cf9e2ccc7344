"""`explorer prototypes` on a small index of the tiny model."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from explorer import pipeline
from explorer.cli import main
from tests import tiny_model


@pytest.fixture(scope="module")
def index_uri(tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An index of ten films, all taken for frontal."""
    from tests.retrieval.conftest import FrontalEngine

    corpus = tmp_path_factory.mktemp("films")
    for seed in range(10):
        (folder := corpus / f"s{seed}").mkdir()
        grey = np.round(tiny_model.pixels(seed=seed) * 255).astype(np.uint8)
        Image.fromarray(grey).save(folder / "image.png")
        (folder / "report.txt").write_text("FINDINGS: Left pleural effusion. Right mass.")
    uri = str(tmp_path_factory.mktemp("index"))
    engine: Any = FrontalEngine(pipeline.open_engine(str(tiny_checkpoint), device="cpu"))
    pipeline.build_index(corpus, uri, engine=engine)
    return uri


@pytest.fixture
def run(
    index_uri: str, tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    def call(*words: str) -> str:
        options = ["--index", index_uri, "--granularity", "4", "--checkpoint", str(tiny_checkpoint)]
        with pytest.raises(SystemExit) as stop:
            main(["prototypes", *words, *options, "--device", "cpu"])
        out, err = capsys.readouterr()
        assert stop.value.code == 0, err
        return out

    return call


def test_build_prints_all_prototypes_and_the_same_ones_again(run: Callable[..., str]) -> None:
    document = json.loads(run("build", "--json"))
    assert document["schema"] == "radiograph-prototypes/1"
    assert len(document["prototypes"]) == 4
    assert sum(p["size"] for p in document["prototypes"]) == document["points"]
    assert -1 <= document["stability"] <= 1
    assert json.loads(run("build", "--json")) == document


def test_show_and_export(run: Callable[..., str], tmp_path: Path) -> None:
    room = json.loads(run("show", "2", "--json"))
    assert room["id"] == 2
    assert len(room["neighbours"]) == 3
    assert "Prototype 2" in run("show", "2")
    out = tmp_path / "made" / "prototypes.csv"
    run("export", "--out", str(out), "--format", "csv")
    assert len(out.read_text("utf-8").splitlines()) == 5


def test_films_have_no_place(run: Callable[..., str]) -> None:
    document = json.loads(run("build", "--json", "--level", "films", "--no-stability"))
    assert document["level"] == "films"
    assert document["prototypes"][0]["position_share"] is None


def test_an_index_is_not_compared_with_one_of_the_same_checkpoint(
    index_uri: str, tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = ["--checkpoint", str(tiny_checkpoint), "--beside-checkpoint", str(tiny_checkpoint)]
    with pytest.raises(SystemExit) as stop:
        main(["prototypes", "compare", index_uri, "--index", index_uri, *both, "--device", "cpu"])
    assert stop.value.code == 9
    assert "Both indices are of the same checkpoint" in capsys.readouterr().err


def test_what_cannot_be_is_one_line_and_an_exit_code(
    index_uri: str, tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, why in (
        (["show", "99"], "must be a prototype 99"),
        # Ten reports say the same two things.
        (["build", "--level", "sentences"], "got 20, 2 of them different"),
        (["build", "--method", "magic"], "Available: hdbscan, kmeans, sinkhorn"),
    ):
        options = ["--index", index_uri, "--granularity", "4", "--checkpoint", str(tiny_checkpoint)]
        with pytest.raises(SystemExit) as stop:
            main(["prototypes", *words, *options, "--device", "cpu"])
        assert stop.value.code == 9
        assert why in capsys.readouterr().err
