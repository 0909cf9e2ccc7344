"""What a checkpoint is called: a name on the shelf first, then a path."""

import json
import shutil
from pathlib import Path

import pytest

from explorer import pipeline
from explorer.errors import CheckpointError


@pytest.fixture
def shelf(tmp_path: Path, tiny_checkpoint: Path) -> Path:
    """A shelf that holds "tiny"."""
    folder = tmp_path / "shelf"
    shutil.copytree(tiny_checkpoint, folder / "tiny")
    return folder


def retitled(folder: Path, title: str) -> None:
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    (folder / "card.json").write_text(json.dumps(card | {"title": title}), encoding="utf-8")


def title(name: str | None, root: Path) -> str:
    return pipeline.open_engine(name, device="cpu", root=root).card.title


def test_a_folder_in_the_working_directory_does_not_hide_a_name_on_the_shelf(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(shelf / "tiny", tmp_path / "tiny")
    retitled(tmp_path / "tiny", "another one")
    monkeypatch.chdir(tmp_path)
    assert title("tiny", shelf) == "Tiny model (untrained)"
    assert title("./tiny", shelf) == "another one"
    assert title(str(tmp_path / "tiny"), shelf) == "another one"


def test_an_empty_folder_of_that_name_hides_nothing_either(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tiny").mkdir()
    monkeypatch.chdir(tmp_path)
    assert title("tiny", shelf) == "Tiny model (untrained)"


def test_a_folder_that_is_not_on_the_shelf_opens_by_its_path(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shelf / "tiny").rename(tmp_path / "mine")
    retitled(tmp_path / "mine", "mine")
    monkeypatch.chdir(tmp_path)
    assert title("mine", shelf) == "mine"


def test_an_unknown_name_is_told_what_there_is(shelf: Path) -> None:
    with pytest.raises(CheckpointError, match=r"Unknown checkpoint 'huge'.*Available: tiny\."):
        pipeline.open_engine("huge", root=shelf)


def test_an_empty_shelf_says_how_to_fill_it(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="install the package again"):
        pipeline.open_engine(root=tmp_path)
