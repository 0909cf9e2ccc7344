"""How published families bring a radiograph into their network: resize, crop or pad, mean and std.

Sizes are rounded and halves are taken as the published code does it, so that frames agree with it
to the pixel. Resampling runs in floats; the published code rounds to 8 bits between its steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from explorer.entities import Float32, ModelFrame

Resampling = Literal["area", "bilinear", "bicubic"]
Resize = Literal["shorter side", "longer side", "both sides", "pad to square"]

_PIL = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
OPENAI_MEAN = (0.48145466, 0.4578275, 0.40821073)
OPENAI_STD = (0.26862954, 0.26130258, 0.27577711)
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
HALF = (0.5, 0.5, 0.5)


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """The steps of one family.

    Attributes:
        input_shape: (rows, columns) of the network input, cut or padded from the middle.
        resize: What becomes `resized_to`: the shorter or the longer side, aspect kept; "both sides"
            fills the input and changes the aspect; "pad to square" pads the original with black
            first and then fills the input.
        resized_to: Pixels; not read for "both sides" and "pad to square".
        resampling: "area" as cv2.INTER_AREA; the others as Pillow, smoothed when shrinking.
        mean, std: A channel; pixels are in [0, 1] before, padding is black (0).
        nearest_half: Whether an odd margin is halved to the even neighbour (torchvision) and not
            down (transformers).
    """

    input_shape: tuple[int, int]
    resize: Resize
    resampling: Resampling
    resized_to: int = 0
    mean: tuple[float, float, float] = HALF
    std: tuple[float, float, float] = HALF
    nearest_half: bool = False

    def frame(self, rows: int, columns: int, *, grid_shape: tuple[int, int]) -> ModelFrame:
        """How a radiograph of this shape is placed in the network input."""
        shape = (rows, columns)
        if self.resize == "pad to square":
            margins = [(max(shape) - side) // 2 for side in shape]
            scale = [
                wanted / (side + 2 * margin)
                for side, margin, wanted in zip(shape, margins, self.input_shape, strict=True)
            ]
            offset = [margin * s for margin, s in zip(margins, scale, strict=True)]
        else:
            new = self.resized_shape(rows, columns)
            scale = [n / side for n, side in zip(new, shape, strict=True)]
            offset = [float(self._start(n, wanted, max(new))) for n, wanted in self._sides(new)]
        return ModelFrame(
            image_shape=shape,
            input_shape=self.input_shape,
            grid_shape=grid_shape,
            scale_x=scale[1],
            scale_y=scale[0],
            offset_x=offset[1],
            offset_y=offset[0],
        )

    def resized_shape(self, rows: int, columns: int) -> tuple[int, int]:
        """(rows, columns) after the resize; the other side is cut down to whole pixels."""
        if self.resize == "shorter side":
            new = [self.resized_to * side // min(rows, columns) for side in (rows, columns)]
        elif self.resize == "longer side":  # the quotient first, as GLoRIA does it
            new = [int(side * (self.resized_to / max(rows, columns))) for side in (rows, columns)]
            new[0 if rows >= columns else 1] = self.resized_to
        else:
            return self.input_shape
        return max(1, new[0]), max(1, new[1])

    def model_input(self, pixels: Float32, frame: ModelFrame) -> Float32:
        """Resample pixels (H, W) in [0, 1] into the frame: (rows, columns), NaN = padding."""
        if self.resize == "pad to square":
            return self._padded_first(pixels)
        new = self.resized_shape(*frame.image_shape)
        resized = resample(pixels, new, kind=self.resampling)
        result = np.full(self.input_shape, np.nan, dtype=np.float32)
        starts = (int(frame.offset_y), int(frame.offset_x))
        spans = [
            (slice(max(0, start), min(wanted, start + n)), slice(max(0, -start), wanted - start))
            for start, (n, wanted) in zip(starts, self._sides(new), strict=True)
        ]
        (rows, from_rows), (columns, from_columns) = spans
        result[rows, columns] = resized[from_rows, from_columns]
        return result

    def network_input(self, images: Sequence[Float32]) -> Float32:
        """(B, 3, rows, columns): padding black, then mean and std of each channel."""
        stacked = np.nan_to_num(np.stack(images))[:, None]
        mean, std = (np.array(v, np.float32)[:, None, None] for v in (self.mean, self.std))
        return np.asarray((stacked - mean) / std, dtype=np.float32)

    def steps(self) -> tuple[str, ...]:
        """The steps in words, in order."""
        rows, columns = self.input_shape
        shape = f"{rows} x {columns} px"
        sizes = {
            "shorter side": f"shorter side to {self.resized_to} px",
            "longer side": f"longer side to {self.resized_to} px",
            "both sides": f"both sides to {shape}, aspect not kept",
            "pad to square": f"padded to a square with black, then to {shape}",
        }
        result = [f"{sizes[self.resize]} ({self.resampling})"]
        if self.resize in ("shorter side", "longer side"):
            result.append(f"middle {shape}, black where there is no image")
        kept = "as they are" if self.mean == (0.0, 0.0, 0.0) and self.std == (1.0, 1.0, 1.0) else ""
        result.append(f"values in [0, 1], {kept or f'less {self.mean}, divided by {self.std}'}")
        return tuple(result)

    def _sides(self, new: tuple[int, int]) -> list[tuple[int, int]]:
        return list(zip(new, self.input_shape, strict=True))

    def _start(self, new: int, wanted: int, longest: int) -> int:
        """Where a resized side begins in the input; negative = cut off."""
        if self.resize == "longer side":  # padded to a square first, then cut
            return (longest - new) // 2 - self._half(longest - wanted)
        return -self._half(new - wanted) if new >= wanted else (wanted - new) // 2

    def _half(self, margin: int) -> int:
        return round(margin / 2) if self.nearest_half else margin // 2

    def _padded_first(self, pixels: Float32) -> Float32:
        margins = [(max(pixels.shape) - side) // 2 for side in pixels.shape]
        width = [(margin, margin) for margin in margins]
        padded = np.pad(pixels, width)
        inside = np.pad(np.ones_like(pixels), width)
        values = resample(padded, self.input_shape, kind=self.resampling)
        share = resample(inside, self.input_shape, kind=self.resampling)
        return np.where(share > 0, values, np.float32(np.nan))


def resample(pixels: NDArray[np.floating], shape: tuple[int, int], *, kind: Resampling) -> Float32:
    """Pixels (H, W) in [0, 1] in another shape (rows, columns), kept in [0, 1]."""
    rows, columns = shape
    values = np.ascontiguousarray(pixels, dtype=np.float32)
    if values.shape == shape:
        return values
    if kind == "area":
        return np.asarray(cv2.resize(values, (columns, rows), interpolation=cv2.INTER_AREA))
    resized = Image.fromarray(values).resize((columns, rows), _PIL[kind])
    return np.clip(np.asarray(resized, dtype=np.float32), 0.0, 1.0)
