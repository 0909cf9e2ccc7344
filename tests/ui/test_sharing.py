"""Streamlit's scripts and the queue: who asks, and what becomes of a script that was stopped."""

import threading

import pytest
from streamlit.testing.v1 import AppTest

from explorer.ui import sharing


def a_page() -> None:
    import streamlit as st

    from explorer.ui import sharing

    def told(place: int) -> None:
        st.text(f"place {place}")

    with sharing.turn(told):
        st.text(f"served {sharing.who()}")


def test_a_script_asks_for_its_session() -> None:
    app = AppTest.from_function(a_page).run()
    assert not app.exception
    assert [text.value for text in app.text] == ["served test session id"]


def test_a_thread_without_a_session_asks_for_itself() -> None:
    found = []
    thread = threading.Thread(target=lambda: found.append((sharing.who(), threading.get_ident())))
    thread.start()
    thread.join()
    assert found[0][0] == found[0][1]
    assert sharing.who() != found[0][0]
    sharing.go_on()  # nothing ends it


def test_a_stopped_script_gives_up_its_place_while_it_waits() -> None:
    # A run that takes too long is stopped by the test runner as by a person who closes the tab.
    with sharing.TURNS.turn("another session"):
        with pytest.raises(RuntimeError, match="timed out"):
            AppTest.from_function(a_page).run(timeout=1)
        for _ in range(500):
            if sharing.TURNS.waiting() == 1:
                break
            threading.Event().wait(0.01)
        assert sharing.TURNS.waiting() == 1
    assert sharing.TURNS.waiting() == 0
