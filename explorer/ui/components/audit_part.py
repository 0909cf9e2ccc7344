"""What a loaded checkpoint does to the film on screen before its network sees it."""

from typing import TYPE_CHECKING

import streamlit as st

from explorer.ui.door import pipeline
from explorer.ui.state import session
from explorer.ui.wording import percent, plain

if TYPE_CHECKING:
    from explorer.pipeline import Engine


def audit_part(engine: "Engine", *, key: str) -> None:
    """Offer the steps, and show them with the exact picture that the network is given.

    Args:
        engine: A loaded checkpoint.
        key: Of the switch; one a checkpoint and way of running.
    """
    film = session().radiograph
    if film is None:
        st.caption("Open a film to see what this checkpoint does to it before it looks.")
        return
    if not st.toggle("What it does to the film on screen", key=f"audit_{key}"):
        return
    audit = pipeline.audit_preprocessing(engine, film)
    for warning in audit.warnings:
        st.warning(plain(warning))
    left, right = st.columns((3, 2), gap="medium")
    steps = [plain(step.name) for step in audit.steps]
    with left:
        st.table(
            {"Step": steps, "What it did": [plain(step.did) for step in audit.steps]},
            alt="Steps from the file to the input of the network",
        )
    with right:
        shape = " x ".join(str(side) for side in audit.tensor.shape)
        st.image(
            audit.picture,
            caption=f"What the network is given: {shape} numbers from {audit.tensor.min():.2f} to "
            f"{audit.tensor.max():.2f}; {percent(audit.seen)} of the film.",
            width="stretch",
            alt="The film as the network is given it",
        )
