"""Fair turns at what only one may use at a time: those who wait are served round robin.

Work is cut into pieces and every piece takes a turn. Who comes back for the next piece goes
behind all others that wait, so nobody waits for another's report, only for one of its pieces.
Nothing here knows of Streamlit, engines or time limits.
"""

import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

LOOK_UP = 0.1  # seconds after which one who waits asks again whether to go on


@dataclass(eq=False, slots=True)
class _Ticket:
    """One piece of work that waits or is being done."""

    asker: Hashable
    thread: int = field(default_factory=threading.get_ident)


def _go_on() -> None:
    """Nothing ever asks this asker to stop."""


class Turns:
    """A queue of askers in which each gets one piece done a round; safe from many threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        # Askers in the order in which they are served, each with its pieces in their order.
        self._waiting: dict[Hashable, deque[_Ticket]] = {}
        # Further pieces of the asker that is being served: they join the end afterwards.
        self._held: deque[_Ticket] = deque()
        self._serving: _Ticket | None = None

    @contextmanager
    def turn(
        self,
        asker: Hashable,
        *,
        check: Callable[[], None] = _go_on,
        told: Callable[[int], None] | None = None,
    ) -> Iterator[None]:
        """Wait for a turn and hold it for one piece of work.

        However the block or the waiting ends, the turn and the place in the queue are given up.

        Args:
            asker: Whose work it is; each asker gets one piece a round, however many it asks for.
            check: Called while waiting and once before the work starts; raises to give up.
            told: Called with `place` when it changes while waiting, and with 0 at the end of a
                wait it was told of. May raise, too.

        Raises:
            RuntimeError: This thread holds a turn already and would wait for itself.
        """
        ticket = self._join(asker)
        try:
            self._wait(ticket, check, told)
            yield
        finally:
            self._leave(ticket)

    def place(self, asker: Hashable) -> int | None:
        """How many pieces are done before the next one of an asker: 0 while one of its own is done.

        None when it asks for nothing.
        """
        with self._changed:
            return next((i for i, t in self._in_order() if t.asker == asker), None)

    def waiting(self) -> int:
        """How many pieces wait or are being done."""
        with self._changed:
            return len(list(self._in_order()))

    def _join(self, asker: Hashable) -> _Ticket:
        ticket = _Ticket(asker)
        with self._changed:
            serving = self._serving
            if serving is not None and serving.thread == ticket.thread:
                raise RuntimeError("A turn was asked for inside a turn. Take one turn a piece.")
            if serving is not None and serving.asker == asker:
                self._held.append(ticket)
            else:
                self._waiting.setdefault(asker, deque()).append(ticket)
            self._serve()
        return ticket

    def _wait(
        self, ticket: _Ticket, check: Callable[[], None], told: Callable[[int], None] | None
    ) -> None:
        said = 0
        while True:
            check()
            with self._changed:
                place = next(i for i, t in self._in_order() if t is ticket)
            if told is not None and place != said:
                told(place)
                said = place
            if place == 0:
                return
            with self._changed:
                if self._serving is not ticket:
                    self._changed.wait(LOOK_UP)

    def _leave(self, ticket: _Ticket) -> None:
        with self._changed:
            if self._serving is ticket:
                self._serving = None
                if self._held:
                    self._waiting[ticket.asker] = self._held
                    self._held = deque()
            elif ticket in self._held:
                self._held.remove(ticket)
            else:
                self._waiting[ticket.asker].remove(ticket)
                if not self._waiting[ticket.asker]:
                    del self._waiting[ticket.asker]
            self._serve()

    def _serve(self) -> None:
        """Give a free turn to the first piece of the first asker; wake all to see their place."""
        if self._serving is None and self._waiting:
            asker = next(iter(self._waiting))
            self._held = self._waiting.pop(asker)
            self._serving = self._held.popleft()
        self._changed.notify_all()

    def _in_order(self) -> Iterator[tuple[int, _Ticket]]:
        """Every piece with how many come before it, as they would be served now."""
        if self._serving is not None:
            yield 0, self._serving
        queues = [queue for queue in (*self._waiting.values(), self._held) if queue]
        place = 1
        for number in range(max(map(len, queues), default=0)):
            for queue in queues:
                if number < len(queue):
                    yield place, queue[number]
                    place += 1
