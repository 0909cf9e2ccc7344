"""A reloaded tab gets its record back; nobody else does, and not for ever."""

from explorer.ui.state import Session
from explorer.ui.tabs import TabStore

NAME = "0123456789abcdef" * 2


def test_a_record_is_found_by_the_name_of_its_tab_only() -> None:
    store, record = TabStore(), Session()
    store.keep(NAME, record, "session-1", now=0.0)
    found = store.find(NAME, now=1.0)
    assert found is not None
    assert found[0] is record
    assert found[1] == "session-1"
    assert store.find(NAME[::-1], now=1.0) is None


def test_records_are_forgotten_after_their_time_and_beyond_their_number() -> None:
    store = TabStore(most=2, seconds=10)
    for number in range(3):
        store.keep(f"{number:032x}", Session(), "session", now=float(number))
    assert store.find(f"{0:032x}", now=3.0) is None  # the oldest made room
    assert store.find(f"{2:032x}", now=3.0) is not None
    assert store.find(f"{2:032x}", now=12.1) is None  # ten seconds passed


def test_a_record_that_is_seen_again_is_the_youngest() -> None:
    store = TabStore(most=2, seconds=100)
    for number in (0, 1, 0, 2):
        store.keep(f"{number:032x}", Session(), "session", now=float(number))
    assert store.find(f"{1:032x}", now=5.0) is None
    assert store.find(f"{0:032x}", now=5.0) is not None
