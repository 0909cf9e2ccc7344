"""`explorer index` and `explorer retrieve`, from the command line."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from explorer import pipeline
from explorer.cli import app, exit_code, main
from explorer.errors import RetrievalError

from .conftest import REPORTS, write_study


@pytest.fixture
def run(engine: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(pipeline, "open_engine", lambda *_, **__: engine)

    def call(*words: str) -> Any:
        return CliRunner().invoke(app, list(words))

    return call


def test_build_info_and_remove(run: Any, tmp_path: Path) -> None:
    write_study(tmp_path / "corpus" / "a", seed=1, report=REPORTS[0])
    write_study(tmp_path / "corpus" / "b", seed=2, report=REPORTS[1])
    write_study(tmp_path / "corpus" / "broken", seed=3)
    (tmp_path / "corpus" / "broken" / "image.png").write_bytes(b"no picture")
    uri = str(tmp_path / "films.index")
    built = run("index", "build", str(tmp_path / "corpus"), "--out", uri)
    assert built.exit_code == 0, built.output
    assert "Left out broken/image.png: " in built.stderr
    assert "2 added, 1 left out." in built.stderr
    again = run("index", "build", str(tmp_path / "corpus"), "--out", uri)
    assert "2 in already, 1 left out." in again.stderr

    info = json.loads(run("index", "info", uri, "--json").stdout)
    assert (info["studies"], info["sentences"], info["checkpoint"]) == (2, 3, "tiny")
    assert "checkpoint" in run("index", "info", uri).stdout

    removed = run("index", "remove", "--index", uri, "--filter", "finding=mass")
    assert "1 study taken out." in removed.stderr
    assert run("index", "remove", "--index", uri).exit_code == 2


def test_retrieve_prints_table_json_and_csv(run: Any, index_uri: str) -> None:
    words = ("retrieve", "--index", index_uri, "--text", "mass. No effusion.", "--count", "3")
    assert "3 of 24" in run(*words).stdout
    document = json.loads(run(*words, "--json").stdout)
    assert [len(hit["parts"]) for hit in document["hits"]] == [2, 2, 2]
    rows = list(csv.DictReader(io.StringIO(run(*words, "--csv").stdout)))
    assert [row["rank"] for row in rows] == ["1", "2", "3"]
    assert rows[0]["film"] == document["hits"][0]["film"]


def test_retrieve_by_film_region_and_report(run: Any, index_uri: str, corpus: Path) -> None:
    image = str(corpus / "s03" / "image.png")
    for extra in ((), ("--region", "5,5,40,40"), ("--find", "reports"), ("--without", "mass")):
        found = run("retrieve", "--index", index_uri, "--image", image, "--json", *extra)
        assert found.exit_code == 0, found.output
        document = json.loads(found.stdout)
        assert len(document["hits"]) == 10
    film = document["hits"][0]["film"]
    assert run("retrieve", "--index", index_uri, "--film", film, "--json").exit_code == 0


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--text", "mass", "--film", "x"),
        ("--text", "mass", "--region", "0,0,5,5"),
        ("--film", "x", "--region", "5,5,0,0"),
        ("--text", "mass", "--json", "--csv"),
    ],
)
def test_a_wrong_call_is_refused(run: Any, index_uri: str, words: tuple[str, ...]) -> None:
    assert run("retrieve", "--index", index_uri, *words).exit_code == 2


def test_no_index_is_one_line_and_exit_code_8(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["index", "info", str(tmp_path / "nothing")])
    assert stopped.value.code == exit_code(RetrievalError()) == 8
    assert capsys.readouterr().err.count("\n") == 1
