"""A picture that comes with the page itself.

Streamlit keeps pictures under an address of their own and forgets it with the next run: a page that
was drawn anew while its pictures were still on their way asked for what was gone. Here the bytes
are part of what the page is told.
"""

import base64

import cv2
import numpy as np
import streamlit as st
from numpy.typing import NDArray


def show_picture(pixels: NDArray[np.uint8], *, alt: str) -> None:
    """Draw a picture as wide as its column.

    Args:
        pixels: (h, w, 3) RGB or (h, w, 4) RGBA.
        alt: What it shows, for those who do not see it.
    """
    st.image(picture_url(pixels), width="stretch", alt=alt)


def picture_url(pixels: NDArray[np.uint8]) -> str:
    """The same as a PNG in a `data:` address."""
    order = cv2.COLOR_RGBA2BGRA if pixels.shape[-1] == 4 else cv2.COLOR_RGB2BGR
    done, encoded = cv2.imencode(".png", cv2.cvtColor(pixels, order))
    if not done:
        raise ValueError(f"A picture must be (h, w, 3) or (h, w, 4), got {pixels.shape}.")
    return "data:image/png;base64," + base64.b64encode(encoded.tobytes()).decode("ascii")
