"""One piece of heavy work at a time in this process, shared fairly between its sessions.

One Streamlit process serves every session in a thread of its own. A second visitor slows the
first one down by pieces of work that alternate and not by a fight over cores and memory.
Streamlit ends a script that was stopped or superseded by raising in its next call: one that waits
here asks for that itself, so it never keeps its place.
"""

import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager

from streamlit.runtime.scriptrunner import get_script_run_ctx

from explorer.ui.turns import Turns

Told = Callable[[int], None]
TURNS = Turns()
QUIET, LOOK_UP = 2.0, 0.25  # seconds


@contextmanager
def turn(told: Told | None = None) -> Iterator[None]:
    """Wait until it is this session's turn, then do one piece of heavy work alone.

    Args:
        told: Called with how many pieces of work come before this one, whenever that changes, and
            with 0 when the wait is over; not called when there is no wait. May use Streamlit.
    """
    with TURNS.turn(who(), check=go_on, told=told):
        yield


def place() -> int | None:
    """How many pieces come before this session's next one; 0 while its own is done, else None."""
    return TURNS.place(who())


def wait_for_quiet() -> None:
    """Come back when nobody has asked for a turn for some seconds; for work nobody waits for."""
    quiet = 0.0
    while quiet < QUIET:
        time.sleep(LOOK_UP)
        quiet = 0.0 if TURNS.waiting() else quiet + LOOK_UP


def who() -> Hashable:
    """Name the session this thread works for; a thread without one stands for itself."""
    context = get_script_run_ctx(suppress_warning=True)
    return threading.get_ident() if context is None else context.session_id


def go_on() -> None:
    """End this script here if its session is gone or something newer is to be run."""
    context = get_script_run_ctx(suppress_warning=True)
    if context is not None:
        context.yield_check()
