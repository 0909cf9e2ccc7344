"""The tutorial of docs/own_family.md, run as it stands there, and what a broken package gets."""

import importlib
import re
import runpy
import shutil
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from explorer import adapters, cli, pipeline
from explorer.adapters import Engine
from explorer.errors import CheckpointError

from . import battery

PAGE = Path(__file__).parents[2] / "docs" / "own_family.md"
PHRASE = "left pleural effusion"


def install(place: Path) -> None:
    """Write the files of the page, and what `pip install` would leave of them."""
    text = PAGE.read_text(encoding="utf-8")
    for name, content in re.findall(r"```\w+\n# ([\w.]+)\n(.*?)```", text, re.DOTALL):
        (place / name).write_text(content, encoding="utf-8")
    project = tomllib.loads((place / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    about = place / "grey_family-0.1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: grey-family\nVersion: 0.1\n")
    points = project["entry-points"]
    lines = [f"[{group}]\n{k} = {v}\n" for group, named in points.items() for k, v in named.items()]
    (about / "entry_points.txt").write_text("".join(lines), encoding="utf-8")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the package of the page, on the path, and weights."""
    folder = tmp_path_factory.mktemp("own")
    install(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        patch.setenv("EXPLORER_CHECKPOINTS", str(folder / "shelf"))
        patch.chdir(folder)
        (folder / "weights").mkdir()
        runpy.run_path(str(folder / "make_weights.py"))
        yield folder
    sys.modules.pop("grey_family", None)


@pytest.fixture(scope="module")
def added(place: Path) -> Path:
    """The checkpoint after the command of the page."""
    command = re.search(r"^explorer (checkpoints add .*)$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert command is not None
    with pytest.raises(SystemExit) as ended:
        cli.main(command[1].split())
    assert not ended.value.code
    return place / "shelf" / "grey"


@pytest.fixture(scope="module")
def engine(added: Path) -> Engine:
    return battery.open_tiny(added)


def test_the_family_is_known_by_its_entry_point(place: Path) -> None:
    assert "grey" in adapters.family_names()


def test_it_is_a_checkpoint_as_any_other(added: Path) -> None:
    (card,) = [card for card in pipeline.list_checkpoints() if card.name == "grey"]
    assert (card.family, card.licence, card.input_size) == ("grey", "MIT", (128, 128))
    engine = pipeline.open_engine("grey", device="cpu", precision="float32")
    study, _ = pipeline.load_bundled_study("normal")
    embeddings = pipeline.embed(engine, study.radiographs[0])
    (found,) = pipeline.ground(engine, embeddings, [PHRASE])
    assert embeddings.check.verdict == "frontal"
    assert not found.score_calibrated
    assert found.map.cosine.shape == (8, 8)


@pytest.mark.parametrize(
    "check",
    [
        battery.check_shapes_and_norms,
        battery.check_network_input,
        battery.check_text,
        battery.check_frame_round_trip,
        battery.check_grid_orientation,
    ],
)
def test_it_passes_the_battery(engine: Engine, check) -> None:
    check(engine)


@pytest.mark.parametrize(
    "check",
    [
        battery.check_missing_keys,
        battery.check_extra_keys,
        battery.check_other_shapes,
        battery.check_damage,
    ],
)
def test_its_weights_are_checked(added: Path, tmp_path: Path, check) -> None:
    check(Path(shutil.copytree(added, tmp_path / "grey")), "model.safetensors")


def test_its_numbers_are_the_same_when_opened_again(engine: Engine, added: Path) -> None:
    battery.check_determinism_and_batches(engine, added)


def test_without_its_package_it_is_an_unknown_family(
    added: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p != str(added.parents[1])])
    importlib.invalidate_caches()
    with pytest.raises(CheckpointError, match="Unknown checkpoint family 'grey' in 'grey'"):
        battery.open_tiny(added)


@pytest.mark.parametrize(
    ("module", "told"),
    [("import nowhere", "cannot be imported"), ("FILES = ()", "needs WEIGHTS, load")],
)
def test_a_broken_package_is_one_sentence(
    added: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, told: str
) -> None:
    (tmp_path / "broken_family.py").write_text(module, encoding="utf-8")
    about = tmp_path / "broken_family-0.1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-family\nVersion: 0.1\n")
    (about / "entry_points.txt").write_text("[explorer.adapters]\nbroken = broken_family\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "broken_family", raising=False)
    folder = Path(shutil.copytree(added, tmp_path / "grey"))
    battery.sign(folder, family="broken")
    assert told in battery.refusal(folder)
    assert "Traceback" not in battery.refusal(folder)
