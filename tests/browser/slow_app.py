"""The app with an engine that takes its time, so that quick hands overtake it."""

import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import app
from explorer import pipeline

ENCODE_S, GROUND_S = 0.4, 0.15


def slowed(name: str, seconds: float) -> None:
    """Make a use case of the pipeline wait before it works; once a process."""
    quick = getattr(pipeline, name)
    if getattr(quick, "slowed", False):
        return

    def slow(*arguments: Any, **options: Any) -> Any:
        time.sleep(seconds)
        return quick(*arguments, **options)

    slow.slowed = True  # type: ignore[attr-defined]
    setattr(pipeline, name, slow)


if __name__ == "__main__":
    slowed("embed", ENCODE_S)
    slowed("ground_report", GROUND_S)
    app.show_frame()
