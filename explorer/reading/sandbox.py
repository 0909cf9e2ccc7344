"""A small warm pool of limited child processes in which every upload is decoded.

Several image decoders end the whole process on crafted bytes, and a system short of memory ends
processes that did nothing wrong. Here that costs one child, which is replaced; the file is tried
once more in a fresh one before the person gets a sentence. Children are started with exec, never
by forking the threads of a server.
"""

import atexit
import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from io import BufferedReader, BufferedWriter
from pathlib import Path
from typing import cast

from explorer.errors import DecoderStoppedError, LimitExceededError, ReadingError
from explorer.reading.decoded import READY, Decoded, read_answer, write_request
from explorer.reading.limits import CHILD_START_SECONDS, CHILD_WALL_SECONDS, check_file_size

POOL_SIZE = 2
# A child is replaced after this many files, so that no memory leak of a decoder adds up.
FILES_PER_CHILD = 500
# How long to wait for the exit code of a child whose pipe has ended.
_REAP_SECONDS = 5.0
# Windows knows neither signal.
_KILL_SIGNAL = int(getattr(signal, "SIGKILL", 9))
_CPU_LIMIT_SIGNAL = int(getattr(signal, "SIGXCPU", 24))
_PACKAGE_ROOT = Path(__file__).resolve().parents[2]


