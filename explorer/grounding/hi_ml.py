"""Places a map in the original as the published code of BioViL does (microsoft/hi-ml).

It differs from the exact affine of `geometry` by rounding: the crop is a whole number of original
pixels, an odd margin goes to the right and below, and "nearest" looks up the upper left corner of
a pixel and not its centre.
"""

from explorer.entities import Float32, ModelFrame
from explorer.grounding.geometry import Interpolation, map_to_image
from explorer.grounding.similarity import smooth

SIGMA = 1.5  # patches


def published_map(
    cosine: Float32,
    image_shape: tuple[int, int],
    *,
    resize: int,
    crop: int,
    interpolation: Interpolation = "nearest",
) -> Float32:
    """Smooth a map and spread it over the original.

    Args:
        cosine: (h, w) of a phrase with the patches, not smoothed.
        image_shape: (H, W) of the original in pixels.
        resize: Length of the shorter side before the crop.
        crop: Side of the square crop that the network saw.
        interpolation: "nearest", the default of the published code, or "linear", what its notebook
            shows.

    Returns:
        (H, W) float32, NaN outside the crop.
    """
    height, width = image_shape
    side = int(crop * min(height, width) / resize)
    left, top = (width - side) // 2, (height - side) // 2
    # A hair against rounding: positions that are whole numbers must not fall below them.
    shift = 0.5 - 1e-6 if interpolation == "nearest" else 0.0
    frame = ModelFrame(
        image_shape=(height, width),
        input_shape=(side, side),
        grid_shape=(cosine.shape[0], cosine.shape[1]),
        scale_x=1.0,
        scale_y=1.0,
        offset_x=-float(left) - shift,
        offset_y=-float(top) - shift,
    )
    return map_to_image(smooth(cosine, sigma=SIGMA), frame, interpolation=interpolation)
