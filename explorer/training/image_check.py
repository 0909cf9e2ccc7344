"""The image check: a linear head that tells frontal radiographs from everything else.

It is fitted after the towers, which stay as they are. Turned films are made by turning real ones;
laterals are phantoms; what is no chest radiograph comes from CT slices, from drawn pictures (see
`strange_pictures`) and from photographs that a folder may hold.
"""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
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
    views: int = 2400,
    epochs: int = 60,
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
    head = model.image_check.train()
    optimizer = torch.optim.AdamW(head.parameters(), lr=3e-3, weight_decay=0.05)
    for _ in range(epochs):
        for rows in torch.randperm(len(x) - held).split(64):
            if len(rows) < 2:
                continue
            loss = F.cross_entropy(head(x[held:][rows]), y[held:][rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    head.eval()
    with torch.no_grad():
        return float((head(x[:held]).argmax(1) == y[:held]).float().mean())


def strange_pictures(count: int, *, seed: int = 0) -> list[UInt8]:
    """Drawn pictures that are no radiograph: shapes, text, gradients, textures, noise."""
    rng = np.random.default_rng(seed)
    makers: tuple[Callable[[np.random.Generator], UInt8], ...] = (
        _dead_leaves,
        _page_of_text,
        _waves,
        _noise,
        _flat,
    )
    return [makers[i % len(makers)](rng) for i in range(count)]


def _draw(
    rng: np.random.Generator,
    *,
    frontal: Sequence[UInt8],
    lateral: Sequence[UInt8],
    strange: Sequence[UInt8],
) -> tuple[UInt8, str]:
    kind = rng.random()
    if kind < 0.65 or (kind < 0.75 and not len(lateral)):
        names = list(_QUARTER_TURNS)
        turn = names[int(rng.integers(len(names)))] if kind > 0.35 else "frontal"
        image = frontal[int(rng.integers(len(frontal)))]
        return np.rot90(image, _QUARTER_TURNS[turn]).copy(), turn
    if kind < 0.75:
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


def _dead_leaves(rng: np.random.Generator) -> UInt8:
    """Overlapping discs and boxes of all sizes: the statistics of natural photographs."""
    image = np.full((256, 256), int(rng.integers(256)), np.uint8)
    for _ in range(int(rng.integers(40, 400))):
        x, y = (int(v) for v in rng.integers(-20, 276, 2))
        radius = int(min(120, 3 / rng.uniform(0.02, 1)))
        color = int(rng.integers(256))
        if rng.random() < 0.6:
            axes = (radius, max(1, int(radius * rng.uniform(0.3, 1))))
            cv2.ellipse(image, (x, y), axes, float(rng.uniform(0, 180)), 0, 360, color, -1)
        else:
            cv2.rectangle(
                image, (x, y), (x + radius, y + int(radius * rng.uniform(0.3, 2))), color, -1
            )
    texture = rng.normal(0, rng.uniform(0, 20), image.shape)
    return np.clip(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 2)) + texture, 0, 255).astype(
        np.uint8
    )


def _page_of_text(rng: np.random.Generator) -> UInt8:
    light = rng.random() < 0.7
    image = np.full((256, 256), 245 if light else 10, np.uint8)
    for y in range(int(rng.integers(8, 30)), 250, int(rng.integers(8, 22))):
        letters = "".join(chr(int(c)) for c in rng.integers(97, 123, int(rng.integers(5, 40))))
        cv2.putText(
            image,
            letters,
            (int(rng.integers(4, 30)), y),
            cv2.FONT_HERSHEY_SIMPLEX,
            float(rng.uniform(0.25, 0.6)),
            20 if light else 230,
            1,
            cv2.LINE_AA,
        )
    return image


def _waves(rng: np.random.Generator) -> UInt8:
    y, x = np.mgrid[:256, :256] / 256
    total = sum(
        np.sin(2 * np.pi * (rng.normal(0, 6) * x + rng.normal(0, 6) * y) + rng.uniform(0, 6))
        for _ in range(int(rng.integers(1, 5)))
    )
    values = np.asarray(total)
    return ((values - values.min()) / (np.ptp(values) + 1e-6) * 255).astype(np.uint8)


def _noise(rng: np.random.Generator) -> UInt8:
    side = int(2 ** rng.integers(2, 9))
    cells = rng.integers(0, 256, (side, side), dtype=np.uint8)
    return np.asarray(cv2.resize(cells, (256, 256), interpolation=cv2.INTER_CUBIC), np.uint8)


def _flat(rng: np.random.Generator) -> UInt8:
    ramp = np.linspace(0, rng.uniform(0, 255), 256)[None] * np.ones((256, 1))
    image = np.rot90(ramp, int(rng.integers(4))) + rng.normal(0, rng.uniform(0, 12), (256, 256))
    if rng.random() < 0.5:
        center = (int(rng.integers(60, 200)), int(rng.integers(60, 200)))
        cv2.circle(
            image := np.ascontiguousarray(image), center, int(rng.integers(20, 110)), 200, -1
        )
    return np.clip(image, 0, 255).astype(np.uint8)
