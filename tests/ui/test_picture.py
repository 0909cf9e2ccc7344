"""Pictures of a page come with it, colours and all."""

import base64

import cv2
import numpy as np
import pytest

from explorer.ui.components.picture import picture_url


@pytest.mark.parametrize("channels", [3, 4])
def test_a_picture_comes_back_from_its_address_as_it_was(channels: int) -> None:
    pixels = np.zeros((2, 3, channels), np.uint8)
    pixels[0, 0, :3] = (255, 128, 1)  # red first
    pixels[..., 3:] = 200
    head, _, data = picture_url(pixels).partition(",")
    assert head == "data:image/png;base64"
    read = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_UNCHANGED)
    assert read is not None
    back = cv2.COLOR_BGRA2RGBA if channels == 4 else cv2.COLOR_BGR2RGB
    assert np.array_equal(cv2.cvtColor(read, back), pixels)
