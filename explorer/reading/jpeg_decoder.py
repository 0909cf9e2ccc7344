"""pydicom plug-in: JPEG Lossless and 12-bit JPEG through the libjpeg-turbo of imagecodecs.

Only the decoding child may use it: a crafted stream can still end the process.
"""

import numpy as np
from pydicom import uid
from pydicom.pixels.decoders import (
    JPEGExtended12BitDecoder,
    JPEGLosslessDecoder,
    JPEGLosslessSV1Decoder,
)
from pydicom.pixels.decoders.base import DecodeRunner

PLUGIN = "libjpeg-turbo"
DECODER_DEPENDENCIES = {
    uid.JPEGLossless: ("numpy", "imagecodecs"),
    uid.JPEGLosslessSV1: ("numpy", "imagecodecs"),
    uid.JPEGExtended12Bit: ("numpy", "imagecodecs"),
}


def is_available(_uid: str) -> bool:
    """Whether the plug-in can decode; imagecodecs is a hard requirement, so always."""
    return True


def register() -> None:
    """Make pydicom know the plug-in; calling it twice does nothing more."""
    for decoder in (JPEGLosslessDecoder, JPEGLosslessSV1Decoder, JPEGExtended12BitDecoder):
        if PLUGIN not in decoder.available_plugins:
            decoder.add_plugin(PLUGIN, (__name__, "_decode_frame"))


def _decode_frame(src: bytes, runner: DecodeRunner) -> bytes:
    """Decode one frame of 2 to 16 bits a sample to little-endian bytes, colour by pixel."""
    import imagecodecs  # only here: most uploads never need it

    frame = imagecodecs.jpeg8_decode(src)
    samples = runner.samples_per_pixel
    if frame.shape != (runner.rows, runner.columns, samples)[: 3 if samples > 1 else 2]:
        raise ValueError(f"Expected one frame of the stated size, got {frame.shape}.")
    if samples > 1:
        runner.set_option("planar_configuration", 0)
        if runner.transfer_syntax == uid.JPEGExtended12Bit:  # lossless ones stay as they are
            runner.set_option("photometric_interpretation", "RGB")
    runner.set_option("bits_allocated", 8 * frame.dtype.itemsize)
    return frame.astype(np.dtype(frame.dtype).newbyteorder("<"), copy=False).tobytes()
