"""How long until a new phrase has its maps in four loaded checkpoints, beside the text encodes?

Run: python benchmarks/phrase_switch.py [--rounds 20] [CHECKPOINT ...]
"""

import argparse
import statistics
import time

from _report import write_report

from explorer import pipeline

PANES = 4
PHRASES = (
    "left pleural effusion",
    "enlarged heart",
    "right upper lobe mass",
    "no pneumothorax",
    "bibasilar atelectasis",
)
PROTOCOL = (
    "Four different checkpoints in memory, the default and the first three others of the shelf "
    "unless named, each with the film of the first bundled study encoded. Each round asks one "
    "phrase that no engine has seen, with its controls, standing and regions, of all four in turn. "
    "text = the encodes of new texts, timed inside the same call; beside = the rest. Median and "
    "largest of the rounds, milliseconds, one thread."
)


class Timed:
    """An engine whose text encodes are timed; everything else is the engine's own."""

    def __init__(self, engine: pipeline.Engine) -> None:
        self.seconds = 0.0
        encode = engine.embed_text

        def timed(phrases):  # type: ignore[no-untyped-def]
            start = time.perf_counter()
            found = encode(phrases)
            self.seconds += time.perf_counter() - start
            return found

        engine.embed_text = timed  # type: ignore[method-assign]
        self.engine = engine


def main() -> None:
    """Measure and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoints", nargs="*")
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    study, _ = pipeline.load_bundled_study(pipeline.list_bundled_studies()[0].name)
    film = study.radiographs[0]
    shelf = [card.name for card in pipeline.list_checkpoints()]
    names = options.checkpoints or shelf[:PANES]
    if len(set(names)) != PANES:
        parser.error(f"Four different checkpoints are compared, got {', '.join(names)}.")
    panes = [Timed(pipeline.open_engine(name)) for name in names]
    encoded = [pipeline.embed(pane.engine, film) for pane in panes]
    for pane, seen in zip(panes, encoded, strict=True):
        pipeline.ground(pane.engine, seen, ["warm up"])
    text, beside = [], []
    for number in range(options.rounds):
        phrase = f"{PHRASES[number % len(PHRASES)]}, number {number}"
        for pane in panes:
            pane.seconds = 0.0
        start = time.perf_counter()
        for pane, seen in zip(panes, encoded, strict=True):
            pipeline.ground(pane.engine, seen, [phrase])
        whole = time.perf_counter() - start
        text.append(1000 * sum(pane.seconds for pane in panes))
        beside.append(1000 * whole - text[-1])
    results = {
        "panes": PANES,
        "rounds": options.rounds,
        "checkpoints": names,
        "text_median_ms": round(statistics.median(text), 1),
        "beside_median_ms": round(statistics.median(beside), 1),
        "beside_max_ms": round(max(beside), 1),
    }
    write_report("phrase_switch", protocol=PROTOCOL, seed=0, results=results)


if __name__ == "__main__":
    main()
