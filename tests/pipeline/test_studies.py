"""Missing bundled studies are never just an empty list."""

import logging
from pathlib import Path

import pytest

from explorer import pipeline
from explorer.errors import DataSetError


def test_no_bundled_study_is_said_in_the_log_and_to_who_asks_for_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert pipeline.list_bundled_studies(tmp_path) == ()
    assert "install the package again" in caplog.text
    with pytest.raises(DataSetError, match=r"None is bundled\. Clone the repository"):
        pipeline.load_bundled_study("normal", tmp_path)


def test_an_unknown_study_is_told_what_there_is() -> None:
    with pytest.raises(DataSetError, match=r"Unknown study 'nothing'\. Available: .*normal"):
        pipeline.load_bundled_study("nothing")
