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
Float32 = NDArray[np.float32]
_SHARE_CROPPED = 0.4
_SHARE_FRAMED = 0.25
# In standard deviations of a summary's numbers over chest films; with less, a film of
# another maker was told by its contrast and a cropped one by its outline, not by its anatomy.
_NOISE = 2.0
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
        frontal: 8-bit films of any shape, without padding around them.
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
    fit_head(model.image_check, x[held:], y[held:], epochs=epochs, seed=seed)
    with torch.no_grad():
        return float((model.image_check(x[:held]).argmax(1) == y[:held]).float().mean())


def fit_head(head: nn.Module, x: Tensor, y: Tensor, *, epochs: int, seed: int) -> None:
    """Fit on summaries standardised by the chest images, so that all else lies far out.

    Noise on the summaries keeps the many directions that no training picture uses from being
    trusted; without it photographs that were not seen pass for films.

    Args:
        head: Batch norm and linear layer, changed in place.
        x: Summaries (N, F).
        y: Index in `IMAGE_KINDS` of each.
        epochs: Passes over them.
        seed: Of the start, the order and the noise; the global generator is not touched.
    """
    scale, linear = head[0], head[1]  # type: ignore[index]
    draws = torch.Generator().manual_seed(seed)
    chest = x[y != IMAGE_KINDS.index("not a chest radiograph")]
    scale.running_mean.copy_(chest.mean(0))
    scale.running_var.copy_(chest.var(0))
    with torch.no_grad():
        linear.weight.normal_(0, 0.01, generator=draws)
        linear.bias.zero_()
    head.eval()
    optimizer = torch.optim.AdamW(linear.parameters(), lr=2e-3, weight_decay=0.1)
    for _ in range(epochs):
        for rows in torch.randperm(len(x), generator=draws).split(128):
            clean = scale(x[rows])
            noise = torch.randn(clean.shape, generator=draws)
            loss = F.cross_entropy(linear(clean + _NOISE * noise), y[rows])
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
    if kind < 0.65 or (kind < 0.72 and not len(lateral)):
        image = frontal[int(rng.integers(len(frontal)))]
        image = _cropped(image, rng) if rng.random() < _SHARE_CROPPED else image
        if kind < 0.35:
            return image, "frontal"
        if kind < 0.43:
            return (255 - image).astype(np.uint8), "inverted"
        names = list(_QUARTER_TURNS)[1:]
        turn = names[int(rng.integers(len(names)))]
        return np.rot90(image, _QUARTER_TURNS[turn]).copy(), turn
    if kind < 0.72:
        return lateral[int(rng.integers(len(lateral)))], "lateral"
    return strange[int(rng.integers(len(strange)))], "not a chest radiograph"


def _cropped(image: UInt8, rng: np.random.Generator) -> UInt8:
    """The part that a small plate or a narrow shutter leaves of a film, of any aspect."""
    height, width = image.shape
    top, bottom = rng.uniform(0, 0.25) * height, (1 - rng.uniform(0, 0.3)) * height
    left, right = rng.uniform(0, 0.2) * width, (1 - rng.uniform(0, 0.2)) * width
    return image[int(top) : int(bottom), int(left) : int(right)]


def _view(image: UInt8, rng: np.random.Generator, size: int) -> Float32:
    """Random tilt, size, frame and contrast; then the model frame as when a film is served."""
    height, width = image.shape
    matrix = cv2.getRotationMatrix2D(
        (width / 2, height / 2), rng.normal(0, 4), rng.uniform(0.92, 1.15)
    )
    shift = rng.uniform(-0.04, 0.04, 2) * (width, height)
    matrix = matrix + np.array([[0, 0, shift[0]], [0, 0, shift[1]]])
    tilted = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR)
    framed = _framed(np.asarray(tilted, np.uint8), rng) if rng.random() < _SHARE_FRAMED else tilted
    pixels, inside = letterboxed(np.asarray(framed, np.uint8), size)
    return standardise(_contrast(pixels / np.float32(255), rng), inside)


def _framed(image: UInt8, rng: np.random.Generator) -> UInt8:
    """Black or white margins, as shutters, plates and scanners leave them."""
    framed = image.copy()
    value = 0 if rng.random() < 0.6 else 255
    rows, columns = (int(rng.uniform(0.01, 0.1) * side) for side in image.shape)
    for edge in (np.s_[:rows], np.s_[-rows:], np.s_[:, :columns], np.s_[:, -columns:]):
        if rng.random() < 0.6 and min(rows, columns) > 0:
            framed[edge] = value
    return framed


def _contrast(pixels: Float32, rng: np.random.Generator) -> Float32:
    """Another window, gamma, sharpness and grain of pixels in [0, 1]."""
    if rng.random() < 0.3:
        low, high = rng.uniform(-0.4, 0.2), rng.uniform(0.75, 1.4)
        pixels = np.asarray(np.clip((pixels - low) / (high - low), 0, 1), np.float32)
    pixels = pixels ** np.float32(rng.uniform(0.5, 1.9))
    if rng.random() < 0.25:
        clahe = cv2.createCLAHE(rng.uniform(1, 3), (8, 8))
        equalised = clahe.apply((pixels * 255).astype(np.uint8))
        pixels = np.asarray(equalised, np.float32) / np.float32(255)
    if rng.random() < 0.2:
        pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), rng.uniform(0.3, 1.2)), np.float32)
    grain = rng.normal(0, rng.uniform(0, 0.02), pixels.shape)
    return np.asarray(pixels + grain, np.float32)


def letterboxed(image: UInt8, size: int) -> tuple[Float32, NDArray[np.bool_]]:
    """Place an image (H, W) in the middle of a square of `size`, aspect kept.

    Returns:
        pixels (size, size) in [0, 255], averaged over areas where they shrink, and where they are.
    """
    scale = size / max(image.shape)
    height, width = (max(1, round(side * scale)) for side in image.shape)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    top, left = (size - height) // 2, (size - width) // 2
    part = np.s_[top : top + height, left : left + width]
    pixels, inside = np.zeros((size, size), np.float32), np.zeros((size, size), bool)
    pixels[part] = cv2.resize(image.astype(np.float32), (width, height), interpolation=method)
    inside[part] = True
    return pixels, inside


def _summaries(model: LocalAlignmentModel, views: Sequence[Float32]) -> Tensor:
    images = torch.from_numpy(np.stack(views))[:, None]
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        features = model.image_encoder.trunk(images.to(memory_format=torch.channels_last))
    return summarise(features)
