"""The image check: a linear head that tells frontal radiographs from everything else.

It is fitted after the towers, which stay as they are. Turned films are made by turning real ones;
laterals are phantoms; what is not a chest radiograph comes from CT slices and `strange_pictures`.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.encoders.alignment import IMAGE_KINDS, LocalAlignmentModel
from explorer.encoders.image import summarise
from explorer.encoders.preprocessing import standardise

UInt8 = NDArray[np.uint8]
_QUARTER_TURNS = {"frontal": 0, "rotated left": 1, "upside down": 2, "rotated right": 3}


def fit_image_check(
    model: LocalAlignmentModel,
    *,
    frontal: Sequence[UInt8],
    lateral: Sequence[UInt8],
    strange: Sequence[UInt8],
    views: int = 4800,
    epochs: int = 150,
    seed: int = 0,
) -> float:
    """Fit the head of `model` in place.

    Args:
        model: With trained towers.
        frontal: Square 8-bit images of any size.
        lateral: The same; may be empty.
        strange: The same, of anything else.
        views: Augmented images in all.
        epochs: Passes over their summaries.
        seed: Of all draws.

    Returns:
        Share of held-out views (a fifth) that are told right.
    """
    rng = np.random.default_rng(seed)
    summaries, kinds = [], []
    for _ in range(views // 8):
        images, labels = zip(
            *(_draw(rng, frontal=frontal, lateral=lateral, strange=strange) for _ in range(8)),
            strict=True,
        )
        size = model.config.image_size
        summaries.append(_summaries(model, [_view(i, rng, size) for i in images]))
        kinds += [IMAGE_KINDS.index(label) for label in labels]
    x, y = torch.cat(summaries), torch.tensor(kinds)
    held = len(x) // 5
    _fit_head(model.image_check, x[held:], y[held:], epochs=epochs)
    with torch.no_grad():
        return float((model.image_check(x[:held]).argmax(1) == y[:held]).float().mean())


def _fit_head(head: nn.Module, x: Tensor, y: Tensor, *, epochs: int) -> None:
    """Fit on summaries standardised by the chest images, so that all else lies far out.

    Noise on the summaries keeps the many directions that no training picture uses from being
    trusted; without it photographs that were not seen pass for films.
    """
    scale, linear = head[0], head[1]  # type: ignore[index]
    chest = x[y != IMAGE_KINDS.index("not a chest radiograph")]
    scale.running_mean.copy_(chest.mean(0))
    scale.running_var.copy_(chest.var(0))
    head.eval()
    optimizer = torch.optim.AdamW(linear.parameters(), lr=2e-3, weight_decay=0.1)
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(128):
            clean = scale(x[rows])
            loss = F.cross_entropy(linear(clean + 0.3 * torch.randn_like(clean)), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def _draw(
    rng: np.random.Generator,
    *,
    frontal: Sequence[UInt8],
    lateral: Sequence[UInt8],
    strange: Sequence[UInt8],
) -> tuple[UInt8, str]:
    kind = rng.random()
    if kind < 0.55 or (kind < 0.65 and not len(lateral)):
        names = list(_QUARTER_TURNS)
        turn = names[int(rng.integers(len(names)))] if kind > 0.25 else "frontal"
        image = frontal[int(rng.integers(len(frontal)))]
        return np.rot90(image, _QUARTER_TURNS[turn]).copy(), turn
    if kind < 0.65:
        return lateral[int(rng.integers(len(lateral)))], "lateral"
    return strange[int(rng.integers(len(strange)))], "not a chest radiograph"


def _view(image: UInt8, rng: np.random.Generator, size: int) -> NDArray[np.float32]:
    """Random crop, tilt and contrast."""
    side = image.shape[0]
    matrix = cv2.getRotationMatrix2D(
        (side / 2, side / 2), rng.normal(0, 4), rng.uniform(0.92, 1.2) * size / side
    )
    matrix[:, 2] += size / 2 - side / 2 + rng.uniform(-0.04, 0.04, 2) * size
    pixels = cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_AREA)
    return standardise((pixels.astype(np.float32) / 255) ** np.float32(rng.uniform(0.6, 1.6)))


def _summaries(model: LocalAlignmentModel, views: Sequence[NDArray[np.float32]]) -> Tensor:
    images = torch.from_numpy(np.stack(views))[:, None]
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        features = model.image_encoder.trunk(images.to(memory_format=torch.channels_last))
    return summarise(features)
