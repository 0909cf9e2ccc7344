"""The main page: a radiograph, its report, and for every sentence the region it speaks of."""

import streamlit as st

from explorer.ui.components.banner import banner
from explorer.ui.components.error_box import guarded
from explorer.ui.components.source_panel import (
    BUNDLED,
    fill_thumbnails,
    gallery,
    own_files,
    problem_list,
    show_first,
    source_choice,
)
from explorer.ui.components.stage import heading, stage
from explorer.ui.state import session


def show() -> None:
    """Draw the page; pictures of the gallery come last, the first map does not wait for them."""
    memory = session()
    with st.container():  # keeps the place of what follows when the notice goes
        banner()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("### Which region does each sentence speak of?", width="stretch")
        source = source_choice()
    slots = {}
    with guarded():
        show_first(memory)
        if source == BUNDLED:
            slots = gallery(memory)
        else:
            own_files(memory)
    with st.container():
        problem_list(memory)
    if memory.loaded is None:
        st.info("Choose a bundled study or open your own radiograph to begin.")
    else:
        # The line about own files names them already.
        own = source != BUNDLED and memory.loaded.origin == "upload" and not memory.uploading
        heading(memory.loaded, named=not own)
        stage()
    fill_thumbnails(slots)


if __name__ == "__main__":
    show()
