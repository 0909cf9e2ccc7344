"""Information of a checkpoint: closed-form Gaussians, a claim that can fail, and the command."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from explorer import pipeline
from explorer.cli import main
from explorer.errors import DataSetError
from explorer.methods import _information
from explorer.methods._bounds import nwj
from explorer.methods._information import Pairs, claim, measure
from explorer.pipeline.films_known import KnownFilm
from explorer.pipeline.information import block_means, phrases_of
from tests.pipeline.films import film

ORACLE = np.load(Path(__file__).parents[1] / "data" / "local_vs_global_gaussian.npz")["table"]
K, BATCHES = 48, 80


# --- the claim on Gaussians whose information is known in closed form -----------------------


def log_ratio(y: Tensor, mean: Tensor, *, variance: float, marginal: float) -> Tensor:
    """log N(y; mean, variance) - log N(y; 0, marginal), of every pair: y in columns."""
    gap = (y[..., None, :] - mean[..., :, None]).square() / (2 * variance)
    return y[..., None, :].square() / (2 * marginal) - gap + 0.5 * math.log(marginal / variance)


def gaussian_tables(case: int, regions: int, noise: float) -> tuple[Tensor, Tensor]:
    """Exact critics of single regions (N, R, K, K) and of the whole (N, K, K).

    Case 0: regions that add up to y. 1: regions that all see the s that y is. 2: a sentence for
    every region; the critic of a region is that of its own sentence.
    """
    draw = torch.Generator().manual_seed(case)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=draw, dtype=torch.float64)

    x, error = normal(BATCHES, regions, K), math.sqrt(noise) * normal(BATCHES, K)
    if case == 0:
        total = regions + noise
        y = x.sum(1) + error
        single = log_ratio(y[:, None], x, variance=total - 1, marginal=total)
        return single, log_ratio(y, x.sum(1), variance=noise, marginal=total)
    if case == 1:
        hidden = normal(BATCHES, K)
        y, seen = hidden + error, hidden[:, None] + x
        single = log_ratio(y[:, None], seen / 2, variance=0.5 + noise, marginal=1 + noise)
        mean = seen.mean(1) * regions / (regions + 1)
        rest = 1 / (regions + 1) + noise
        return single, log_ratio(y, mean, variance=rest, marginal=1 + noise)
    y = x + math.sqrt(noise) * normal(BATCHES, regions, K)
    single = log_ratio(y, x, variance=noise, marginal=1 + noise)
    return single, single.sum(1)


@pytest.mark.parametrize("case", [0, 1, 2])
@pytest.mark.parametrize("regions", [2, 4])
def test_sum_of_local_and_global_are_those_of_the_closed_form(case: int, regions: int) -> None:
    """Within 4 standard errors; redundant regions tell more in sum than together: it fails."""
    rows = ORACLE[(ORACLE[:, 0] == case) & (ORACLE[:, 1] == regions) & (ORACLE[:, 2] == 1)]
    (_, _, _, local, whole) = rows[0]
    single, together = gaussian_tables(case, regions, 1.0)
    summed, found = nwj(single + 1).sum(1).numpy(), nwj(together + 1).numpy()
    for values, expected in ((summed, local), (found, whole)):
        error = values.std() / math.sqrt(BATCHES)
        assert values.mean() == pytest.approx(expected, abs=4 * error)
    verdict = claim(summed, found).verdict
    assert verdict == {0: "holds", 1: "fails", 2: "undecided"}[case]


def test_a_claim_within_two_errors_is_undecided() -> None:
    assert claim(np.array([1.0, 1.2]), np.array([1.1, 1.1])).verdict == "undecided"
    assert claim(np.array([1.0, 1.01]), np.array([2.0, 2.0])).verdict == "holds"


# --- vectors --------------------------------------------------------------------------------


def pairs(*, seed: int, told: bool = True, redundant: bool = False, films: int = 60) -> Pairs:
    """Twelve concepts; each film shows one in one of four regions, or in all, and says it."""
    rng = np.random.default_rng(seed)
    codes = np.linalg.qr(np.random.default_rng(5).normal(size=(16, 12)))[0].T
    shown = rng.integers(12, size=films)
    regions = 0.2 * rng.normal(size=(films, 4, 16))
    if redundant:
        regions += codes[shown][:, None]
    else:
        regions[np.arange(films), rng.integers(4, size=films)] += codes[shown]
    said = shown if told else rng.integers(12, size=films)

    def unit(x: Any) -> Any:
        return (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype(np.float32)

    return Pairs(
        films=unit(regions.mean(1)),
        regions=unit(regions),
        sentences=unit(codes[said]),
        owner=np.arange(films),
        text=said,
        patient=np.arange(films),
    )


@pytest.fixture(scope="module")
def told() -> dict[str, _information.Estimates]:
    names = ("infonce", "dv", "js_nwj")
    return measure(pairs(seed=0), pairs(seed=1), estimators=names, size=24, batches=12, seed=3)


def test_what_is_said_of_films_is_measured(told: dict[str, _information.Estimates]) -> None:
    for name, found in told.items():
        assert found.local.mean() > 1.0, name
        assert found.local.shape == (12,)
    for values in (told["infonce"].local, told["infonce"].whole):
        assert (values <= math.log(24)).all()


def test_the_best_region_tells_more_than_the_mean_of_the_film(
    told: dict[str, _information.Estimates],
) -> None:
    assert told["infonce"].local.mean() > told["infonce"].whole.mean()


def test_words_of_other_films_tell_nothing() -> None:
    """Scale and bias are fitted on other pairs, so chance is not taken for information."""
    found = measure(
        pairs(seed=0, told=False),
        pairs(seed=1, told=False),
        estimators=("infonce",),
        size=24,
        batches=12,
    )
    assert abs(found["infonce"].local.mean()) < 0.15


def test_the_sum_of_redundant_regions_is_no_lower_bound() -> None:
    names = ("js_nwj",)
    alike, apart = (
        measure(
            pairs(seed=0, redundant=r), pairs(seed=1, redundant=r), estimators=names, batches=12
        )["js_nwj"]
        for r in (True, False)
    )
    assert claim(alike.summed, alike.whole).verdict == "fails"
    assert apart.summed.mean() < alike.summed.mean()


def test_the_same_seed_measures_the_same(told: dict[str, _information.Estimates]) -> None:
    again = measure(
        pairs(seed=0), pairs(seed=1), estimators=("infonce",), size=24, batches=12, seed=3
    )
    np.testing.assert_array_equal(again["infonce"].local, told["infonce"].local)


def test_blocks_are_means_of_patches_in_rows() -> None:
    grid = np.zeros((4, 4, 2), np.float32)
    grid[:2, 2:] = (3, 4)
    found = block_means(grid, 2)
    assert found.shape == (4, 2)
    np.testing.assert_allclose(found[1], (0.6, 0.8), rtol=1e-6)
    assert block_means(grid, 9).shape == (16, 2)


# --- a checkpoint ---------------------------------------------------------------------------

WORDS = ("mass", "nodule", "effusion", "pneumonia", "cardiomegaly", "opacity")


def known(count: int = 36) -> list[KnownFilm]:
    return [
        replace(
            film(k, findings=frozenset({"mass"} if k % 2 else ())),
            words={WORDS[k % 6]: WORDS[k % 6]},
            placed=(),
        )
        for k in range(count)
    ]


@pytest.fixture(scope="module")
def engine(tiny_checkpoint: Path) -> Any:
    return pipeline.open_engine(str(tiny_checkpoint), device="cpu", precision="float32")


@pytest.fixture(scope="module")
def found(engine: Any) -> dict[str, Any]:
    return pipeline.measure_information(
        engine, known(), estimators=("infonce", "jsd"), size=8, batches=4, side=2
    )


def test_the_document_is_whole(found: dict[str, Any]) -> None:
    json.dumps(found, allow_nan=False)
    assert found["log_k"] == pytest.approx(math.log(8))
    assert found["n"] == {"train": 24, "val": 12, "phrases": 12, "different phrases": 2}
    assert found["regions"] == 4
    infonce = found["estimators"]["infonce"]
    assert set(infonce) == {"local", "global", "sum", "sum below global"}
    assert infonce["sum below global"]["verdict"] in ("holds", "fails", "undecided")
    assert "sum below global" not in found["estimators"]["jsd"]


def test_phrases_of_a_film_are_plain_and_placed() -> None:
    assert phrases_of(film(1, findings=frozenset({"mass"}))) == ("mass", "left mass")
    assert phrases_of(film(0, findings=frozenset())) == ()


def test_too_few_films_and_unknown_estimators_are_refused_in_words(engine: Any) -> None:
    with pytest.raises(DataSetError, match=r"split val has 12\. Lower --batch"):
        pipeline.measure_information(engine, known(), size=13)
    with pytest.raises(DataSetError, match=r"'mine'\. Available: infonce"):
        pipeline.measure_information(engine, known(), estimators=("mine",), size=8)


def test_the_command_prints_a_table_beside_log_k(
    found: dict[str, Any],
    tiny_checkpoint: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pipeline, "known_films", lambda **_: known())
    monkeypatch.setattr(pipeline, "measure_information", lambda *_, **__: found)
    figures = tmp_path / "information.json"
    words = ["information", str(tiny_checkpoint), "--phantoms", str(tmp_path)]
    with pytest.raises(SystemExit) as stop:
        main([*words, "--json", str(figures), "--device", "cpu"])
    assert stop.value.code in (0, None)
    said = capsys.readouterr().out
    for shown in ("log K = 2.08", "infonce", "jsd", "sum below global?"):
        assert shown in said
    assert json.loads(figures.read_text())["protocol"] == "information/1"
