"""What a person does on the Ground page, for tests without a browser."""

from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from explorer.ui.components.workbench import hear as _hear
from explorer.ui.state import Session

from .messages import bodies


def memory(app: AppTest) -> Session:
    """What the session remembers."""
    found = app.session_state["_session"]
    assert isinstance(found, Session)
    return found


def words(app: AppTest) -> str:
    """Everything Streamlit itself says on the page, Markdown escapes taken out."""
    parts = [e.value for e in (*app.markdown, *app.caption, *app.text, *app.info)]
    for alert in (*app.error, *app.warning):
        parts += [alert.value, alert.proto.title]
    return "\n".join(parts).replace("\\", "")


def recognise_late(monkeypatch: pytest.MonkeyPatch, record: Session) -> None:
    """Put the record of the tab back once, after the fields were made anew, as a reload does."""
    told = iter((True,))

    def recognise(_: object) -> bool:
        if next(told, False):
            st.session_state["_session"] = record
            return True
        return False

    monkeypatch.setattr("explorer.ui.tabs.recognise", recognise)


def upload(
    app: AppTest, *files: tuple[str, bytes], report: str = "", field: str = "drop_a"
) -> AppTest:
    """Give a file field radiographs and a report, as the drawer does."""
    found = next(f for f in app.file_uploader if str(f.key).startswith(field))
    for name, data in files:
        found.upload(name, data)
    if report:
        found.upload("Report text", report.encode())
    return app.run()


def ask(app: AppTest, phrase: str) -> AppTest:
    """Type a phrase, as the viewer's box tells it."""
    memory(app).add_typed(phrase)
    return app.run()


def on_screen(app: AppTest) -> str | None:
    """Token of the study whose film is on screen, checked against every part of its results."""
    films = bodies(app, "film")[0]["panes"]
    tokens = {film["study"] for film in films} | {part["study"] for part in bodies(app, "part")}
    assert len(tokens) <= 1
    return next(iter(tokens), None)


def desk(app: AppTest) -> dict[str, Any]:
    """What lies around the film."""
    found = bodies(app, "film")[0]["desk"]
    assert isinstance(found, dict)
    return found


def open_bundled_in(app: AppTest, name: str) -> None:
    """Open a bundled study, as the drawer tells it."""
    from explorer.ui import shelf

    memory(app).show(shelf.bundled(name).anew())
    app.run()


def hear(app: AppTest, kind: str, **values: Any) -> None:
    """Have the page hear a request of the viewer."""
    import streamlit as st

    st.session_state["_session"] = memory(app)
    _hear(kind, values)
    app.run()


def open_at(**address: str) -> AppTest:
    """Open the app at an address."""
    from .conftest import APP

    app = AppTest.from_file(str(APP), default_timeout=60)
    for name, value in address.items():
        app.query_params[name] = value
    return app.run()
