"""The names of `explorer.pipeline`: all are there, and none is loaded before it is asked for."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from explorer import pipeline

STUB = Path(pipeline.__file__).with_suffix(".pyi")
# What grounding one phrase does without: tables, classifiers, statistics, the index.
NOT_NEEDED = ("pandas", "pyarrow", "sklearn", "scipy.stats", "lance", "lancedb", "plotly")
GROUND = "from explorer.pipeline import embed, ground_report, open_engine"


def test_every_name_of_the_stub_is_there() -> None:
    listed = next(
        ast.literal_eval(node.value)
        for node in ast.parse(STUB.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    )
    assert sorted(listed) == sorted(pipeline.__all__)
    for name in listed:
        assert getattr(pipeline, name) is not None
    assert set(listed) <= set(dir(pipeline))


def test_no_name_is_that_of_a_module_which_would_take_its_place_once_loaded() -> None:
    modules = {path.stem for path in STUB.parent.glob("*.py")}
    assert modules & set(pipeline.__all__) == set()


def test_a_module_is_found_by_its_name_and_nothing_else_is() -> None:
    assert pipeline.embedding.__name__ == "explorer.pipeline.embedding"
    with pytest.raises(AttributeError, match="has no attribute 'nothing_of_the_kind'"):
        _ = pipeline.nothing_of_the_kind  # type: ignore[attr-defined]


def test_grounding_loads_nothing_that_it_does_not_need() -> None:
    asked = f"import sys; {GROUND}; print(sorted(set({NOT_NEEDED}) & set(sys.modules)))"
    told = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True, timeout=120
    )
    assert told.stdout.strip() == "[]"
