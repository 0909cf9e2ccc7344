"""A wheel, built from the source archive and installed elsewhere, is the whole program."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NEEDED: tuple[str, ...] = (
    "pyproject.toml",
    "setup.py",
    "MANIFEST.in",
    "README.md",
    "LICENSE",
    "requirements.txt",
)
NEEDED += ("CHANGELOG.md", "CITATION.cff", "app.py", "assets", ".streamlit", "explorer")
NO_CACHES = shutil.ignore_patterns("__pycache__", "*.pyc")

pytestmark = pytest.mark.slow


def run(*command: str, cwd: Path, environment: dict[str, str] | None = None) -> str:
    """Run Python with these arguments; its output, or a failure with what it said."""
    done = subprocess.run(
        [sys.executable, *command], cwd=cwd, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a source archive of a copy of the tree, without any network."""
    folder = tmp_path_factory.mktemp("build")
    tree, made = folder / "tree", folder / "made"
    for path in (tree, made):
        path.mkdir()
    for name in NEEDED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=NO_CACHES)
        else:
            shutil.copy2(source, tree / name)
    build = "from setuptools import build_meta as b; import sys; "
    run("-c", f"{build}b.build_sdist(sys.argv[1])", str(made), cwd=tree)
    (archive,) = made.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    unpacked = folder / archive.name.removesuffix(".tar.gz")
    run("-c", f"{build}b.build_wheel(sys.argv[1])", str(made), cwd=unpacked)
    (found,) = made.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder the wheel was installed into, without its dependencies."""
    folder = tmp_path_factory.mktemp("site")
    pip = ("-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target")
    run(*pip, str(folder), str(wheel), cwd=folder)
    return folder


@pytest.fixture
def environment(installed: Path) -> dict[str, str]:
    """Finds the installed package before any other copy, and the libraries of this Python."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("STREAMLIT_")}
    return kept | {"PYTHONPATH": str(installed), "STREAMLIT_SERVER_HEADLESS": "true"}


def files_below(folder: Path) -> set[str]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {p.relative_to(folder).as_posix() for p in found if "__pycache__" not in p.parts}


def test_every_file_of_package_and_assets_is_inside(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        inside = set(opened.namelist())
    assert {f"explorer/{name}" for name in files_below(ROOT / "explorer")} - inside == set()
    shipped = {f"assets/{name}" for name in files_below(ROOT / "assets")}
    shipped |= {"app.py", ".streamlit/config.toml"}
    assert {name for name in inside if name.startswith("explorer/shipped/")} == {
        f"explorer/shipped/{name}" for name in shipped
    }


def test_commands_work_in_any_folder(
    installed: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    where = run("-c", "import explorer; print(explorer.__file__)", cwd=tmp_path,
                environment=environment)  # fmt: skip
    assert Path(where.strip()).is_relative_to(installed)
    explorer = ("-m", "explorer")
    cards = run(*explorer, "checkpoints", "--json", cwd=tmp_path, environment=environment)
    names = [card["name"] for card in json.loads(cards)]
    assert sorted(names) == sorted(
        p.parent.name for p in ROOT.glob("assets/checkpoints/*/card.json")
    )
    study = installed / "explorer" / "shipped" / "assets" / "studies" / "effusion-and-large-heart"
    said = (
        "ground",
        str(study / "image.dcm"),
        "--phrase",
        "left pleural effusion",
        "--out",
        "results",
    )
    run(*explorer, *said, cwd=tmp_path, environment=environment)
    assert list((tmp_path / "results").iterdir())


@pytest.fixture
def served(environment: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """Address of `explorer serve`, started in an empty folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "explorer", "serve", "--port", str(port)],
            cwd=tmp_path,
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def test_the_app_is_served_from_any_folder(served: str) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            with urllib.request.urlopen(f"{served}/_stcore/health", timeout=5) as answer:
                assert answer.read() == b"ok"
            return
        except OSError:
            assert time.monotonic() < deadline, "the app did not start"
            time.sleep(0.5)


def test_the_page_opens_a_bundled_study(
    installed: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    code = (
        "import sys; from streamlit.testing.v1 import AppTest; "
        "app = AppTest.from_file(sys.argv[1], default_timeout=300).run(); "
        "assert not app.exception, app.exception; assert not app.error, app.error; "
        "print(app.session_state['_session'].loaded.title)"
    )
    app = str(installed / "explorer" / "shipped" / "app.py")
    said = run("-c", code, app, cwd=tmp_path, environment=environment)
    titles = [
        json.loads(p.read_text("utf-8"))["title"] for p in ROOT.glob("assets/studies/*/*.json")
    ]
    assert said.strip() in titles
