"""What a report's sentences ask the model for."""

import pytest

from explorer.pipeline import grounding
from explorer.text import read_report


def test_report_grounds_the_finding_part_with_the_assertion_of_its_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, str]] = []

    def record(_engine, _embeddings, phrases, *, assertions, **_options):
        asked.extend(zip(phrases, assertions, strict=True))
        return tuple(phrases)

    monkeypatch.setattr(grounding, "ground", record)
    report = read_report("Recommend CT. No interval increase in the left effusion. No mass.")
    found = grounding.ground_report(None, None, report)  # type: ignore[arg-type]
    assert found[0] is None
    assert found[1:] == ("left effusion", "No mass")
    assert [assertion for _, assertion in asked] == [s.assertion for s in report.sentences[1:]]
