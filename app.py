"""The frame of the app: page settings and navigation, nothing else.

`streamlit run app.py` imports this file once to serve it, which starts the warm-up, and then runs
it as a script for every session.
"""

from pathlib import Path

import streamlit as st

from explorer.ui import pages as pages_folder
from explorer.ui.components.frame import finish_frame, frame
from explorer.ui.serving import explain_error, warm_up

ROOT = Path(__file__).parent
PAGES = Path(pages_folder.__file__).parent


def rank(page: Path) -> tuple[int, str]:
    """Place Ground first and what is about the app last; the pages between follow the alphabet."""
    return {"ground": 0, "checkpoints": 2, "about": 3}.get(page.stem, 1), page.stem


def show_frame() -> None:
    """Set up the page and run the one that was navigated to: every file of the pages folder."""
    st.set_page_config(
        page_title="Radiograph Grounding Explorer",
        # A local image: a `:material/` icon would make the browser call out for its favicon.
        page_icon=str(ROOT / "assets" / "theme" / "icon.png"),
        layout="wide",
    )
    files = sorted((page for page in PAGES.glob("*.py") if page.stem[0] != "_"), key=rank)
    pages = [
        st.Page(
            file, title=file.stem.capitalize(), url_path=file.stem, default=file.stem == "ground"
        )
        for file in files
    ]
    current = st.navigation(pages, position="hidden")
    frame(pages, current)
    current.run()
    finish_frame()


if __name__ == "__main__":
    show_frame()
else:
    app = st.App(__file__, lifespan=warm_up, on_script_error=explain_error)
