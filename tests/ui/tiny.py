"""A small untrained engine and a small image, so that pages are tested without a checkpoint."""

import hashlib
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image

from explorer.adapters import AdapterCard, Calibration, DualEngine, Encoded
from explorer.embeddings import Scoring
from explorer.entities import Float32, ImageCheck, ImageEmbeddings, ModelFrame, PatchGrid

REPORT = (
    "FINDINGS: The heart is enlarged. There is an opacity in the left lower lobe. "
    "No pleural effusion.\n\nIMPRESSION: Left lower lobe pneumonia."
)
KINDS = (
    "frontal",
    "lateral",
    "rotated left",
    "rotated right",
    "upside down",
    "not a chest radiograph",
)


def card(name: str) -> AdapterCard:
    """The card of an untrained engine."""
    return AdapterCard(
        name=name,
        title=f"Tiny engine {name} (untrained)",
        family="local_alignment",
        licence="Apache-2.0",
        training_data="none",
        input_size=(64, 64),
        grid_size=(8, 8),
        dimension=6,
        parameters=48,
        frame_mode="letterbox",
        pooling="max",
        sha256=hashlib.sha256(name.encode()).hexdigest(),
        size_bytes=1_250_000,
        calibration=Calibration(0.5),
        folder=Path(),
        metrics={"val": {"plain": {"pointing": 0.5}}},
    )


class TinyEngine(DualEngine):
    """Patches are position and brightness, texts are directions drawn from their letters.

    `texts` counts the phrases of every batch; `verdict` is what the image check says.
    """

    def __init__(
        self, card: AdapterCard, *, device: str = "cpu", dtype: torch.dtype = torch.float32
    ) -> None:
        scoring = Scoring(4.0, 0.0, "max")
        super().__init__(card, device=device, dtype=dtype, scoring=scoring)
        self.verdict = "frontal"
        self.images = 0
        self.batches: list[list[str]] = []

    def _patches(self, images: torch.Tensor) -> Encoded:
        small = torch.nn.functional.adaptive_avg_pool2d(images, 8)[:, 0]  # (B, 8, 8)
        steps = torch.linspace(0, 1, 8)
        x, y = steps.expand(8, 8), steps[:, None].expand(8, 8)
        rest = [part.expand_as(small) for part in (x, y, x * y, (5 * x).sin(), (5 * y).cos())]
        return Encoded(torch.stack([small, *rest], -1))

    def embed_image(self, pixels: Float32, *, frame: ModelFrame) -> ImageEmbeddings:
        self.images += 1
        small = cv2.resize(np.nan_to_num(pixels), (8, 8), interpolation=cv2.INTER_AREA)
        y, x = np.mgrid[:8, :8] / 7
        stack = np.stack([small, x, y, x * y, np.sin(5 * x), np.cos(5 * y)], -1)
        values = (stack - stack.mean((0, 1))).astype(np.float32)
        values /= np.linalg.norm(values, axis=-1, keepdims=True)
        scores = {kind: 0.9 if kind == self.verdict else 0.02 for kind in KINDS}
        message = "" if self.verdict == "frontal" else f"This looks {self.verdict}."
        check = ImageCheck(scores, self.verdict, self.verdict == KINDS[-1], message)
        return ImageEmbeddings(PatchGrid(values, frame), check, self.space_id)

    def embed_images(
        self, images: Sequence[Float32], *, frames: Sequence[ModelFrame]
    ) -> tuple[ImageEmbeddings, ...]:
        pairs = zip(images, frames, strict=True)
        return tuple(self.embed_image(pixels, frame=frame) for pixels, frame in pairs)

    def embed_text(self, phrases: Sequence[str]) -> Float32:
        self.check_phrases(phrases)
        self.batches.append(list(phrases))
        rows = [
            np.random.default_rng(
                int.from_bytes(hashlib.sha256(phrase.encode()).digest()[:4], "little")
            ).normal(size=6)
            for phrase in phrases
        ]
        values = np.array(rows, dtype=np.float32).reshape(-1, 6)
        return values / np.linalg.norm(values, axis=1, keepdims=True)


def png(seed: int, *, size: tuple[int, int] = (160, 128)) -> bytes:
    """A 16-bit PNG with two dark lungs; no patient."""
    rows, columns = np.mgrid[: size[0], : size[1]].astype(np.float64)
    y, x = rows / size[0], columns / size[1]
    lungs = np.exp(-((x - 0.3) ** 2) / 0.02 - (y - 0.5) ** 2 / 0.08)
    lungs += np.exp(-((x - 0.7) ** 2) / 0.02 - (y - 0.5) ** 2 / 0.08)
    noise = np.random.default_rng(seed).normal(scale=0.02, size=size)
    pixels = np.clip(0.8 - 0.6 * lungs + noise, 0, 1)
    file = BytesIO()
    Image.fromarray((pixels * 65535).astype(np.uint16)).save(file, "PNG")
    return file.getvalue()
