"""The rows of the phrases that were asked last; safe to share between threads."""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

from explorer.entities import Float32

KEPT_PHRASES = 4096  # rows kept an engine: 1 kB each


class Recent:
    """The rows of the phrases that were asked last; safe to share between threads."""

    def __init__(self, most: int = KEPT_PHRASES) -> None:
        self._most = most
        self._rows: OrderedDict[str, Float32] = OrderedDict()
        self._lock = Lock()

    def get(self, phrases: Sequence[str]) -> dict[str, Float32]:
        """Rows of those phrases that are kept."""
        with self._lock:
            found = {phrase: self._rows[phrase] for phrase in phrases if phrase in self._rows}
            for phrase in found:
                self._rows.move_to_end(phrase)
        return found

    def add(self, rows: dict[str, Float32]) -> None:
        """Keep rows; the ones that were not asked for longest make room."""
        with self._lock:
            self._rows.update(rows)
            while len(self._rows) > self._most:
                self._rows.popitem(last=False)
