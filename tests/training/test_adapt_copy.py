"""A copy adapted to another site: it opens, comes nearer, and is told before and after."""

from pathlib import Path

import numpy as np
import pytest

from explorer import pipeline
from explorer.errors import TrainingError
from explorer.methods.mi_uda import MiUdaOptions
from explorer.training import adapt_copy as module
from explorer.training.adapt_copy import adapt_copy
from explorer.training.copies import PlacedPhrase
from tests import tiny_model


def test_a_copy_comes_nearer_to_the_new_site_and_opens(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_CRITIC_STEPS", 5)
    source = [np.round(tiny_model.pixels(seed=k) * 255).astype(np.uint8) for k in range(6)]
    target = [np.round(255 * (film / 255.0) ** 3).astype(np.uint8) for film in source]
    placed = [PlacedPhrase(0, "left mass", np.ones((80, 80), np.float32))]
    options = MiUdaOptions(steps=15, batch=4, rate=3e-3, divergence=20.0, hidden=8, phrases=2)
    figures = adapt_copy(
        tiny_checkpoint, source, target, ("left mass", "effusion"), options,
        held_out=source[:1], placed=placed, out=tmp_path / "copy", work=tmp_path / "work",
    )  # fmt: skip
    assert figures["divergence after"] < figures["divergence before"]
    assert figures["pointing before"] == 1.0  # the mask is the whole film
    engine = pipeline.open_engine(str(tmp_path / "copy"), device="cpu", precision="float32")
    start = pipeline.open_engine(str(tiny_checkpoint), device="cpu", precision="float32")
    assert engine.card.extra["adapted_from"]["sha256"] == start.card.sha256
    assert np.array_equal(engine.embed_text(["left mass"]), start.embed_text(["left mass"]))
    film = tiny_model.pixels(seed=9)
    moved, same = (pipeline.embed_pixels(e, film).grid.values for e in (engine, start))
    assert not np.array_equal(moved, same)


def test_one_film_of_a_site_is_refused(tiny_checkpoint: Path, tmp_path: Path) -> None:
    film = np.zeros((64, 64), np.uint8)
    with pytest.raises(TrainingError, match="got 1 of the target"):
        adapt_copy(
            tiny_checkpoint, [film, film], [film], ("mass",), MiUdaOptions(),
            held_out=[], placed=[], out=tmp_path / "copy", work=tmp_path / "work",
        )  # fmt: skip
