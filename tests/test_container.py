"""The container file and the server settings keep what the documents promise of them."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_lint_finds_nothing() -> None:
    beside = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    hadolint = beside or shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("hadolint is not installed; the dev extra brings it")
    done = subprocess.run([hadolint, str(ROOT / "Dockerfile")], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("", 0)


def test_everything_copied_is_there_and_is_let_into_the_build() -> None:
    sources = [
        source
        for words in re.findall(r"^COPY (.+)$", DOCKERFILE, re.MULTILINE)
        for source in words.split()[:-1]
    ]
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert sources
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert [source for source in sources if f"!{source}" not in allowed] == []


def test_the_process_is_not_root_and_its_health_is_asked() -> None:
    assert re.findall(r"^USER (\d+)$", DOCKERFILE, re.MULTILINE) == ["10001"]
    assert DOCKERFILE.index("\nUSER ") < DOCKERFILE.index("\nHEALTHCHECK ")
    assert "/_stcore/health" in DOCKERFILE


def test_the_server_is_private_and_asks_nothing_of_the_network() -> None:
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert settings["browser"]["gatherUsageStats"] is False
    assert settings["server"]["address"] == "localhost"
    # Without a name, a headless start looks up the machine's outside address.
    assert settings["browser"]["serverAddress"] == "localhost"
