"""The hand labels that the figures of docs/report_text.md rest on."""

import csv
from collections import Counter
from pathlib import Path
from typing import get_args

from explorer.entities import Assertion, Side, Zone

DATA = Path(__file__).parents[1] / "data"
LABELS = DATA / "openi_sentence_labels.csv"
COLUMNS = ("report", "section", "sentence", "start", "end", "kind", "half", "assertion")
CONSTRUCTIONS = DATA / "openi_construction_labels.csv"


def test_labels_are_complete_and_hold_even_reports_and_no_text() -> None:
    with LABELS.open(newline="") as file:
        rows = list(csv.DictReader(file))
    parts = Counter((row["sample"], row["half"]) for row in rows)
    assert parts == {
        ("random", "tuned"): 100,
        ("random", "check"): 100,
        ("difficult", "tuned"): 50,
        ("difficult", "check"): 50,
    }
    spans = {(row["report"], row["section"], row["start"]) for row in rows}
    assert len(spans) == len(rows)
    for row in rows:
        assert int(row["report"]) % 2 == 0
        assert int(row["start"]) < int(row["end"])
        assert row["section"] in {"FINDINGS", "IMPRESSION"}
        assert row["assertion"] in get_args(Assertion)
        assert row["side"] in {"", *get_args(Side)}
        assert row["zone"] in {"", *get_args(Zone)}


def test_labels_of_constructions_are_300_more_of_even_reports_without_text() -> None:
    with CONSTRUCTIONS.open(newline="") as file:
        rows = list(csv.DictReader(file))
    with LABELS.open(newline="") as file:
        earlier = {(row["report"], row["section"], row["start"]) for row in csv.DictReader(file)}
    assert len(rows) == 300
    assert Counter(row["half"] for row in rows) == {"tuned": 152, "check": 148}
    spans = {(row["report"], row["section"], row["start"]) for row in rows}
    assert len(spans) == len(rows)
    assert not spans & earlier
    for row in rows:
        assert set(row) == set(COLUMNS)
        assert int(row["report"]) % 2 == 0
        assert int(row["start"]) < int(row["end"])
        assert row["assertion"] in get_args(Assertion)
