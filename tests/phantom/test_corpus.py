"""Corpora on disk and as a stream: any number of processes, any interruption, the same bytes."""

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pydicom
import pytest

from explorer.corpora import phantom_shards
from explorer.errors import DataSetError
from explorer.phantom import benchmark_set, rle, stream
from explorer.phantom.corpus import render_corpus
from explorer.phantom.poses import PoseBank
from explorer.phantom.render import CORPUS_VERSION, render_study
from explorer.phantom.shards import read_corpus, read_shard
from explorer.phantom.study_folder import write_study_folder

SIZE = 96


def digests(folder: Path) -> dict[str, str]:
    """Path -> digest of every file."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_any_number_of_workers_writes_the_same_bytes(bank: PoseBank, tmp_path: Path) -> None:
    alone, together = tmp_path / "alone", tmp_path / "together"
    for folder, workers in ((alone, 1), (together, 2)):
        render_corpus(
            3, 1, folder, size=SIZE, bank=bank, shard=3, laterals=1, slices=1,
            formats=("shards", "dicom"), workers=workers,
        )  # fmt: skip
    assert digests(alone) == digests(together)
    assert len(digests(alone)) == 2 + 4 * 3


def test_a_lost_shard_comes_back_and_the_other_is_not_touched(
    bank: PoseBank, tmp_path: Path
) -> None:
    first = render_corpus(4, 1, tmp_path, size=SIZE, bank=bank, shard=3, laterals=1, slices=1)
    assert [p.name for p in first] == ["phantoms-00000.npz", "phantoms-00001.npz"]
    lost, kept_time = first[0].read_bytes(), first[1].stat().st_mtime_ns
    first[0].unlink()
    again = render_corpus(4, 1, tmp_path, size=SIZE, bank=bank, shard=3, laterals=1, slices=1)
    assert again[0].read_bytes() == lost
    assert again[1].stat().st_mtime_ns == kept_time
    assert [r["view"] for r in read_shard(again[1])[2]][1:] == ["lateral", "ct slice"]


def test_a_lost_study_folder_comes_back_alone(bank: PoseBank, tmp_path: Path) -> None:
    folders = render_corpus(3, 1, tmp_path, size=SIZE, bank=bank, formats=("dicom",))
    before = digests(tmp_path)
    (folders[1] / "truth.json").unlink()
    (folders[1] / "image.dcm").unlink()
    (folders[1] / "report.txt").unlink()
    folders[1].rmdir()
    steps: list[tuple[int, int]] = []
    render_corpus(
        3, 1, tmp_path, size=SIZE, bank=bank, formats=("dicom",),
        progress=lambda done, total: steps.append((done, total)),
    )  # fmt: skip
    assert steps == [(3, 3)]
    assert digests(tmp_path) == before


def test_a_corpus_can_grow(bank: PoseBank, tmp_path: Path) -> None:
    """The second shard held one study; asked for three, it is rendered again."""
    render_corpus(3, 1, tmp_path, size=SIZE, bank=bank, shard=2)
    paths = render_corpus(5, 1, tmp_path, size=SIZE, bank=bank, shard=2)
    assert [len(read_shard(p)[2]) for p in paths] == [2, 2, 1]
    numbers = [r["seed"] for p in paths for r in read_shard(p)[2]]
    assert numbers == [10_000_000 + i for i in range(5)]


def test_another_corpus_in_the_folder_is_refused(bank: PoseBank, tmp_path: Path) -> None:
    (path,) = render_corpus(1, 1, tmp_path, size=SIZE, bank=bank)
    assert read_corpus(path)["version"] == CORPUS_VERSION
    with pytest.raises(DataSetError, match=r"is of seed 1, asked for was seed 2\. Choose another"):
        render_corpus(1, 2, tmp_path, size=SIZE, bank=bank)
    with pytest.raises(DataSetError, match="size 96, asked for was size 64"):
        render_corpus(1, 1, tmp_path, size=64, bank=bank)


def test_the_stream_gives_what_render_study_gives(bank: PoseBank) -> None:
    found = list(stream.studies(3, 2, first=4, size=SIZE, bank=bank))
    for index, study in enumerate(found, start=4):
        alone = render_study(30_000_000 + index, bank=bank, size=(SIZE, SIZE))
        assert study.seed == alone.seed
        assert np.array_equal(study.image, alone.image)


def test_a_stream_can_be_left_early(bank: PoseBank) -> None:
    before = cv2.getNumThreads()
    made = stream.studies(1, 1_000_000, size=SIZE, bank=bank)
    assert next(made).seed == 10_000_000
    made.close()
    assert cv2.getNumThreads() == before


def test_a_missing_pose_is_said_by_a_worker_too(bank: PoseBank, tmp_path: Path) -> None:
    empty = PoseBank(folder=tmp_path, seed=1, count=9)
    with pytest.raises(DataSetError, match="Build the bank again"):
        next(stream.studies(1, 4, size=SIZE, bank=empty, workers=2))


def test_no_two_corpora_share_a_number() -> None:
    last, first = stream.study_number(4, 9_999_999), stream.study_number(5, 0)
    assert first - last == 1
    with pytest.raises(ValueError, match="at most 10,000,000 studies"):
        stream.study_number(4, 10_000_000)


def test_study_folder_holds_exact_masks_of_its_sentences(bank: PoseBank, tmp_path: Path) -> None:
    study = render_study(2, bank=bank, size=(SIZE, SIZE), wanted=("mass", "effusion"))
    write_study_folder(study, tmp_path / "000000", corpus={"version": 2})
    truth = json.loads((tmp_path / "000000" / "truth.json").read_text(encoding="utf-8"))
    report = (tmp_path / "000000" / "report.txt").read_text(encoding="utf-8")
    assert pydicom.dcmread(tmp_path / "000000" / "image.dcm").pixel_array.shape == (SIZE, SIZE)
    for entry, finding in zip(truth["findings"], study.findings, strict=True):
        assert np.array_equal(rle.decode(entry["mask"]), finding.mask)
    for entry, sentence in zip(truth["sentences"], study.sentences, strict=True):
        assert report[entry["start"] : entry["end"]] == sentence.text
        if sentence.findings == (1,):
            assert np.array_equal(rle.decode(entry["mask"]), study.findings[1].mask)
        if not sentence.findings:
            assert entry["mask"] is None
    assert not list(tmp_path.glob("*.part"))


def test_run_lengths_by_hand() -> None:
    """Column by column, the first run is of False."""
    mask = np.zeros((2, 3), bool)
    mask[0, 0] = mask[1, 2] = True
    assert rle.encode(mask) == {"size": [2, 3], "counts": [0, 1, 4, 1]}
    assert rle.encode(np.zeros((2, 2), bool))["counts"] == [4]
    assert rle.encode(np.ones((2, 2), bool))["counts"] == [0, 4]
    rng = np.random.default_rng(0)
    for share in (0.0, 0.3, 1.0):
        drawn = rng.random((7, 5)) < share
        assert np.array_equal(rle.decode(rle.encode(drawn)), drawn)
    with pytest.raises(ValueError, match="must add up to 2 x 2 = 4, got 3"):
        rle.decode({"size": [2, 2], "counts": [3]})


def test_test_studies_are_kept_out_of_training(bank: PoseBank, tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match="kept for benchmarks, got 900001"):
        benchmark_set.require_training_seed(benchmark_set.SEED)
    benchmark_set.require_training_seed(899_999)
    render_corpus(1, benchmark_set.SEED, tmp_path, size=SIZE, bank=bank)
    with pytest.raises(DataSetError, match="must not be learned from"):
        list(phantom_shards.read(tmp_path))
