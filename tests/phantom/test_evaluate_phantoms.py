"""`explorer evaluate phantoms` from seed to table, with an untrained engine and a tiny patient."""

import json
from pathlib import Path

import pytest

from explorer import cli, pipeline
from explorer.errors import DataSetError
from explorer.phantom import benchmark_set
from explorer.phantom.findings import list_findings
from explorer.phantom.poses import PoseBank
from explorer.phantom.stream import studies
from explorer.pipeline.phantom_benchmark import label_phrases, measure_phantoms, truth_of
from tests.ui.tiny import TinyEngine, card

CARDS = {name: module.CARD for name, module in list_findings().items()}


@pytest.fixture
def engine() -> TinyEngine:
    return TinyEngine(card("tiny"))


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stopped:
        cli.main([str(argument) for argument in arguments])
    return int(stopped.value.code or 0)


def test_phrases_asked_are_those_that_the_renderer_wrote(bank: PoseBank) -> None:
    for study in studies(2, 4, size=96, bank=bank):
        truth = truth_of(study, CARDS)
        present = {f.finding for f in study.findings}
        for placed, finding in zip(truth.findings, study.findings, strict=True):
            assert placed.plain == finding.phrases["plain"][0]
            assert placed.located in {p for v in finding.phrases.values() for p in v}
        denied = {text: finding for finding, text in study.absent}
        assert len(truth.denials) == 3
        assert not {denied[text] for text in truth.denials} & present
        assert {finding for finding, _ in truth.labels} == present


def test_every_label_has_a_phrase(bank: PoseBank) -> None:
    phrases = label_phrases(CARDS)
    assert phrases["effusion", "bilateral"] == "bilateral pleural effusions"
    for study in studies(2, 6, size=96, bank=bank):
        assert set(truth_of(study, CARDS).labels) <= set(phrases)


def test_each_image_is_encoded_once_and_each_phrase_once(
    engine: TinyEngine, bank: PoseBank
) -> None:
    found = measure_phantoms(engine, studies(2, 3, size=96, bank=bank), replicates=10)
    asked = [phrase for batch in engine.batches for phrase in batch]
    assert len(asked) == len(set(asked))
    assert 3 <= engine.images <= 6  # the mirror image too where a finding has one side
    assert found["n"]["studies"] == found["retrieval"]["studies"] == 3


def test_the_same_phantoms_give_the_same_figures(engine: TinyEngine, bank: PoseBank) -> None:
    one, two = (
        pipeline.evaluate_phantoms(engine, studies=2, seed=5, bank=bank, workers=w, replicates=5)
        for w in (1, 2)
    )
    assert one == two
    assert one["phantoms"]["set"] is None
    assert one["phantoms"]["digest"] is None
    assert len(one["phantoms"]["truth_sha256"]) == 64


def test_command_prints_tables_and_writes_the_json(
    engine: TinyEngine,
    bank: PoseBank,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(pipeline, "open_engine", lambda *_, **__: engine)
    monkeypatch.setattr(benchmark_set, "open_test_bank", lambda **_: bank)
    target = tmp_path / "figures" / "phantoms.json"
    call = ("evaluate", "phantoms", "--studies", 3, "--seed", 5, "--workers", 1)
    assert run(*call, "--bootstrap", 20, "--json", target) == 0
    found = json.loads(target.read_text(encoding="utf-8"))
    assert set(found) == {
        "protocol", "macro", "overall", "groups", "findings", "intervals", "n", "trust",
        "retrieval", "phantoms", "checkpoint",
    }  # fmt: skip
    assert found["phantoms"]["seed"] == 5
    shown = capsys.readouterr().out
    assert "phantom_cxr/1: 3 studies of seed 5, checkpoint tiny" in shown
    assert "R-precision" in shown
    assert "…" not in shown


def test_at_least_one_study_is_needed(engine: TinyEngine, bank: PoseBank) -> None:
    with pytest.raises(DataSetError, match="At least one study"):
        pipeline.evaluate_phantoms(engine, studies=0, seed=5, bank=bank)


@pytest.mark.parametrize("form", ["shards", "dicom", "both"])
def test_render_writes_what_its_format_says(
    form: str, bank: PoseBank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("explorer.phantom.poses.open_bank", lambda **_: bank)
    call = ("phantom", "render", "--studies", 2, "--seed", 3, "--size", 96, "--workers", 1)
    assert run(*call, "--format", form, "--out", tmp_path) == 0
    assert len(list(tmp_path.glob("*.npz"))) == (form != "dicom")
    assert len(list(tmp_path.glob("dicom/*/image.dcm"))) == 2 * (form != "shards")


def test_render_refuses_the_seed_of_the_benchmark(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("phantom", "render", "--seed", benchmark_set.SEED, "--out", tmp_path / "x") == 6
    assert "kept for benchmarks" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()
