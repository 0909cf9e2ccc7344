"""The index that ships with the app: of the default checkpoint, small, and worth searching."""

import json
from pathlib import Path

import pytest

from explorer import pipeline

LARGEST = 12_000_000  # bytes
PLACE = Path(__file__).parent.parent / "assets" / "index"


def test_it_is_small_and_of_the_default_checkpoint() -> None:
    assert pipeline.bundled_index() == str(PLACE)
    assert sum(f.stat().st_size for f in PLACE.rglob("*") if f.is_file()) < LARGEST
    info = pipeline.index_info()
    assert info.space.sha256 == pipeline.list_checkpoints()[0].sha256
    assert info.studies >= 150
    assert info.sources == {"phantoms": info.studies}


def test_it_finds_what_is_asked_and_not_what_is_denied() -> None:
    engine = pipeline.open_engine()
    index = pipeline.open_index(engine=engine)
    shown, denied = (
        [
            "pleural effusion" in hit.findings
            for hit in pipeline.search_text(index, engine, text, count=10).hits
        ]
        for text in ("pleural effusion", "no pleural effusion")
    )
    assert sum(shown) >= 7
    assert sum(denied) == 0
    document = json.dumps(
        pipeline.results_document(pipeline.search_text(index, engine, "mass"), index.info())
    )
    assert "dicom" not in document.lower()


def test_looking_at_it_writes_nothing(tmp_path: Path) -> None:
    before = {f: f.stat().st_mtime_ns for f in PLACE.rglob("*")}
    index = pipeline.open_index()
    assert pipeline.film_pixels(index, index.films.columns["film_id"][0]).size
    with pytest.raises(AttributeError):
        index.films.vectors = None  # type: ignore[assignment, misc]
    assert {f: f.stat().st_mtime_ns for f in PLACE.rglob("*")} == before
