"""Grey pixels of one image of a data set: pictures through OpenCV, DICOM as it is displayed."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from explorer.errors import DataSetError, ReadingError
from explorer.reading import read_radiograph

_DICOM_SUFFIXES = frozenset({".dcm", ".dicom"})


def read_pixels(path: Path) -> NDArray[np.uint8]:
    """(height, width) uint8, bright = dense.

    DICOM is shown with its own window and right way round (MONOCHROME1 is inverted); of a deeper
    picture the upper eight bits are kept.

    Raises:
        DataSetError: The file cannot be read.
    """
    if path.suffix.lower() in _DICOM_SUFFIXES:
        try:
            shown = read_radiograph(path.read_bytes()).pixels
        except (OSError, ReadingError) as error:
            raise DataSetError(f"The image {path.name!r} cannot be read: {error}") from error
        return np.round(shown * 255).astype(np.uint8)
    read = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if read is None:
        raise DataSetError(
            f"The image {path.name!r} cannot be read. Replace the file or take it out."
        )
    return np.asarray(read, dtype=np.uint8)
