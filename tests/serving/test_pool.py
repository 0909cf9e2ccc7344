"""Workers on a local Ray cluster: order, errors, and one that is killed in the middle of a job."""

import os
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from explorer.errors import ClusterError, ReadingError
from explorer.serving.pool import WorkerPool

JOBS = range(40)


@pytest.fixture
def _ray() -> None:
    """Ray opens files that it closes at exit, and warns of its own future."""
    pytest.importorskip("ray", reason="needs the extra `cluster`")
    return


def _squares() -> Callable[[int], int]:
    return lambda number: number**2


def _die_once(marker: Path) -> Callable[[int], int]:
    def work(number: int) -> int:
        if number == 7 and not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.01)
        return number**2

    return work


def _fail() -> Callable[[int], int]:
    def work(number: int) -> int:
        raise ReadingError(f"No file {number}.")

    return work


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("_ray")
def test_a_worker_that_is_killed_in_mid_job_changes_nothing(tmp_path: Path) -> None:
    with WorkerPool([_squares] * 2) as plain:
        assert list(plain.map(JOBS)) == [number**2 for number in JOBS]
    build = partial(_die_once, tmp_path / "killed")
    with WorkerPool([build] * 2) as hurt:
        assert list(hurt.map(JOBS)) == [number**2 for number in JOBS]
    assert (tmp_path / "killed").exists()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("_ray")
def test_errors_of_a_job_are_those_of_the_job() -> None:
    with WorkerPool([_fail]) as failing, pytest.raises(ReadingError, match="No file 3"):
        list(failing.map([3]))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("_ray")
def test_a_missing_cluster_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise ConnectionError("timed out")

    # A real try would leave Ray's client mode on in this process.
    monkeypatch.setattr("ray.init", refuse)
    with pytest.raises(ClusterError, match=r"no Ray cluster at 'ray://10\.0\.0\.1:10001'"):
        WorkerPool([_squares], address="ray://10.0.0.1:10001")


def test_without_ray_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.__import__", _no_ray)
    with pytest.raises(ClusterError, match=r"explorer\[cluster\]"):
        WorkerPool([_squares] * 2)


_import = __import__


def _no_ray(name: str, *arguments: object, **named: object) -> object:
    if name == "ray":
        raise ImportError(name)
    return _import(name, *arguments, **named)  # type: ignore[arg-type]
