"""What is kept for all sessions: bounded in bytes, the least recently used goes first."""

from explorer.ui.kept import Kept


def test_large_values_make_room_by_their_bytes() -> None:
    kept: Kept[str, bytes] = Kept(10, len)
    for name, value in (("a", b"1234"), ("b", b"1234"), ("c", b"12")):
        assert kept.put(name, value) == value
    assert (len(kept), kept.bytes) == (3, 10)
    kept.put("d", b"12345")  # a and b must both go: without a there are 6 + 5
    assert [kept.get(name) for name in "abcd"] == [None, None, b"12", b"12345"]
    assert kept.bytes == 7


def test_what_was_asked_for_last_stays() -> None:
    kept: Kept[str, bytes] = Kept(8, len)
    kept.put("a", b"1234")
    kept.put("b", b"1234")
    assert kept.get("a") == b"1234"
    kept.put("c", b"1234")
    assert [kept.get(name) for name in "abc"] == [b"1234", None, b"1234"]


def test_a_value_that_is_put_again_is_counted_once() -> None:
    kept: Kept[str, bytes] = Kept(8, len)
    kept.put("a", b"1234")
    kept.put("a", b"12")
    assert (len(kept), kept.bytes) == (1, 2)


def test_a_value_larger_than_all_room_is_given_back_and_not_kept() -> None:
    kept: Kept[str, bytes] = Kept(3, len)
    kept.put("a", b"123")
    assert kept.put("b", b"1234") == b"1234"
    assert (kept.get("a"), kept.get("b")) == (b"123", None)


def test_what_nobody_asked_for_in_its_time_is_dropped() -> None:
    now = [0.0]
    kept: Kept[str, bytes] = Kept(100, len, seconds=60, now=lambda: now[0])
    kept.put("a", b"1")
    kept.put("b", b"1")
    now[0] = 50
    kept.get("a")
    now[0] = 100  # b was last used at 0, a at 50
    kept.put("c", b"1")
    assert [kept.get(name) for name in "abc"] == [b"1", None, b"1"]


def test_clear_drops_all() -> None:
    kept: Kept[str, bytes] = Kept(8, len)
    kept.put("a", b"1234")
    kept.clear()
    assert (len(kept), kept.bytes, kept.get("a")) == (0, 0, None)
