"""The frame of the app: page settings and navigation, nothing else."""

from pathlib import Path

import streamlit as st

ROOT = Path(__file__).parent
PAGES = ROOT / "explorer" / "ui" / "pages"


def rank(page: Path) -> tuple[bool, bool, str]:
    """Place Ground first and About last; the pages between follow the alphabet."""
    return page.stem != "ground", page.stem == "about", page.stem


st.set_page_config(
    page_title="Radiograph Grounding Explorer",
    # A local image: a `:material/` icon would make the browser call out for its favicon.
    page_icon=str(ROOT / "assets" / "theme" / "icon.png"),
    layout="wide",
)
files = sorted((page for page in PAGES.glob("*.py") if page.stem[0] != "_"), key=rank)
pages = [
    st.Page(file, title=file.stem.capitalize(), url_path=file.stem, default=file.stem == "ground")
    for file in files
]
st.navigation(pages, position="top").run()
