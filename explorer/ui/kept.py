"""Results that are kept for all sessions, bounded by their bytes and not by their number."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(slots=True)
class _Entry(Generic[V]):
    value: V
    size: int
    used: float


class Kept(Generic[K, V]):
    """The most recently used values that fit; safe from many threads.

    Args:
        most_bytes: What all values may take together; a value that is larger alone is not kept.
        size: Bytes of one value, at least 0.
        seconds: A value that nobody asked for that long is dropped.
        now: The time in seconds; another clock for tests.
    """

    def __init__(
        self,
        most_bytes: int,
        size: Callable[[V], int],
        *,
        seconds: float = 7200.0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most_bytes = most_bytes
        self._size = size
        self._seconds = seconds
        self._now = now
        self._lock = threading.Lock()
        self._entries: OrderedDict[K, _Entry[V]] = OrderedDict()
        self._bytes = 0

    @property
    def bytes(self) -> int:
        """What the kept values take."""
        with self._lock:
            return self._bytes

    def __len__(self) -> int:
        with self._lock:
            return len(self._entries)

    def get(self, key: K) -> V | None:
        """Return a value that is kept, and keep it longer."""
        with self._lock:
            self._drop_old()
            entry = self._entries.get(key)
            if entry is None:
                return None
            entry.used = self._now()
            self._entries.move_to_end(key)
            return entry.value

    def put(self, key: K, value: V) -> V:
        """Keep a value, drop the least recently used ones to make room, and return it."""
        size = self._size(value)
        with self._lock:
            self._drop(key)
            self._drop_old()
            if size <= self._most_bytes:
                self._entries[key] = _Entry(value, size, self._now())
                self._bytes += size
            while self._bytes > self._most_bytes:
                self._drop(next(iter(self._entries)))
        return value

    def clear(self) -> None:
        """Drop everything."""
        with self._lock:
            self._entries.clear()
            self._bytes = 0

    def _drop_old(self) -> None:
        oldest = self._now() - self._seconds
        while self._entries and next(iter(self._entries.values())).used < oldest:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: K) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= entry.size
