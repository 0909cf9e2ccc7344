"""The file of reference films: read as it was written, to 8 bits, and for these weights only."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from explorer.adapters import add_reference, list_checkpoints, open_checkpoint
from explorer.embeddings import SHOWN_FROM, ReferenceFilms, Taught
from explorer.encoders.files import REFERENCE_FILE
from explorer.errors import CheckpointError


@pytest.fixture
def folder(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_checkpoint, tmp_path / "shelf" / "tiny"))


def films(sha256: str) -> ReferenceFilms:
    rng = np.random.default_rng(0)
    return ReferenceFilms(
        weights_sha256=sha256,
        basis=np.linalg.qr(rng.normal(size=(12, 4)))[0].astype(np.float32),
        patches=rng.uniform(-1, 1, (3, 5, 4)).astype(np.float32),
        counts=rng.integers(1, 60, (3, 5)).astype(np.float32),
        normal=np.array([True, False, True]),
        taught=Taught(("mass",), ("left", "mass")),
    )


def test_films_are_read_as_they_were_written(folder: Path) -> None:
    (card,) = list_checkpoints(folder.parent)
    weights = (folder / "model.safetensors").read_bytes()
    written = films(card.sha256)
    add_reference(card, written, about={"films": 3})
    found = open_checkpoint(folder).reference
    assert found is not None
    assert_allclose(found.patches, written.patches, atol=1 / 127)
    assert_allclose(found.basis, written.basis, atol=1e-3)
    assert_array_equal(found.counts, written.counts)
    assert_array_equal(found.normal, written.normal)
    assert found.taught == written.taught
    assert found.rendered is None
    assert found.evidence is None
    assert found.shown_from == SHOWN_FROM
    assert json.loads((folder / "card.json").read_text(encoding="utf-8"))["reference"] == {
        "films": 3
    }
    assert (folder / "model.safetensors").read_bytes() == weights


def test_what_rendered_films_taught_is_read_as_it_was_written(folder: Path) -> None:
    (card,) = list_checkpoints(folder.parent)
    taught = np.arange(26, dtype=np.float32).reshape(2, 13)
    rendered = np.array([False, True, True])
    written = replace(films(card.sha256), rendered=rendered, evidence=taught, shown_from=-0.7)
    add_reference(card, written, about={})
    found = open_checkpoint(folder).reference
    assert found is not None
    assert_array_equal(found.rendered, rendered)
    assert_array_equal(found.evidence, taught)
    assert found.shown_from == -0.7


def test_a_checkpoint_without_films_opens_without(folder: Path) -> None:
    assert open_checkpoint(folder).reference is None


def test_films_of_other_weights_are_refused(folder: Path) -> None:
    (card,) = list_checkpoints(folder.parent)
    add_reference(card, replace(films(card.sha256), weights_sha256="f" * 64), about={})
    with pytest.raises(CheckpointError, match="was made with the weights ffffffffffff"):
        open_checkpoint(folder)


def test_a_damaged_file_of_films_is_refused(folder: Path) -> None:
    (card,) = list_checkpoints(folder.parent)
    add_reference(card, films(card.sha256), about={})
    (folder / REFERENCE_FILE).write_bytes(b"no films")
    with pytest.raises(CheckpointError, match="damaged or swapped"):
        open_checkpoint(folder)
