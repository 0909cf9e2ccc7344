"""The main page: a radiograph, its report, and for every sentence the region it speaks of."""

import streamlit as st

from explorer.ui.components.banner import banner


def show() -> None:
    """Draw the page."""
    banner()
    st.title("Ground")


if __name__ == "__main__":
    show()
