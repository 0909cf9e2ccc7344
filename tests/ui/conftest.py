"""Puts tiny engines and small studies where the app looks for its own."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from explorer import pipeline

from .tiny import REPORT, TinyEngine, card, png

APP = Path(__file__).parents[2] / "app.py"


def _write_study(folder: Path, *, seed: int, title: str, expected: str) -> None:
    folder.mkdir(parents=True)
    (folder / "image.dcm").write_bytes(png(seed))  # the content decides, not the name
    (folder / "report.txt").write_text(REPORT, encoding="utf-8")
    truth = {
        "title": title,
        "description": f"{title}, made for tests.",
        "expected": expected,
        "source": "made for tests",
        "licence": "CC0-1.0",
        "boxes": [{"label": "opacity", "sentence": 1, "box_xyxy": [80, 90, 110, 120]}],
    }
    (folder / "truth.json").write_text(json.dumps(truth), encoding="utf-8")


@pytest.fixture
def engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, TinyEngine]]:
    """Put two tiny engines and two small studies where the app looks for them."""
    made = {name: TinyEngine(card(name)) for name in ("one", "two")}
    studies = tmp_path / "studies"
    _write_study(studies / "pneumonia", seed=1, title="Pneumonia", expected="works")
    _write_study(studies / "missed", seed=2, title="Missed nodule", expected="fails")

    def open_engine(name: str | None = None, **_: str) -> TinyEngine:
        return made[name or "one"]

    monkeypatch.setattr(pipeline.studies, "ASSETS", tmp_path)
    monkeypatch.setattr(pipeline, "open_engine", open_engine)
    monkeypatch.setattr(pipeline, "list_checkpoints", lambda: tuple(e.card for e in made.values()))
    monkeypatch.setattr(pipeline, "broken_checkpoints", tuple)
    st.cache_resource.clear()
    st.cache_data.clear()
    yield made
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture
def open_app(engines: dict[str, TinyEngine]) -> Callable[[], AppTest]:
    """Start the app in a new session."""

    def start() -> AppTest:
        return AppTest.from_file(str(APP), default_timeout=60).run()

    return start
