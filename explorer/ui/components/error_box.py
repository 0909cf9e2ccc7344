"""What a person sees when something goes wrong: what happened, the value, the remedy."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from explorer.ui.faults import explain, title_of
from explorer.ui.wording import plain


def error_box(error: Exception, *, about: str | None = None) -> None:
    """Show an error in place; the rest of the page stays usable.

    Args:
        error: Messages of ExplorerError are shown as they are, as text.
        about: What it concerns, e.g. a file name; shown as text.
    """
    title = title_of(error) if about is None else f"{plain(about, longest=80)}: {title_of(error)}"
    st.error(plain(explain(error)), title=title)


@contextmanager
def guarded(*, about: str | None = None) -> Iterator[None]:
    """Run a part of a page; what goes wrong inside becomes an error box."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - the border to the person; bugs are logged above
        error_box(error, about=about)
