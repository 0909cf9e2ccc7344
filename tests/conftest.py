"""What several test folders share: where the browser and Node.js are, and how loud a skip is."""

import os
import shutil
from pathlib import Path

import pytest
import torch

from . import tiny_model

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_CHROME = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where real checkpoint folders are, for the tests that need them."""
    parser.addoption(
        "--run-weights",
        metavar="FOLDER",
        type=Path,
        help="Run the tests of real weights on every checkpoint folder in FOLDER.",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each checkpoint folder that a person names; skipped where none is named."""
    if "weights_folder" in metafunc.fixturenames:
        root: Path | None = metafunc.config.getoption("--run-weights")
        folders = sorted(card.parent for card in root.glob("*/card.json")) if root else []
        metafunc.parametrize("weights_folder", folders, ids=lambda folder: folder.name)


def pytest_configure() -> None:
    """Compute in one thread: for tiny models more wait for each other, minutes beside other work.

    Processes that tests start read it from the environment.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    torch.set_num_threads(1)


def _playwright_browser() -> str | None:
    """The Chromium that `playwright install chromium` keeps, if it is there."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _missing(what: str, *, variable: str) -> None:
    """Skip, or fail where `variable` is set: checks that must have run set it."""
    if os.environ.get(variable):
        pytest.fail(f"{what} ({variable} is set, so this is a failure and not a skip.)")
    pytest.skip(what)


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Path of a Chromium or Chrome: $CHROMIUM, one on the PATH, or Playwright's own."""
    named = os.environ.get("CHROMIUM")
    if named and not Path(named).exists():
        pytest.fail(f"CHROMIUM must name a browser program, got {named!r}, which is not there.")
    found = named or next(filter(None, map(shutil.which, BROWSERS)), None)
    found = found or (str(MAC_CHROME) if MAC_CHROME.exists() else _playwright_browser())
    if found is None:
        _missing(
            "BROWSER TESTS DID NOT RUN: no Chromium or Chrome here. "
            "Install one, or run: .venv/bin/playwright install chromium",
            variable="REQUIRE_BROWSER",
        )
    assert found is not None
    return found


@pytest.fixture(scope="session")
def node_path() -> str:
    """Path of Node.js 18 or newer, which runs the tests of the viewer's JavaScript."""
    found = shutil.which("node")
    if found is None:
        _missing(
            "JAVASCRIPT TESTS DID NOT RUN: no Node.js here. Install Node.js 18 or newer.",
            variable="REQUIRE_NODE",
        )
    assert found is not None
    return found


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint folder with a tiny untrained model; copy it before you change it."""
    from explorer.training.checkpoint import write_checkpoint
    from explorer.training.config import TrainingConfig

    folder = tmp_path_factory.mktemp("checkpoints") / "tiny"
    write_checkpoint(
        folder,
        tiny_model.model(),
        tiny_model.tokenizer(),
        config=TrainingConfig(name="tiny", title="Tiny model (untrained)"),
        card={
            "licence": "Apache-2.0",
            "training_data": "none",
            "calibration": {"threshold": 0.4},
        },
    )
    return folder
