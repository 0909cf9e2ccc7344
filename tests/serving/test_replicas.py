"""Replicas of a checkpoint on Ray Serve answer as the engine itself, also when one is killed."""

import asyncio
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from explorer import pipeline
from explorer.entities import Float32
from explorer.errors import ClusterError, PhraseError
from explorer.serving.replicas import replicas
from tests import tiny_model

PHRASES = ["left pleural effusion", "mass", "cardiomegaly"]


def _kill_one_replica() -> None:
    for process in sorted(Path("/proc").glob("[0-9]*/cmdline")):
        try:
            said = process.read_bytes()
        except OSError:
            continue
        if said.startswith(b"ray::ServeReplica"):
            os.kill(int(process.parent.name), signal.SIGKILL)
            return
    raise AssertionError("There is no replica.")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_replicas_answer_as_the_engine_does(tiny_checkpoint: Path) -> None:
    pytest.importorskip("ray.serve", reason="needs the extra `cluster`")
    engine = pipeline.open_engine(str(tiny_checkpoint), device="cpu")
    films = [tiny_model.pixels(seed=seed) for seed in range(5)]
    wanted = [pipeline.embed_pixels(engine, film) for film in films]
    with replicas(engine, count=2) as spread:
        assert spread.space_id == engine.space_id
        with ThreadPoolExecutor(5) as people:  # who ask at once share batches
            found = list(people.map(lambda film: pipeline.embed_pixels(spread, film), films))
        for one, other in zip(found, wanted, strict=True):
            np.testing.assert_allclose(one.grid.values, other.grid.values, atol=1e-5)
            assert one.check.verdict == other.check.verdict
        text = pipeline.embed_phrases(spread, PHRASES).vectors
        np.testing.assert_allclose(text, engine.embed_text(PHRASES), atol=1e-5)
        maps = spread.similarity(found[0], PHRASES)
        np.testing.assert_allclose(maps, engine.similarity(wanted[0], PHRASES), atol=1e-5)

        async def in_a_notebook() -> Float32:  # whose thread runs an event loop
            return spread.embed_text(PHRASES)

        # In a thread of its own: a browser test before may have left a loop in this one.
        with ThreadPoolExecutor(1) as notebook:
            told = notebook.submit(lambda: asyncio.run(in_a_notebook())).result()
        np.testing.assert_allclose(told, text, atol=1e-5)
        with pytest.raises(PhraseError):
            spread.embed_text([" "])
        _kill_one_replica()
        for film, other in zip(films, wanted, strict=True):
            again = pipeline.embed_pixels(spread, film)
            np.testing.assert_allclose(again.grid.values, other.grid.values, atol=1e-5)


def test_without_ray_serve_the_remedy_is_said(
    tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = pipeline.open_engine(str(tiny_checkpoint), device="cpu")
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ClusterError, match=r"explorer\[cluster\]"), replicas(engine, count=2):
        pass
