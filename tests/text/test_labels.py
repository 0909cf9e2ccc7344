"""The hand labels that the figures of docs/report_text.md rest on."""

import csv
from collections import Counter
from pathlib import Path
from typing import get_args

from explorer.entities import Assertion, Side, Zone

LABELS = Path(__file__).parents[1] / "data" / "openi_sentence_labels.csv"


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
