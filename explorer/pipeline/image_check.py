"""Is this a frontal chest radiograph? One pair of towers answers, whatever family is in use.

Checkpoints trained here look for themselves, since their towers were taught to. For every other
family the first such checkpoint on the shelf looks, once a film for all panes.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from threading import Lock

import numpy as np

from explorer import adapters
from explorer.adapters import Engine
from explorer.entities import NOT_CHECKED, Float32, ImageCheck, ImageEmbeddings
from explorer.pipeline._assets import ASSETS

FAMILY = "local_alignment"  # whose towers know what a chest radiograph is
MOST = 256  # films whose answer is kept
_STEP = 4  # every fourth pixel of every fourth row names a film

_lock = Lock()
_known: OrderedDict[bytes, ImageCheck] = OrderedDict()
_checkers: list[Engine] = []


def checked(
    found: Sequence[ImageEmbeddings], images: Sequence[Float32]
) -> tuple[ImageEmbeddings, ...]:
    """Give encoded films an image check where their checkpoint made none.

    Args:
        found: Of any family.
        images: The same films, (H, W) in [0, 1].

    Returns:
        The same; `NOT_CHECKED` stays where no checkpoint on the shelf can look.
    """
    return tuple(
        replace(item, check=check_of(pixels)) if item.check is NOT_CHECKED else item
        for item, pixels in zip(found, images, strict=True)
    )


def check_of(pixels: Float32) -> ImageCheck:
    """What kind of image this looks like to the towers that were taught to tell."""
    key = _digest(pixels)
    with _lock:
        if key in _known:
            _known.move_to_end(key)
            return _known[key]
        engine = _checker()
    if engine is None:
        return NOT_CHECKED
    frame = engine.frame_of(*pixels.shape)
    check = engine.embed_image(engine.model_input(pixels, frame=frame), frame=frame).check
    with _lock:
        _known[key] = check
        while len(_known) > MOST:
            _known.popitem(last=False)
    return check


def _checker() -> Engine | None:
    if not _checkers:
        for card in adapters.list_checkpoints(ASSETS / "checkpoints"):
            if card.family == FAMILY:
                _checkers.append(adapters.open_checkpoint(card.folder))
                break
    return _checkers[0] if _checkers else None


def _digest(pixels: Float32) -> bytes:
    sample = np.ascontiguousarray(pixels[::_STEP, ::_STEP])
    return hashlib.blake2b(sample.tobytes() + repr(pixels.shape).encode()).digest()
