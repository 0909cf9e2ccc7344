"""What a browser asks for is heard once, in order, and only when it is well formed."""

from typing import Any

import pytest

from explorer.ui.components.outbox import new_requests


def request(serial: Any, sender: Any = "tab", **more: Any) -> dict[str, Any]:
    return {"from": sender, "serial": serial, "kind": "ask", **more}


def test_two_requests_before_a_run_are_both_heard_and_none_twice() -> None:
    heard: dict[str, int] = {}
    both = [request(1), request(2)]
    assert [r["serial"] for r in new_requests(both, heard)] == [1, 2]
    assert new_requests(both, heard) == []


def test_a_reloaded_page_starts_to_count_anew() -> None:
    heard = {"old": 7}
    assert len(new_requests([request(1, "new")], heard)) == 1
    assert heard == {"old": 7, "new": 1}


@pytest.mark.parametrize(
    "found",
    [None, "ask", 3, [None, 5, "x"], [{"serial": 1, "kind": "ask"}], [request("1")],
     [request(1, sender=None)], [{"from": "tab", "serial": 1}]],
)  # fmt: skip
def test_what_is_not_a_request_is_dropped(found: Any) -> None:
    assert new_requests(found, {}) == []
