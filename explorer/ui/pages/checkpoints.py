"""The shelf of checkpoints: where each comes from, what it was trained on, how it runs here."""

import streamlit as st


def show() -> None:
    """Draw the page."""
    st.title("Checkpoints")


if __name__ == "__main__":
    show()
