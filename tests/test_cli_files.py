"""What the disk refuses costs one line and exit code 10, and leaves no half file."""

import errno
import json
from pathlib import Path

import pytest

from explorer.cli import FILE_TROUBLE, main
from explorer.cli._files import file_trouble, write_whole

from .test_cli import engine, image, run

__all__ = ["engine", "image"]


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    target = tmp_path / "a.json"
    write_whole(target, b"old")

    def full(path: Path, content: bytes) -> None:
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(target, b"new")
    assert [one.name for one in tmp_path.iterdir()] == ["a.json"]
    assert target.read_bytes() == b"old"


def test_a_file_in_the_way_is_one_line_with_its_path(engine, image, tmp_path, capsys):
    out = image / "results"
    assert run("ground", image, "--phrase", "mass", "--out", out) == FILE_TROUBLE
    lines = capsys.readouterr().err.strip().splitlines()
    assert lines[-1].startswith("explorer: Not a directory")
    assert str(image) in lines[-1]
    assert "folder" in lines[-1]
    assert not any("Traceback" in line for line in lines)


def test_an_error_of_the_network_is_no_trouble_with_a_file():
    assert file_trouble(ConnectionRefusedError(errno.ECONNREFUSED, "refused")) is None
    assert "permission" in str(file_trouble(PermissionError(errno.EACCES, "No permission"))).lower()


def test_an_unexpected_error_of_the_system_is_not_hidden(monkeypatch):
    def broken(**_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("explorer.cli.app", broken)
    with pytest.raises(OSError, match="Input/output"):
        main([])


def test_notes_on_a_report_are_said(engine, image, tmp_path, capsys):
    report = tmp_path / "report.txt"
    report.write_text("Kein Nachweis eines Ergusses. Das Herz ist nicht vergrößert.", "utf-8")
    assert run("ground", image, "--report", report, "--out", tmp_path / "out") == 0
    assert "Only English reports are read" in capsys.readouterr().err


def test_an_empty_phrase_is_refused_before_the_checkpoint_is_loaded(image, tmp_path, capsys):
    assert run("ground", image, "--phrase", " ", "--out", tmp_path / "out") == 2
    assert "at least one word" in capsys.readouterr().err


def test_the_figure_of_a_long_report_shows_the_first_phrases_and_says_so(
    engine, image, tmp_path, monkeypatch
):
    drawn = {}

    def draw(_pixels: object, panels: list[object], *, caption: str, **_: object) -> bytes:
        drawn.update(panels=len(panels), caption=caption)
        return b"png"

    monkeypatch.setattr("explorer.exchange.figure.draw_figure", draw)
    report = tmp_path / "report.txt"
    report.write_text("Left effusion. Right nodule. Mass. " * 20, "utf-8")
    assert run("ground", image, "--report", report, "--out", tmp_path / "out") == 0
    document = json.loads((tmp_path / "out" / "grounding.json").read_text("utf-8"))
    assert len(document["phrases"]) == 60
    assert drawn["panels"] == 40
    assert "first 40 of 60 phrases" in drawn["caption"]
