"""`explorer evaluate run | compare | runs | export | protocols` with a tiny engine."""

import json
from pathlib import Path

import pytest
import typer

from explorer import cli, pipeline
from tests.ui.tiny import TinyEngine, card, png


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four images with a table of phrases, and tiny engines instead of checkpoints."""
    monkeypatch.setattr(pipeline, "open_engine", lambda name, **_: TinyEngine(card(name or "one")))
    monkeypatch.setenv("COLUMNS", "200")
    folder = tmp_path / "data"
    folder.mkdir()
    rows = ["image,phrase,finding,x,y,w,h"]
    for number in range(4):
        (folder / f"{number}.png").write_bytes(png(number))
        rows += [f"{number}.png,right mass,mass,20,60,30,40", f"{number}.png,no edema,edema,,,,"]
    (folder / "phrases.csv").write_text("\n".join(rows), encoding="utf-8")
    return folder


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stopped:
        cli.main([str(argument) for argument in arguments])
    return int(stopped.value.code or 0)


def test_two_runs_and_their_comparison(data: Path, tmp_path: Path, capsys) -> None:
    for name in ("one", "two"):
        out = tmp_path / name
        code = run(
            "evaluate", "run", data, "--checkpoint", name, "--out", out, "--bootstrap", 50,
            "--protocol", "original_pixels", "--protocol", "aep/1", "--json", tmp_path / "t.json",
        )  # fmt: skip
        assert code == 0
    shown = capsys.readouterr().out
    for words in ("aep/1: 4 images of 4 patients", "location prior", "constant centre", "macro"):
        assert words in shown
    found = json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))
    assert [table["protocol"] for table in found["tables"]] == ["original_pixels/1", "aep/1"]
    code = run(
        "evaluate", "compare", tmp_path / "one", tmp_path / "two", "--metric", "cnr",
        "--bootstrap", 50, "--json", tmp_path / "c.json",
    )  # fmt: skip
    assert code == 0
    compared = json.loads((tmp_path / "c.json").read_text(encoding="utf-8"))
    assert compared["metrics"]["cnr"]["macro"]["patients"] == 4
    assert len(compared["apart"]) == 4
    assert "difference" in capsys.readouterr().out


def test_runs_are_listed_and_exported(data: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "runs" / "one"
    run("evaluate", "run", data, "--out", out, "--protocol", "biovil", "--bootstrap", 10)
    capsys.readouterr()
    assert run("evaluate", "runs", tmp_path / "runs") == 0
    assert "one" in capsys.readouterr().out
    assert run("evaluate", "export", out, "--out", tmp_path / "x" / "run.csv") == 0
    assert (tmp_path / "x" / "run.csv").read_text(encoding="utf-8").startswith("row,key,image")
    assert run("evaluate", "runs", tmp_path / "x") == 0
    assert "No run is kept" in capsys.readouterr().err


def test_a_run_is_deleted_when_the_person_agrees(
    data: Path, tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("evaluate", "run", data, "--out", tmp_path / "run", "--bootstrap", 50) == 0
    monkeypatch.setattr("typer.confirm", _say_no)
    assert run("evaluate", "delete", tmp_path / "run") == 1
    assert (tmp_path / "run" / "card.json").exists()
    assert run("evaluate", "delete", tmp_path / "run", "--yes") == 0
    assert not (tmp_path / "run").exists()
    assert run("evaluate", "delete", data, "--yes") == 6
    assert (data / "phrases.csv").exists()


def _say_no(_: str, *, abort: bool) -> None:
    if abort:
        raise typer.Abort


def test_boxes_of_another_program(data: Path, tmp_path: Path, capsys) -> None:
    path = tmp_path / "maira.json"
    boxes = [[20 / 128, 60 / 160, 50 / 128, 100 / 160]]
    made = [{"image": f"{n}.png", "phrase": "right mass", "boxes": boxes} for n in range(4)]
    path.write_text(json.dumps(made), encoding="utf-8")
    out = tmp_path / "b.json"
    code = run("evaluate", "boxes", data, path, "--numbers", "unit", "--bootstrap", 20,
               "--json", out)  # fmt: skip
    assert code == 0
    found = json.loads(out.read_text(encoding="utf-8"))["rows"]["model"]
    assert found["mass"]["iou"]["mean"] == 1.0
    assert found["edema"]["quiet"]["mean"] == 1.0
    assert "box_iou/1" in capsys.readouterr().out
    assert run("evaluate", "boxes", data, path, "--numbers", "pixels") == 0
    assert run("evaluate", "boxes", data, path, "--numbers", "inches") == 6


def test_definitions_are_printed_word_for_word(capsys) -> None:
    assert run("evaluate", "protocols", "aep") == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "aep/1: AEP (KAF-Ground)" in shown
    assert "only the central 453 x 453 is scored" in shown
    assert run("evaluate", "protocols", "coco") == 6


def test_what_is_wrong_is_one_line_and_nothing_is_kept(data: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "out"
    assert run("evaluate", "run", data, "--protocol", "coco", "--out", out) == 6
    (data / "3.png").unlink()
    assert run("evaluate", "run", data, "--out", out) == 6
    error = capsys.readouterr().err
    assert "1 of 4 images are not below 'data', e.g. 3.png" in " ".join(error.split())
    assert not out.exists()
