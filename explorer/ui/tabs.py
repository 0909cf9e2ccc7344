"""Gives a reloaded tab its session back: records by the tab's secret name, in memory only.

A reload starts a new Streamlit session. The browser keeps a random name in the tab's own storage
(`sessionStorage`: not shared with other tabs, gone with the tab) and tells it to the new session.
A copied tab copies that storage too; the record is therefore given out only when the session that
used it last is no longer connected, and the copy starts anew.
"""

import re
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, replace

import streamlit as st
from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from explorer.ui.state import Session, replace_session, session

KEPT_SECONDS = 30 * 60
MOST_KEPT = 12
_NAME = re.compile(r"[0-9a-f]{32}")


@dataclass(slots=True)
class _Kept:
    record: Session
    session_id: str
    seen: float


class TabStore:
    """The records of the last tabs; the least recently seen make room."""

    def __init__(self, *, most: int = MOST_KEPT, seconds: float = KEPT_SECONDS) -> None:
        self._most, self._seconds = most, seconds
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def keep(self, tab: str, record: Session, session_id: str, *, now: float) -> None:
        """Remember a tab's record under the session that uses it."""
        with self._lock:
            self._kept[tab] = _Kept(record, session_id, now)
            self._kept.move_to_end(tab)
            self._drop_old(now)

    def find(self, tab: str, *, now: float) -> tuple[Session, str] | None:
        """Return the record of a tab and the session that used it last."""
        with self._lock:
            self._drop_old(now)
            kept = self._kept.get(tab)
            return None if kept is None else (kept.record, kept.session_id)

    def _drop_old(self, now: float) -> None:
        while self._kept:
            tab, oldest = next(iter(self._kept.items()))
            if len(self._kept) <= self._most and now - oldest.seen <= self._seconds:
                return
            del self._kept[tab]


@st.cache_resource(show_spinner=False)
def _store() -> TabStore:
    return TabStore()


def recognise(name: object) -> bool:
    """Take the name a browser tab told; return whether its earlier record was put back.

    Anything that is no name of ours is ignored.
    """
    context = get_script_run_ctx()
    if not isinstance(name, str) or not _NAME.fullmatch(name) or context is None:
        return False
    memory, here, now = session(), context.session_id, time.monotonic()
    if memory.tab is None:
        found = _store().find(name, now=now)
        if found is not None and found[1] != here:
            if Runtime.instance().is_active_session(found[1]):
                return False  # a copied tab: it gets a name of its own from the browser later
            # A script of the old session may still run: it keeps its results to itself.
            record = replace(found[0], typed=list(found[0].typed), work=None)
            replace_session(record)
            _store().keep(name, record, here, now=now)
            return True
        memory.tab = name
    if memory.tab == name:
        _store().keep(name, memory, here, now=now)
    return False
