"""Zero-shot findings: areas as of scikit-learn, calibration by hand, tables as they come."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.metrics import average_precision_score, roc_auc_score

from explorer import cli, pipeline
from explorer.corpora.labelled_films import read_labelled
from explorer.errors import DataSetError
from explorer.evaluation.findings import (
    auroc,
    average_precision,
    calibration,
    compare_findings,
    rank_findings,
)
from explorer.evaluation.retrieval import precision_at
from tests.ui.tiny import TinyEngine, card, png

ONCE = np.ones((1, 40))


def test_areas_are_those_of_the_reference() -> None:
    data = np.load(Path(__file__).parents[1] / "data" / "eval_metrics.npz")
    truth = data["y"].astype(bool)
    assert_allclose(auroc(data["s"], truth, ONCE), data["auroc"])
    assert_allclose(average_precision(data["s"], truth, ONCE), data["auprc"])


def test_weighted_and_tied_areas_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    scores, truth = rng.integers(0, 8, 40).astype(float), rng.random(40) < 0.4
    weights = rng.integers(0, 3, (5, 40)).astype(float)
    for found, row in zip(auroc(scores, truth, weights), weights, strict=True):
        assert_allclose(found, roc_auc_score(truth, scores, sample_weight=row))
    for found, row in zip(average_precision(scores, truth, weights), weights, strict=True):
        assert_allclose(found, average_precision_score(truth, scores, sample_weight=row))


def ranked(copies: int):
    rng = np.random.default_rng(1)
    truth = np.repeat((rng.random((30, 1)) < 0.5).astype(float), copies, axis=0)
    scores = np.repeat(rng.normal(size=(30, 1)), copies, axis=0) + truth
    patients = np.repeat([str(n) for n in range(30)], copies).tolist()
    return scores, truth, {"findings": ["mass"], "patients": patients, "replicates": 200}


def test_intervals_draw_patients_so_that_copies_of_their_films_are_no_news() -> None:
    spans = []
    for copies in (1, 9):
        scores, truth, known = ranked(copies)
        found = rank_findings(scores, truth, **known)["mass"]["auroc"]
        spans.append((found.low, found.high))
    assert_allclose(spans[1], spans[0], atol=1e-12)


def test_unknown_labels_are_left_out_and_one_sided_findings_too() -> None:
    scores = np.array([[0.9, 0.0], [0.1, 0.0], [0.5, 0.0]])
    labels = np.array([[1, 1], [0, 1], [np.nan, 1]])
    found = rank_findings(
        scores, labels, findings=["mass", "all"], patients=list("abc"), replicates=10
    )
    assert list(found) == ["mass", "macro"]
    assert (found["mass"]["positive"], found["mass"]["negative"]) == (1, 1)
    assert found["macro"]["auroc"].mean == 1.0


def test_a_better_checkpoint_differs_and_the_same_one_does_not() -> None:
    scores, truth, known = ranked(1)
    same = compare_findings(scores, scores, truth, **known)["mass"]
    assert (same["difference"].mean, same["p"]) == (0.0, 1.0)
    better = compare_findings(scores, scores + 3 * truth, truth, **known)["mass"]
    assert better["difference"].low > 0
    assert better["p"] < 0.05


def test_calibration_by_hand() -> None:
    found = calibration(np.array([0.25, 0.25, 0.95, 1.0]), np.array([0, 1, 1, 1], bool), bins=2)
    # Bin 0: stated .25, observed .5, two films; bin 1: stated .975, observed 1, two films.
    assert_allclose(found["ece"], (2 * 0.25 + 2 * 0.025) / 4)
    assert_allclose(found["brier"], (0.0625 + 0.5625 + 0.0025) / 4)
    assert [b["films"] for b in found["reliability"]] == [2, 2]


# --- tables ---


def folder(tmp_path: Path, text: str) -> Path:
    for number in range(3):
        path = tmp_path / f"patient{number // 2}" / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(png(number, size=(40, 32)))
    table = tmp_path / "labels.csv"
    table.write_text(text, encoding="utf-8")
    return table


LISTED = (
    "path,split,findings\npatient0/0.png,val,Mass|Edema\npatient0/1.png,val,No Finding\n"
    "patient1/2.png,val,\n"
)
WIDE = (
    "Path,Age,Edema,Mass\npatient0/0.png,60,1.0,\npatient0/1.png,61,0.0,-1.0\n"
    "patient1/2.png,62,0,1\n"
)


def test_labels_in_one_column(tmp_path: Path) -> None:
    films = read_labelled(folder(tmp_path, LISTED), split="val")
    assert films.findings == ("Edema", "Mass")
    assert films.labels.tolist() == [[1, 1], [0, 0]]  # the last film is not labelled
    assert films.patients == ("patient0", "patient0")


def test_labels_in_columns_as_chexpert_writes_them(tmp_path: Path) -> None:
    films = read_labelled(folder(tmp_path, WIDE))
    assert films.findings == ("Edema", "Mass")  # an age is no label
    np.testing.assert_array_equal(films.labels, [[1, np.nan], [0, np.nan], [0, 1]])
    with pytest.raises(DataSetError, match="has the labels Edema, Mass, got Nodule"):
        read_labelled(tmp_path / "labels.csv", findings=["Nodule"])
    with pytest.raises(DataSetError, match="no column split"):
        read_labelled(tmp_path / "labels.csv", split="val")


def test_the_command_prints_and_writes(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(pipeline, "open_engine", lambda name, **_: TinyEngine(card(name or "one")))
    monkeypatch.setenv("COLUMNS", "200")
    own = tmp_path / "own.json"
    own.write_text('{"Mass": ["round opacity", "mass"]}', encoding="utf-8")
    arguments = [
        "evaluate", "findings", folder(tmp_path, WIDE.replace("-1.0", "0")), "--ensemble",
        "--prompts", own, "--against", "two", "--bootstrap", 20, "--json", tmp_path / "f.json",
    ]  # fmt: skip
    with pytest.raises(SystemExit) as stopped:
        cli.main([str(argument) for argument in arguments])
    assert not stopped.value.code
    found = json.loads((tmp_path / "f.json").read_text(encoding="utf-8"))
    assert found["prompts"]["Mass"] == ["round opacity", "mass"]
    assert len(found["prompts"]["Edema"]) == 4
    assert found["prompts"]["Edema"][1] == "there is pulmonary edema"
    assert set(found["comparison"]["second minus first"]) == {"Edema", "Mass"}
    assert "ECE" in capsys.readouterr().out


def test_films_for_texts(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(pipeline, "open_engine", lambda name, **_: TinyEngine(card("one")))
    monkeypatch.setenv("COLUMNS", "200")
    table = folder(tmp_path, WIDE)
    queries = tmp_path / "q.csv"
    queries.write_text("Variable,Text\nEdema,fluid in the lungs\nMass,a mass\n", encoding="utf-8")

    def run(*words: object) -> int:
        with pytest.raises(SystemExit) as stopped:
            cli.main(["evaluate", "retrieval", *map(str, words), "--bootstrap", "20"])
        return int(stopped.value.code or 0)

    assert run(table, queries, "--json", tmp_path / "r.json") == 0
    found = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["labels"]
    # One of three films has each label: all of them hold a third, whatever their order.
    assert found["macro"]["p_at_5"]["mean"] == pytest.approx(1 / 3)
    assert found["macro"]["chance"] == pytest.approx(1 / 3)
    queries.write_text("Variable,Text\nNodule,a nodule\n", encoding="utf-8")
    assert run(table, queries) == 6
    assert "got Nodule" in capsys.readouterr().err
    queries.write_text("a,b\n1,2\n", encoding="utf-8")
    assert run(table, queries) == 6


def test_precision_counts_ties_as_in_all_orders() -> None:
    scores = np.array([[0.9, 0.5, 0.5, 0.1], [0.1, 0.2, 0.3, 0.4]])
    relevant = np.array([[1, 1, 0, 1], [0, 0, 1, 1]], dtype=bool)
    assert_allclose(precision_at(scores, relevant, 2), [0.75, 1.0])
    assert_allclose(precision_at(scores, relevant, 9), [0.75, 0.5])
