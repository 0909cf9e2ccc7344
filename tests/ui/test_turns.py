"""Turns: who waits for whom, counted in pieces of work and never in seconds."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from explorer.ui.turns import Turns


class Workers:
    """Threads that do pieces of work one at a time, each only when the test lets it go on."""

    def __init__(self) -> None:
        self.turns = Turns()
        self.done: list[str] = []
        self.threads: list[threading.Thread] = []
        self.inside = threading.Semaphore(0)  # released by each piece that begins
        self.let = threading.Semaphore(0)  # taken by each piece before it ends

    def start(self, asker: str, *, pieces: int = 1, **how: Any) -> None:
        """Let a thread ask for `pieces` turns, one after the other, and wait until it asks."""

        def work() -> None:
            for _ in range(pieces):
                with self.turns.turn(asker, **how):
                    self.inside.release()
                    assert self.let.acquire(timeout=10)
                    self.done.append(asker)

        before = self.turns.waiting()
        self.threads.append(threading.Thread(target=work, daemon=True))
        self.threads[-1].start()
        self.wait_for(lambda: self.turns.waiting() > before)

    def wait_for(self, true: Callable[[], bool]) -> None:
        for _ in range(1000):
            if true():
                return
            threading.Event().wait(0.01)
        raise AssertionError("What was waited for did not come about.")

    def begins(self) -> None:
        """Wait until the next piece has begun."""
        assert self.inside.acquire(timeout=10)

    def finish(self, pieces: int) -> None:
        """Let so many pieces end, one after the other, all threads coming back in between."""
        for _ in range(pieces):
            before = len(self.done)
            self.let.release()
            self.wait_for(lambda before=before: len(self.done) > before)  # type: ignore[misc]


@pytest.fixture
def workers() -> Iterator[Workers]:
    made = Workers()
    yield made
    for thread in made.threads:
        thread.join(timeout=10)
        assert not thread.is_alive()
    assert made.turns.waiting() == 0


def test_a_single_piece_waits_for_one_piece_of_a_long_work(workers: Workers) -> None:
    workers.start("A", pieces=50)
    workers.begins()
    workers.start("B")
    workers.finish(51)
    assert workers.done == ["A", "B"] + ["A"] * 49


def test_three_who_each_have_much_to_do_alternate(workers: Workers) -> None:
    workers.start("A", pieces=3)
    workers.begins()
    workers.start("B", pieces=3)
    workers.start("C", pieces=3)
    for _ in range(9):
        workers.finish(1)
        # Who has just been served is back in the queue before the next piece ends.
        left = 9 - len(workers.done)
        workers.wait_for(lambda left=left: workers.turns.waiting() == min(3, left))  # type: ignore[misc]
    assert workers.done == list("ABCABCABC")


def test_two_threads_of_one_session_count_as_one(workers: Workers) -> None:
    workers.start("A")
    workers.begins()
    workers.start("A")
    workers.start("A")
    workers.start("B")
    assert workers.turns.place("B") == 1
    workers.finish(4)
    assert workers.done == ["A", "B", "A", "A"]


def test_places_are_counted_in_pieces(workers: Workers) -> None:
    assert workers.turns.place("A") is None
    workers.start("A")
    workers.begins()
    for asker in "BCD":
        workers.start(asker)
    assert [workers.turns.place(asker) for asker in "ABCDE"] == [0, 1, 2, 3, None]
    workers.finish(2)
    workers.wait_for(lambda: workers.turns.place("C") == 0)
    assert [workers.turns.place(asker) for asker in "ABCD"] == [None, None, 0, 1]
    workers.finish(2)


def test_who_waits_is_told_the_place_whenever_it_changes(workers: Workers) -> None:
    told: list[int] = []
    workers.start("A")
    workers.begins()
    workers.start("B")
    workers.start("C", told=told.append)
    workers.wait_for(lambda: told == [2])
    workers.finish(1)
    workers.wait_for(lambda: told == [2, 1])
    workers.finish(2)
    assert told == [2, 1, 0]


def test_who_need_not_wait_is_told_nothing() -> None:
    told: list[int] = []
    with Turns().turn("A", told=told.append):
        pass
    assert told == []


class Stopped(BaseException):
    """What Streamlit raises is no `Exception` either."""


@pytest.mark.parametrize("way", ["check", "told"])
def test_who_is_stopped_while_waiting_gives_up_the_place(workers: Workers, way: str) -> None:
    calls = []

    def stop(*_: object) -> None:
        calls.append(workers.turns.place("B"))
        if way == "told" or len(calls) == 2:  # the first check is made before waiting
            raise Stopped

    workers.start("A")
    workers.begins()
    left: list[str] = []

    def wait() -> None:
        try:
            with workers.turns.turn("B", **{way: stop}):
                left.append("was served")
        except Stopped:
            left.append("stopped")

    workers.threads.append(threading.Thread(target=wait))
    workers.threads[-1].start()
    workers.wait_for(lambda: bool(left))
    assert left == ["stopped"]
    assert set(calls) == {1}
    assert workers.turns.place("B") is None
    workers.start("C")
    assert workers.turns.place("C") == 1
    workers.finish(2)


def test_one_thread_of_a_session_that_is_stopped_leaves_the_place_of_the_other() -> None:
    turns = Turns()

    def stop() -> None:
        raise Stopped

    inside, let = threading.Event(), threading.Event()

    def work() -> None:
        with turns.turn("A"):
            inside.set()
            assert let.wait(10)

    thread = threading.Thread(target=work)
    thread.start()
    assert inside.wait(10)
    with pytest.raises(Stopped), turns.turn("A", check=stop):
        pass
    assert turns.waiting() == 1
    let.set()
    thread.join(10)
    assert turns.waiting() == 0


@pytest.mark.parametrize("error", [ValueError, Stopped])
def test_an_error_inside_a_turn_frees_it(error: type[BaseException]) -> None:
    turns = Turns()
    with pytest.raises(error), turns.turn("A"):
        raise error
    assert turns.waiting() == 0
    with turns.turn("B"):
        assert turns.place("B") == 0


def test_a_turn_is_held_by_one_at_a_time() -> None:
    turns, inside, most = Turns(), [0], [0]

    def work(asker: int) -> None:
        for _ in range(20):
            with turns.turn(asker):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                threading.Event().wait(0.0005)
                inside[0] -= 1

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert most == [1]


def test_a_turn_inside_a_turn_is_an_error_and_no_standstill() -> None:
    turns = Turns()
    with turns.turn("A"), pytest.raises(RuntimeError, match="inside a turn"), turns.turn("A"):
        pass
    assert turns.waiting() == 0
