"""The children are warm, limited and replaced; whatever happens to one, the pool goes on."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from explorer.entities import Radiograph
from explorer.errors import (
    DamagedFileError,
    DecoderStoppedError,
    LimitExceededError,
    ReadingError,
)
from explorer.reading import read_files, read_radiograph, sandbox, warm_up
from explorer.reading.decoded import Decoded
from explorer.reading.sandbox import DecoderPool, DecodingChild, shared_pool
from tests.reading.files import dicom, ramp, raster

GOOD = dicom(ramp())
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits are POSIX")


@pytest.fixture
def pool() -> Iterator[DecoderPool]:
    made = DecoderPool(size=1)
    made.wait_until_ready()
    yield made
    made.close()


def _process(pool: DecoderPool) -> subprocess.Popen:
    child = pool._idle.queue[0]
    assert child is not None
    return child._process


@posix
def test_child_killed_while_idle_is_replaced_without_an_error(pool: DecoderPool) -> None:
    _process(pool).kill()
    _process(pool).wait()
    np.testing.assert_array_equal(pool.decode(GOOD).levels, ramp())


@posix
def test_a_file_is_tried_once_more_when_its_child_is_killed(pool: DecoderPool) -> None:
    process = _process(pool)
    process.send_signal(signal.SIGSTOP)  # so that it surely dies on this file and not after it
    threading.Timer(0.3, process.kill).start()
    np.testing.assert_array_equal(pool.decode(GOOD).levels, ramp())
    assert process.wait() == -signal.SIGKILL


@posix
@pytest.mark.parametrize(
    ("ended_by", "words"),
    [
        (signal.SIGKILL, "ended by the system, which may be short of memory"),
        (signal.SIGSEGV, "SIGSEGV"),
        (signal.SIGABRT, "likely damaged"),
    ],
)
def test_a_child_killed_twice_is_no_damaged_file(
    pool: DecoderPool, monkeypatch: pytest.MonkeyPatch, ended_by: int, words: str
) -> None:
    tries = []

    def kill_and_ask(child: DecodingChild, data: bytes) -> Decoded:
        tries.append(child._process.pid)
        child.wait_until_ready()
        child._process.send_signal(ended_by)
        child._process.wait()
        return ask(child, data)

    ask = DecodingChild.decode
    with monkeypatch.context() as patch:
        patch.setattr(DecodingChild, "decode", kill_and_ask)
        with pytest.raises(DecoderStoppedError, match="tried twice") as told:
            pool.decode(GOOD)
    assert words in str(told.value)
    assert not isinstance(told.value, DamagedFileError)
    assert len(set(tries)) == 2  # the second try had a fresh child
    np.testing.assert_array_equal(pool.decode(GOOD).levels, ramp())


@posix
def test_child_that_hangs_is_ended_after_the_time_limit(
    pool: DecoderPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "CHILD_WALL_SECONDS", 0.3)
    process = _process(pool)
    process.send_signal(signal.SIGSTOP)
    with pytest.raises(LimitExceededError, match="took longer"):
        pool.decode(GOOD)
    assert process.wait() == -signal.SIGKILL


@posix
def test_child_that_uses_up_its_processor_time_took_too_long(
    pool: DecoderPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = _process(pool)
    process.send_signal(signal.SIGSTOP)
    threading.Timer(0.2, process.send_signal, [signal.SIGXCPU]).start()
    threading.Timer(0.3, process.send_signal, [signal.SIGCONT]).start()
    with pytest.raises(LimitExceededError, match="took longer"):
        pool.decode(GOOD)


def test_child_is_replaced_after_its_share_of_files(
    pool: DecoderPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "FILES_PER_CHILD", 2)
    first = _process(pool).pid
    pool.decode(GOOD)
    assert _process(pool).pid == first
    pool.decode(GOOD)
    assert _process(pool).pid != first
    np.testing.assert_array_equal(pool.decode(GOOD).levels, ramp())


def test_many_threads_share_two_children() -> None:
    files = [dicom(ramp() + np.uint16(shift)) for shift in range(8)]
    results = [None] * len(files)

    def work(index: int) -> None:
        results[index] = read_radiograph(files[index]).levels[0, 0]

    threads = [threading.Thread(target=work, args=(index,)) for index in range(len(files))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == list(range(8))


def test_warm_up_starts_the_pool_once_and_waits_for_no_child(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pool = shared_pool()
    monkeypatch.setattr(DecodingChild, "wait_until_ready", lambda _: pytest.fail("it waited"))
    monkeypatch.setattr(DecodingChild, "__init__", lambda _: pytest.fail("it started another"))
    warm_up()
    assert shared_pool() is pool


def test_pool_that_cannot_start_a_child_says_so_and_recovers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sandbox.sys, "executable", "/nowhere/python")
        pool = DecoderPool(size=1)
        with pytest.raises(ReadingError, match="did not start"):
            pool.decode(GOOD)
    np.testing.assert_array_equal(pool.decode(GOOD).levels, ramp())
    pool.close()


@pytest.mark.skipif(sys.platform != "linux", reason="/proc and address space limits are of Linux")
def test_child_is_limited_and_holds_no_heavy_library() -> None:
    child = DecodingChild()
    child.wait_until_ready()
    child.decode(GOOD)
    folder = Path(f"/proc/{child._process.pid}")
    limits = (folder / "limits").read_text()
    maps = (folder / "maps").read_text()
    child.close()
    rows = {line[:26].strip(): line[26:].split()[0] for line in limits.splitlines()}
    assert int(rows["Max address space"]) <= 3 * 1024**3
    assert int(rows["Max open files"]) <= 64
    assert rows["Max core file size"] == rows["Max file size"] == "0"
    assert int(rows["Max cpu time"]) < 60
    assert not any(name in maps for name in ("libtorch", "pyarrow", "libopencv"))


def test_child_ends_when_its_parent_closes_the_pipe() -> None:
    child = DecodingChild()
    child.wait_until_ready()
    child._requests.close()
    assert child._process.wait(timeout=10) == 0
    child.close()


def test_reading_imports_neither_torch_nor_streamlit() -> None:
    code = (
        "import sys, explorer.reading; "
        "print(sorted({'torch', 'streamlit', 'transformers', 'pydicom'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[2]
    environment = dict(os.environ) | {"PYTHONPATH": str(root)}
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert told.stdout.strip() == "[]"


def test_decoding_uses_a_child_that_is_already_warm(
    pool: DecoderPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DecodingChild, "__init__", lambda _: pytest.fail("it started a child"))
    first = _process(pool).pid
    for _ in range(3):
        pool.decode(GOOD)
    assert _process(pool).pid == first
    child = pool._idle.queue[0]
    assert child is not None
    assert child.files == 3


def test_files_of_one_study_are_read_in_order() -> None:
    first, second = read_files([raster(np.zeros((40, 40), np.uint8)), GOOD])
    assert isinstance(first, Radiograph)
    assert isinstance(second, Radiograph)
    assert (first.shape, second.shape) == ((40, 40), (48, 40))
