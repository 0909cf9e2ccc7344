"""What happens once a process: warm-up before the first visitor, and the last resort for errors."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import streamlit as st

from explorer.ui import clustered, engines
from explorer.ui.components.error_box import error_box
from explorer.ui.memory import give_back_large_blocks


@asynccontextmanager
async def warm_up(_: st.App) -> AsyncIterator[dict[str, Any]]:
    """Load what the first visitor needs while their browser is still loading the page."""
    give_back_large_blocks()
    threading.Thread(target=_prepare, name="warm-up", daemon=True).start()
    yield {}


def _prepare() -> None:
    engines.warm_up()
    clustered.prepare()


def explain_error(error: Exception) -> bool:
    """Show an error that no part of a page has caught; Streamlit then shows no traceback."""
    error_box(error)
    return True
