"""What a person asked for in the browser, each once and in order, however fast the hand is.

A Streamlit trigger keeps only the last value before a run; two quick presses would lose one. The
browser therefore keeps its last requests with serial numbers, and each is handled once.
"""

from collections.abc import Callable
from typing import Any

import streamlit as st

_HEARD = "_heard"


class Outbox:
    """Reads the requests of one component.

    Args:
        key: Of the component; its state is named "outbox".
        hear: Called for each new request with its kind and its other values.
    """

    def __init__(self, key: str, hear: Callable[[str, dict[str, Any]], None]) -> None:
        self._key, self._hear = key, hear

    def read(self) -> None:
        """Handle what is new; Streamlit calls it before the page runs."""
        state = st.session_state.get(self._key)
        found = getattr(state, "outbox", None)
        for request in new_requests(found, self._heard()):
            self._hear(str(request["kind"]), request)

    def _heard(self) -> dict[str, int]:
        heard: dict[str, int] = st.session_state.setdefault(_HEARD, {})
        return heard


def new_requests(found: Any, heard: dict[str, int]) -> list[dict[str, Any]]:
    """Return the well-formed requests that were not heard before, oldest first, and note them.

    Args:
        found: What a browser sent: a list of {"from", "serial", "kind", ...}; anything else in it
            is dropped.
        heard: Highest serial number heard from each sender; updated.

    >>> heard: dict[str, int] = {}
    >>> one, two = ({"from": "a", "serial": n, "kind": "ask"} for n in (1, 2))
    >>> [r["serial"] for r in new_requests([one], heard)]
    [1]
    >>> [r["serial"] for r in new_requests([one, two], heard)]
    [2]
    """
    fresh = []
    for request in found if isinstance(found, (list, tuple)) else ():
        if not isinstance(request, dict):
            continue
        sender, serial = request.get("from"), request.get("serial")
        if not isinstance(sender, str) or not isinstance(serial, (int, float)):
            continue
        if "kind" in request and serial > heard.get(sender, 0):
            heard[sender] = int(serial)
            fresh.append(request)
    return fresh
