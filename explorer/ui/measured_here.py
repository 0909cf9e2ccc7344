"""What a checkpoint costs on this machine: measured on demand, in turn, kept for all sessions."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from explorer.entities import Radiograph
from explorer.ui import engines
from explorer.ui.door import pipeline
from explorer.ui.memory import give_back, resident
from explorer.ui.sharing import turn

ROUNDS = 5
PHRASES = ("left pleural effusion", "enlarged heart", "no pneumothorax", "right upper lobe mass")


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds and bytes.

    Attributes:
        load_ms: From the folder to an engine that is ready, hashes included.
        image_ms: Median of one film, placed and encoded.
        text_ms: Median of four new phrases in one batch; None for an image-only checkpoint.
        memory: What the process grew by when it was loaded and used; None where it is not known.
    """

    load_ms: float
    image_ms: float
    text_ms: float | None
    memory: int | None


_FOUND: dict[tuple[str, str, str], Measured] = {}


def measured(name: str, device: str, precision: str) -> Measured | None:
    """What was measured in this process."""
    return _FOUND.get((name, device, precision))


def measure(name: str, device: str, precision: str, film: Radiograph) -> Measured:
    """Load a checkpoint anew and work it; it stays loaded.

    Raises:
        ExplorerError: It cannot be loaded, or does not take this film.
    """
    engines.unload(name)
    before = resident()
    start = time.perf_counter()
    engine = engines.engine(name, device=device, precision=precision)
    load_ms = 1000 * (time.perf_counter() - start)
    with turn():
        image_ms = _median_ms(lambda _: pipeline.embed(engine, film))
        text_ms = None
        if engine.reads_text:
            # Numbered, so that no round finds its phrases in memory.
            text_ms = _median_ms(lambda n: engine.embed_text([f"{p} {n}" for p in PHRASES]))
    give_back()
    after = resident()
    grown = None if before is None or after is None else max(0, after - before)
    found = _FOUND[name, device, precision] = Measured(load_ms, image_ms, text_ms, grown)
    return found


def _median_ms(work: Callable[[int], object]) -> float:
    work(0)  # the first call sets things up
    times = []
    for number in range(1, ROUNDS + 1):
        start = time.perf_counter()
        work(number)
        times.append(1000 * (time.perf_counter() - start))
    return median(times)
