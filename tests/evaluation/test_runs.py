"""A run is kept, goes on after a kill, compares with another, and says what it was made of."""

import json
import math
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from explorer.entities import Box
from explorer.errors import DataSetError, PhraseError
from explorer.evaluation.baselines import ROWS, LocationPrior, centre_map, random_map
from explorer.evaluation.kept import delete_run, export_run, list_runs, read_run, run_size
from explorer.evaluation.listing import placed_protocols
from explorer.evaluation.samples import MODEL
from explorer.evaluation.summary import compare, forest, most_apart, reliability, summarise
from explorer.pipeline import evaluation
from explorer.placed import PlacedCorpus, PlacedPhrase
from tests.ui.tiny import TinyEngine, card

PROTOCOLS = ["original_pixels", "phrase_trust"]
OURS = placed_protocols()["original_pixels"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> PlacedCorpus:
    """Nine images of six patients; half of the files are smaller copies."""
    folder = tmp_path_factory.mktemp("images")
    phrases = []
    for number in range(9):
        path = folder / f"{number}.png"
        side = 60 if number % 2 else 30
        pixels = np.random.default_rng(number).integers(0, 255, (side, side), np.uint8)
        cv2.imwrite(str(path), pixels)
        base = PlacedPhrase(path, (60, 60), "right mass", "mass", f"p{number % 6}")
        phrases += [
            replace(base, boxes=(Box(5, 5, 25 + number, 30),)),
            replace(base, phrase="nodule", finding="nodule", boxes=(Box(40, 40, 50, 50),)),
            replace(base, phrase="no effusion", finding="effusion", present=False),
        ]
    return PlacedCorpus("plain_csv", "made", "none", tuple(phrases))


def measure(corpus: PlacedCorpus, folder: Path, *, name: str = "one", steps: int | None = None):
    engine = TinyEngine(card(name))
    run = evaluation.start_evaluation(engine, corpus, folder=folder, protocols=PROTOCOLS, batch=2)
    for number, _ in enumerate(run.steps(), 1):
        if number == steps:
            break
    return engine


@pytest.fixture(scope="module")
def whole(corpus: PlacedCorpus, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("runs") / "whole"
    measure(corpus, folder)
    return read_run(folder)


def test_every_phrase_has_a_row_of_the_model_and_of_what_looks_at_nothing(whole, corpus) -> None:
    counts = whole.samples["row"].value_counts()
    assert counts[MODEL] == len(corpus.phrases) == 27
    # Nobody drew an effusion, so it has no prior; a constant and a random map need none.
    assert [counts[row] for row in ROWS] == [18, 27, 27]
    assert whole.complete
    assert whole.card["key"]["corpus"] == corpus.digest
    assert whole.card["key"]["space"] == TinyEngine(card("one")).space_id


def test_no_name_or_patient_is_kept(whole, corpus) -> None:
    text = whole.samples.to_csv() + json.dumps(whole.card)
    assert not any(phrase.image.name in text for phrase in corpus.phrases)
    assert not any(f",{phrase.patient}," in text for phrase in corpus.phrases)


def test_a_killed_run_goes_on_and_encodes_nothing_twice(corpus, whole, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert measure(corpus, folder, steps=2).images == 4
    assert not read_run(folder).complete
    assert measure(corpus, folder).images == 5
    again = read_run(folder)
    order = ["row", "image", "key"]
    pd.testing.assert_frame_equal(
        again.samples.sort_values(order).reset_index(drop=True),
        whole.samples.sort_values(order).reset_index(drop=True),
    )
    assert sorted(p.name for p in folder.iterdir()) == ["card.json", "samples.parquet"]
    assert measure(corpus, folder).images == 0


def test_a_kill_among_the_rows_that_see_nothing_leaves_none_twice(
    corpus, whole, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("explorer.evaluation.kept.RunFolder.finish", killed)
        with pytest.raises(KeyboardInterrupt):
            measure(corpus, folder)
    assert measure(corpus, folder).images == 0
    assert len(read_run(folder).samples) == len(whole.samples)


def test_a_folder_of_another_run_is_refused(corpus, tmp_path: Path) -> None:
    measure(corpus, tmp_path / "run", steps=1)
    other = replace(corpus, phrases=corpus.phrases[3:])
    with pytest.raises(DataSetError, match="'run' was begun with another corpus"):
        measure(other, tmp_path / "run")
    with pytest.raises(DataSetError, match="begun with another space"):
        measure(corpus, tmp_path / "run", name="two")
    with pytest.raises(DataSetError, match="holds something else"):
        measure(corpus, tmp_path)


def test_an_image_that_is_no_smaller_copy_is_named(corpus, tmp_path: Path) -> None:
    bent = tuple(replace(p, image_shape=(60, 90)) for p in corpus.phrases)
    with pytest.raises(DataSetError, match=r"'0.png' has 30 x 30 pixels, its boxes are in 90 x 60"):
        measure(replace(corpus, phrases=bent), tmp_path / "run")


def test_a_checkpoint_that_reads_no_text_is_refused_with_its_reason(corpus, tmp_path) -> None:
    engine = TinyEngine(card("one"))
    engine.reads_text = False

    def refuse(phrases):
        raise PhraseError("This checkpoint is image-only.")

    engine.embed_text = refuse  # type: ignore[method-assign]
    with pytest.raises(PhraseError, match="image-only"):
        evaluation.start_evaluation(engine, corpus, folder=tmp_path / "r", protocols=PROTOCOLS)
    assert not (tmp_path / "r").exists()


# --- tables ---


def test_the_table_is_the_mean_over_findings_of_means_over_samples(whole) -> None:
    found = summarise(whole, OURS, replicates=50)
    own = whole.samples[whole.samples["row"] == MODEL]
    means = own.groupby("finding")["original_pixels/1:cnr"].mean()
    assert_allclose(found["rows"][MODEL]["mass"]["cnr"]["mean"], means["mass"])
    assert_allclose(
        found["rows"][MODEL]["macro"]["cnr"]["mean"], (means["mass"] + means["nodule"]) / 2
    )
    assert found["rows"][MODEL]["macro"]["cnr"]["n"] == 18
    assert found["rows"][MODEL]["effusion"]["quiet"]["n"] == 9
    assert list(found["rows"]) == [MODEL, *ROWS]
    json.dumps(found, allow_nan=False)
    assert {line["row"] for line in forest(found, "pointing")} == {MODEL, *ROWS}


def test_scores_are_held_against_what_is_there(whole) -> None:
    samples = whole.samples.copy()
    model = samples["row"] == MODEL
    samples.loc[~model, "said"] = 0.99  # rows that look at no image have no say
    samples.loc[model, "said"] = np.where(samples[model]["present"], 0.75, 0.25)
    found = reliability(replace(whole, samples=samples))
    assert found is not None
    assert (found["phrases"], found["present"]) == (27, 18)
    assert found["ece"] == pytest.approx(0.25)
    assert found["brier"] == pytest.approx(0.0625)
    assert [(b["stated"], b["observed"]) for b in found["reliability"]] == [(0.25, 0), (0.75, 1)]
    card = {**whole.card, "about": {**whole.card["about"], "calibrated": False}}
    assert reliability(replace(whole, card=card)) is None


def test_one_patient_alone_has_a_mean_and_no_interval(whole) -> None:
    samples = whole.samples[whole.samples["patient"] == whole.samples["patient"].iloc[0]]
    found = summarise(replace(whole, samples=samples), OURS, replicates=20)["rows"][MODEL]
    assert found["mass"]["cnr"]["mean"] is not None
    assert found["mass"]["cnr"]["low"] is found["macro"]["cnr"]["high"] is None


def test_intervals_draw_patients_and_not_images(whole) -> None:
    """Every image copied nine times is no news: only an interval by patient knows it."""
    many = pd.concat([whole.samples] * 9, ignore_index=True)
    copied = replace(whole, samples=many)
    spans = []
    for run in (whole, copied):
        value = summarise(run, OURS, replicates=400)["rows"][MODEL]["mass"]["cnr"]
        spans.append(value["high"] - value["low"])
    assert_allclose(spans[1], spans[0], rtol=1e-9)


def test_a_run_without_the_protocol_or_with_older_words_of_it_is_refused(whole) -> None:
    with pytest.raises(DataSetError, match=r"measured with original_pixels/1, .*not with aep/1"):
        summarise(whole, placed_protocols()["aep"])
    key = {**whole.card["key"], "protocols": ["original_pixels/1 000000"]}
    with pytest.raises(DataSetError, match="another wording of original_pixels/1"):
        summarise(replace(whole, card={**whole.card, "key": key}), OURS)


# --- two runs ---


def changed(run, *, by: float, image: int = 0):
    """A run whose CNR is larger by a little everywhere, and by `by` on one image."""
    samples = run.samples.copy()
    own = samples["row"] == MODEL
    samples.loc[own, "original_pixels/1:cnr"] += 0.1
    name = samples.loc[own, "image"].unique()[image]
    samples.loc[own & (samples["image"] == name), "original_pixels/1:cnr"] += by
    return replace(run, folder=run.folder.with_name("other"), samples=samples), name


def test_a_comparison_is_paired_by_sample_whatever_their_order(whole) -> None:
    other, _ = changed(whole, by=0.0)
    shuffled = replace(other, samples=other.samples.sample(frac=1, random_state=0))
    found = compare(whole, shuffled, OURS, replicates=100)
    value = found["metrics"]["cnr"]["macro"]
    assert_allclose([value["mean"], value["low"], value["high"]], 0.1)
    assert_allclose(value["second"] - value["first"], 0.1)
    assert (value["samples"], value["patients"]) == (18, 6)
    assert found["metrics"]["pointing"]["macro"]["p"] == 1.0
    json.dumps(found, allow_nan=False)


def test_a_difference_on_one_patient_has_no_interval(whole) -> None:
    samples = whole.samples[whole.samples["patient"] == whole.samples["patient"].iloc[0]]
    alone = replace(whole, samples=samples)
    other, _ = changed(alone, by=0.0)
    value = compare(alone, other, OURS, replicates=100)["metrics"]["cnr"]["macro"]
    assert_allclose(value["mean"], 0.1)
    assert (value["low"], value["high"], value["patients"]) == (None, None, 1)


def test_images_are_listed_by_what_they_lose(whole) -> None:
    other, name = changed(whole, by=-3.0)
    lost = most_apart(whole, other, OURS, "cnr", order="lost")
    assert lost["image"][0] == name
    assert_allclose(lost["difference"][0], -2.9)
    assert len(lost) == 9
    assert most_apart(whole, other, OURS, "cnr", order="won")["image"].iloc[-1] == name
    assert most_apart(whole, other, OURS, "cnr")["image"][0] == name
    with pytest.raises(DataSetError, match="one of apart, lost, won"):
        most_apart(whole, other, OURS, "cnr", order="best")


def test_runs_of_two_data_sets_are_not_compared(whole) -> None:
    key = {**whole.card["key"], "corpus": "another"}
    with pytest.raises(DataSetError, match="are of two"):
        compare(whole, replace(whole, card={**whole.card, "key": key}), OURS)


# --- what looks at nothing ---


def test_the_prior_of_a_phrase_leaves_its_patient_out() -> None:
    base = PlacedPhrase(Path("a.png"), (64, 64), "mass", "scar", "a", boxes=(Box(0, 0, 32, 64),))
    other = replace(base, patient="b", boxes=(Box(32, 0, 64, 64),))
    prior = LocationPrior([base, base, other])
    mine = prior.of(base)
    assert mine is not None
    assert (mine[:, :32].max(), mine[:, 32:].min()) == (0.0, 1.0)
    assert LocationPrior([base, base]).of(base) is None


def test_the_bundled_prior_stands_in_where_nobody_else_has_a_finding() -> None:
    alone = PlacedPhrase(Path("a.png"), (64, 64), "x", "pleural effusion", "a")
    assert LocationPrior([]).of(alone) is not None


def test_a_random_map_is_the_same_whenever_it_is_asked_for_and_the_centre_is_the_highest() -> None:
    phrase = PlacedPhrase(Path("a.png"), (64, 64), "mass", "mass", "a")
    assert (random_map(phrase) == random_map(phrase)).all()
    assert (random_map(phrase) != random_map(replace(phrase, phrase="nodule"))).any()
    assert centre_map().argmax() in {31 * 64 + 31}
    assert math.isclose(float(centre_map()[0, 0]), float(centre_map()[-1, -1]), rel_tol=1e-6)


# --- taking along ---


def test_a_run_is_exported_and_listed(whole, tmp_path: Path) -> None:
    for suffix, back in ((".csv", pd.read_csv), (".parquet", pd.read_parquet)):
        export_run(whole, tmp_path / f"run{suffix}")
        assert len(back(tmp_path / f"run{suffix}")) == len(whole.samples)
    export_run(whole, tmp_path / "run.json")
    data = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert data["card"]["complete"]
    assert len(data["samples"]) == len(whole.samples)
    with pytest.raises(DataSetError, match=r"\.csv, \.json or \.parquet, got '\.xls'"):
        export_run(whole, tmp_path / "run.xls")
    (found,) = list_runs(whole.folder.parent)
    assert found["folder"] == whole.folder


def test_a_run_is_deleted_whole_and_other_folders_are_not(
    corpus: PlacedCorpus, tmp_path: Path
) -> None:
    measure(corpus, tmp_path / "done")
    measure(corpus, tmp_path / "begun", steps=1)
    assert run_size(tmp_path / "done") == sum(
        p.stat().st_size for p in (tmp_path / "done").iterdir()
    )
    (tmp_path / "done" / "notes.txt").write_text("mine")
    with pytest.raises(DataSetError, match="'done' holds 1 other files or folders"):
        delete_run(tmp_path / "done")
    assert len(list_runs(tmp_path)) == 2
    (tmp_path / "done" / "notes.txt").unlink()
    for name in ("done", "begun"):
        delete_run(tmp_path / name)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "pictures").mkdir()
    with pytest.raises(DataSetError, match="'pictures' has none"):
        delete_run(tmp_path / "pictures")
    assert (tmp_path / "pictures").exists()
