"""Gives a reloaded tab its session back: records by the tab's secret name, in memory only.

A reload starts a new Streamlit session. The browser keeps a random name in the tab's own storage
(`sessionStorage`: not shared with other tabs, gone with the tab) and tells it to the new session.
A copied tab copies that storage too; the record is therefore given out only when the session that
used it last is no longer connected, and the copy starts anew.
"""

import re
from dataclasses import dataclass, replace

import streamlit as st
from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from explorer.ui.kept import Kept
from explorer.ui.state import Session, replace_session, session

KEPT_SECONDS = 30 * 60
MOST_BYTES = 240_000_000  # films of open and of closed tabs
_NAME = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Seen:
    """The record of a tab and the session that used it last."""

    record: Session
    session_id: str


def size_of(seen: Seen) -> int:
    """Bytes of the films and files of a record; the rest is small."""
    record, studies = seen.record, [seen.record.loaded, seen.record.before]
    if record.search and record.search.query.asked:
        studies.append(record.search.query.asked.loaded)
    films = {film.digest: film for loaded in studies if loaded for film in loaded.films}
    files = record.incoming.files if record.incoming else ()
    arrays = [a for film in films.values() for a in (film.pixels, film.levels, film.valid)]
    return sum(a.nbytes for a in arrays if a is not None) + sum(len(f.data) for f in files)


@st.cache_resource(show_spinner=False)
def _store() -> Kept[str, Seen]:
    return Kept(MOST_BYTES, size_of, seconds=KEPT_SECONDS)


def recognise(name: object) -> bool:
    """Take the name a browser tab told; return whether its earlier record was put back.

    Anything that is no name of ours is ignored.
    """
    context = get_script_run_ctx()
    if not isinstance(name, str) or not _NAME.fullmatch(name) or context is None:
        return False
    memory, here = session(), context.session_id
    if memory.tab is None:
        found = _store().get(name)
        if found is not None and found.session_id != here:
            if Runtime.instance().is_active_session(found.session_id):
                return False  # a copied tab: it gets a name of its own from the browser later
            # A script of the old session may still run: it keeps its results to itself.
            record = replace(
                found.record, typed=list(found.record.typed), works={}, shown=None, placed={}
            )
            replace_session(record)
            _store().put(name, Seen(record, here))
            return True
        memory.tab = name
    if memory.tab == name:
        _store().put(name, Seen(memory, here))
    return False
