"""The evaluation card end to end on a tiny checkpoint: complete, deterministic, told in a table."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from explorer import pipeline
from explorer.cli import main
from explorer.errors import DataSetError
from explorer.methods.probe import ProbeOptions
from explorer.pipeline import probing
from tests import tiny_model
from tests.pipeline.films import made_films

OPTIONS = ProbeOptions(strength=1.0, least=2, corrupted=4, attacked=4, repeats=2, steps=2)


@pytest.fixture(scope="module")
def engine(tiny_checkpoint: Path) -> Any:
    return pipeline.open_engine(str(tiny_checkpoint), device="cpu", precision="float32")


@pytest.fixture(scope="module")
def found(engine: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    work = tmp_path_factory.mktemp("vectors")
    return pipeline.evaluate_probe(
        engine, made_films(36), options=OPTIONS, replicates=20, work=work
    )


def test_every_part_of_the_card_is_there(found: dict[str, Any]) -> None:
    json.dumps(found, allow_nan=False)
    assert found["protocol"] == "probe/1"
    assert found["findings"] == ["mass"]
    assert (found["n"]["train"], found["n"]["val"]) == (21, 11)  # 4 of 36 say nothing
    assert list(found["linear"]) == list(found["nearest"]) == ["1%", "10%", "100%"]
    assert [len(found["linear"][share]["draws"]) for share in found["linear"]] == [2, 2, 1]
    kinds = found["corruption"]["kinds"]
    assert set(kinds) == {"noise", "blur", "contrast", "rotation", "scale"}
    assert all(len(entry["strengths"]) == 3 for entry in kinds.values())
    assert found["uniformity"] < 0
    assert 0 < found["alignment"]["film and the film made a little worse"] < 1
    assert 0 < found["alignment"]["region and its phrase"] < 4


def test_a_square_is_told_from_none_and_attacks_take_that_away(found: dict[str, Any]) -> None:
    assert found["linear"]["100%"]["auroc"] > 0.9
    for place in ("vectors", "pixels"):
        entry = found["attacks"][place]
        for attack in ("FGSM", "PGD"):
            areas = [entry["clean"]["auroc"], *(row["auroc"] for row in entry[attack])]
            assert areas == sorted(areas, reverse=True)
    assert found["attacks"]["vectors"]["PGD"][-1]["auroc"] < 0.9


def test_attacked_pixels_start_from_the_logits_of_the_probe(engine: Any) -> None:
    """Without a budget the differentiable reader says what the probe says of the engine."""
    from explorer.grounding.alignment import film_vector
    from explorer.training.pixel_attacks import AttackedReader

    rng = np.random.default_rng(0)
    weights, bias = rng.normal(size=(2, 12)).astype(np.float32), np.zeros(2, np.float32)
    reader = AttackedReader(engine.card.folder, weights=weights, bias=bias)
    pixels = [tiny_model.pixels(seed=1)[:50], tiny_model.pixels(seed=2)]
    framed = [engine.model_input(p, frame=engine.frame_of(*p.shape)) for p in pixels]
    labels = np.ones((2, 2), np.float32)
    logits = reader.attacked_logits(framed, labels, "FGSM", budget=0.0)
    vectors = [film_vector(e.grid.values) for e in pipeline.embed_many(engine, pixels)]
    assert logits == pytest.approx(np.stack(vectors) @ weights.T, abs=1e-4)
    lower = reader.attacked_logits(framed, labels, "FGSM", budget=0.02)
    assert (lower.sum(1) < logits.sum(1)).all()


def test_vectors_that_were_kept_are_not_made_again(engine: Any, tmp_path: Path) -> None:
    films = made_films(10)
    first = probing.encode_films(engine, films, work=tmp_path)

    class Broken:
        card, precision = engine.card, engine.precision

    again = probing.encode_films(Broken(), films, work=tmp_path)  # type: ignore[arg-type]
    assert np.array_equal(first.images, again.images)
    assert np.array_equal(first.regions, again.regions)


def test_too_few_films_of_a_kind_are_told(engine: Any) -> None:
    with pytest.raises(DataSetError, match="at least 5 films that show it"):
        pipeline.evaluate_probe(engine, made_films(12))


def test_the_command_prints_the_card(
    found: dict[str, Any],
    tiny_checkpoint: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pipeline, "known_films", lambda **_: made_films(24))
    monkeypatch.setattr(pipeline, "evaluate_probe", lambda *_, **__: found)
    figures = tmp_path / "probe.json"
    main_arguments = ["evaluate", "probe", str(tiny_checkpoint), "--phantoms", str(tmp_path)]
    with pytest.raises(SystemExit) as stop:
        main([*main_arguments, "--json", str(figures), "--device", "cpu"])
    assert stop.value.code in (0, None)
    said = capsys.readouterr().out
    for words in ("linear probe", "k-NN", "rotation", "PGD", "uniformity"):
        assert words in said
    assert json.loads(figures.read_text())["protocol"] == "probe/1"
