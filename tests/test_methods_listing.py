"""`explorer methods`: all of them, as a table, as JSON, one with its options; docs are current."""

import json
from pathlib import Path

import pytest

import explorer.methods
from explorer import cli, pipeline
from explorer.registry import module_names

NAMES = module_names(explorer.methods)
PAGE = Path(__file__).parent.parent / "docs" / "methods.md"


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["methods", *words])
    shown = capsys.readouterr()
    return int(stopped.value.code or 0), shown.out, shown.err


def test_json_lists_every_file_with_five_entries(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--json")
    rows = json.loads(out)
    assert code == 0
    assert [row["id"] for row in rows] == NAMES
    assert all(set(row) == {"id", "title", "paper", "year", "kind"} for row in rows)


def test_one_method_is_shown_with_its_options(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "dense_grounding")
    assert code == 0
    assert "supervision" in out
    assert "a number at least 0" in " ".join(out.split())


def test_an_unknown_method_is_refused_with_those_that_exist(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, _, err = run(capsys, "magic")
    assert code == 7
    assert "Unknown method 'magic'. Available: " in err
    assert "dense_grounding" in err


def test_the_page_has_the_current_table() -> None:
    """Printed by `explorer methods --markdown`."""
    table = pipeline.methods_table(pipeline.list_methods())
    assert table in PAGE.read_text(encoding="utf-8"), "run: explorer methods --markdown"
