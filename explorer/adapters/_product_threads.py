"""How many threads NumPy and SciPy multiply matrices with; the number is the process's own.

Of the limits that are asked for at one time the smallest holds; when none is left, what was before
comes back, in whatever order they end.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from threadpoolctl import ThreadpoolController


@contextmanager
def products_in_one_thread() -> Iterator[None]:
    """Let NumPy multiply in one thread, in all threads of the process.

    For many small products between encoder calls: more threads make none of them quicker, and
    compete with the threads of the encoders, which still spin.
    """
    with at_most(1):
        yield


@contextmanager
def at_most(count: int, *, look_again: bool = False) -> Iterator[None]:
    """Limit to `count`; `look_again` finds libraries that were loaded meanwhile (3 ms)."""
    with _limits.lock:
        if look_again or _limits.controller is None:
            _limits.controller = ThreadpoolController()
        _limits.asked.append(count)
        _limits.hold(_limits.controller)
    try:
        yield
    finally:
        with _limits.lock:
            _limits.asked.remove(count)
            _limits.hold(_limits.controller)


class _Limits:
    """What is asked for now, and what holds; read and written under `lock`."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.asked: list[int] = []
        self.controller: ThreadpoolController | None = None
        self._held: Any = None

    def hold(self, controller: ThreadpoolController) -> None:
        """Take back the limit that holds, then set the smallest that is asked for, if any."""
        if self._held is not None:
            self._held.restore_original_limits()
        limit = min(self.asked, default=None)
        self._held = None if limit is None else controller.limit(limits=limit, user_api="blas")


_limits = _Limits()