class DecodingChild:
    """One child process; used by one thread at a time.

    Raises:
        ReadingError: The process cannot be started.
    """

    def __init__(self) -> None:
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-W", "ignore", "-m", "explorer.reading.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_child_environment(),
            )
        except OSError as error:
            raise _not_started() from error
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._requests = cast(BufferedWriter, process.stdin)
        self._answers = cast(BufferedReader, process.stdout)
        self._is_ready = False
        self.files = 0

    @property
    def is_alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def wait_until_ready(self) -> None:
        """Wait until the imports of the child are done.

        Raises:
            ReadingError: The child cannot be started.
        """
        if self._is_ready:
            return
        with self._deadline(CHILD_START_SECONDS):
            received = self._answers.read(len(READY))
        if received != READY:
            self.close()
            raise _not_started()
        self._is_ready = True

    def decode(self, data: bytes) -> Decoded:
        """Decode one file.

        Raises:
            ReadingError: What the child says of the file.
            LimitExceededError: The file took too long.
            DecoderStoppedError: The child was ended, by the file or by the system.
        """
        self.wait_until_ready()
        self.files += 1
        try:
            with self._deadline(CHILD_WALL_SECONDS) as is_over:
                write_request(self._requests, data)
                return read_answer(self._answers)
        except ReadingError:
            raise
        except BaseException as error:
            ended_by = self._ended_by() if isinstance(error, EOFError | OSError) else None
            self.close()  # the pipe may hold half an answer: never use this child again
            if not isinstance(error, Exception):
                raise
            if is_over.is_set() or ended_by == _CPU_LIMIT_SIGNAL:
                raise _too_slow() from error
            raise DecoderStoppedError(_stopped_words(ended_by)) from error

    def _ended_by(self) -> int | None:
        """The signal that ended the process; None when it ended by itself or still runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self._process.wait(timeout=_REAP_SECONDS)
            return -code if code < 0 else None
        return None

    def close(self) -> None:
        """End the process and release its pipes."""
        self._process.kill()
        for pipe in (self._requests, self._answers):
            with contextlib.suppress(OSError):
                pipe.close()
        self._process.wait()

    @contextlib.contextmanager
    def _deadline(self, seconds: float) -> Iterator[threading.Event]:
        """Kill the process when the block takes longer; its pipe then ends.

        Yields:
            An event that is set when the time was over.
        """
        is_over = threading.Event()

        def end() -> None:
            is_over.set()
            self._process.kill()

        timer = threading.Timer(seconds, end)
        timer.daemon = True
        timer.start()
        try:
            yield is_over
        finally:
            timer.cancel()


def _too_slow() -> LimitExceededError:
    return LimitExceededError(
        f"A file must decode within {CHILD_WALL_SECONDS:.0f} seconds, this one took longer. "
        "Try again when the machine is less busy, or upload a smaller version."
    )


def _stopped_words(ended_by: int | None) -> str:
    """Sentence for a file whose decoding was stopped by this signal."""
    reason = {
        _KILL_SIGNAL: "was ended by the system, which may be short of memory",
        None: "ended without an answer",
    }.get(ended_by, f"was ended by signal {ended_by} ({_signal_name(ended_by)})")
    remedy = (
        "Try again in a moment, or upload a smaller version."
        if ended_by == _KILL_SIGNAL
        else "The file is likely damaged: export or download it again."
    )
    return f"The process that decodes this file {reason}. {remedy}"


def _signal_name(number: int | None) -> str:
    with contextlib.suppress(ValueError, TypeError):
        return signal.Signals(number or 0).name
    return "unknown"


def _child_environment() -> dict[str, str]:
    """The environment of this process with the path to the package and one maths thread.

    Thread pools of the maths libraries would take address space away from the image.
    """
    earlier = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([str(_PACKAGE_ROOT), *([earlier] if earlier else [])])
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return dict(os.environ) | threads | {"PYTHONPATH": path}


def _not_started() -> ReadingError:
    return ReadingError(
        "Files are decoded in a process of their own, which did not start. "
        "Check that the app may start processes and has memory, then try again."
    )


class DecoderPool:
    """Children that wait for files; safe to use from many threads.

    Args:
        size: How many files are decoded at the same time.
    """

    def __init__(self, size: int = POOL_SIZE) -> None:
        self.size = size
        # None stands for a child that is started when it is needed.
        self._idle: queue.LifoQueue[DecodingChild | None] = queue.LifoQueue()
        for _ in range(size):
            self._idle.put(_start_or_none())

    def decode(self, data: bytes) -> Decoded:
        """Decode one file in a child, waiting for a free one; once more if the child is ended.

        Raises:
            ReadingError: What the child says of the file.
            DecoderStoppedError: A fresh child was ended as well.
        """
        check_file_size(len(data))
        try:
            return self._decode_once(data)
        except DecoderStoppedError:
            try:
                return self._decode_once(data)
            except DecoderStoppedError as error:
                raise DecoderStoppedError(f"Reading was tried twice. {error}") from error

    def _decode_once(self, data: bytes) -> Decoded:
        child = self._idle.get()
        try:
            if child is None or not child.is_alive:
                if child is not None:
                    child.close()
                child = None
                child = DecodingChild()
            return child.decode(data)
        finally:
            if child is None or not child.is_alive or child.files >= FILES_PER_CHILD:
                if child is not None:
                    child.close()
                child = _start_or_none()
            self._idle.put(child)

    def wait_until_ready(self) -> None:
        """Wait until every idle child has started.

        Raises:
            ReadingError: A child cannot be started.
        """
        children = [self._idle.get() for _ in range(self.size)]
        try:
            for child in children:
                if child is not None:
                    child.wait_until_ready()
        finally:
            for child in children:
                self._idle.put(child)

    def close(self) -> None:
        """End all children; the pool cannot be used afterwards."""
        for _ in range(self.size):
            child = self._idle.get()
            if child is not None:
                child.close()


def _start_or_none() -> DecodingChild | None:
    try:
        return DecodingChild()
    except ReadingError:
        return None


_lock = threading.Lock()
_shared: DecoderPool | None = None


def shared_pool() -> DecoderPool:
    """The pool of this process, started on first use and ended with it."""
    global _shared
    with _lock:
        if _shared is None:
            _shared = DecoderPool()
            atexit.register(close_shared_pool)
        return _shared


def close_shared_pool() -> None:
    """End the shared pool; the next use starts a new one."""
    global _shared
    with _lock:
        pool, _shared = _shared, None
    if pool is not None:
        pool.close()


def warm_up() -> None:
    """Start the children without waiting for them; call it when the app starts."""
    shared_pool()
