"""How much one upload may ask for; every limit is checked before anything is decoded."""

from explorer.errors import DamagedFileError, LimitExceededError, UnsupportedFileError

MAX_FILE_BYTES = 128 * 1024**2
MAX_FILES = 16
MAX_REPORT_BYTES = 1024**2
MAX_DATASET_BYTES = 256 * 1024**2  # a deflated DICOM file after inflation
MAX_PIXELS = 64_000_000  # the largest film scans have about 25 million
MAX_SIDE = 16_384
MIN_SIDE = 32

CHILD_MEMORY_BYTES = 3 * 1024**3
CHILD_CPU_SECONDS = 20
CHILD_OPEN_FILES = 64
CHILD_WALL_SECONDS = 60.0
CHILD_START_SECONDS = 60.0


def check_file_size(size: int) -> None:
    """Raise when a file is empty or larger than `MAX_FILE_BYTES`."""
    if size == 0:
        raise DamagedFileError("The file is empty (0 bytes). Export or download it again.")
    if size > MAX_FILE_BYTES:
        raise LimitExceededError(
            f"A file may hold at most {MAX_FILE_BYTES / 1024**2:.0f} MB, this one holds "
            f"{size / 1024**2:.0f} MB. Upload a single radiograph."
        )


def check_file_count(count: int) -> None:
    """Raise when a study has no file or more than `MAX_FILES`."""
    if count == 0:
        raise UnsupportedFileError("A study needs at least one file, got none. Upload an image.")
    if count > MAX_FILES:
        raise LimitExceededError(
            f"A study may have at most {MAX_FILES} files, got {count}. Upload one study at a time."
        )


def check_image_size(rows: int, columns: int, *, frames: int = 1) -> None:
    """Raise when the header promises an image that is too small, too large or has many frames.

    Args:
        rows: Height in pixels as the header states it.
        columns: Width in pixels as the header states it.
        frames: Frames or pages; exactly one is read.
    """
    size = f"{columns:,} x {rows:,} pixels"
    if rows <= 0 or columns <= 0:
        raise DamagedFileError(
            f"An image needs at least one row and one column, this header says "
            f"{size if rows or columns else 'nothing of them'}. Export the file again."
        )
    if frames > 1:
        raise UnsupportedFileError(
            f"An image must have one frame, this one has {frames:,}. "
            "Export the frame you want as a single image."
        )
    if rows * columns > MAX_PIXELS or max(rows, columns) > MAX_SIDE:
        raise LimitExceededError(
            f"An image may have at most {MAX_PIXELS:,} pixels and {MAX_SIDE:,} on a side, "
            f"this one has {size}. Upload a smaller version."
        )
    if min(rows, columns) < MIN_SIDE:
        raise UnsupportedFileError(
            f"An image must be at least {MIN_SIDE} pixels high and wide, this one is {size}. "
            "Upload the radiograph itself, not an icon of it."
        )


def check_inflated_size(size: int) -> None:
    """Raise when a deflated DICOM file grows beyond `MAX_DATASET_BYTES`."""
    if size > MAX_DATASET_BYTES:
        raise LimitExceededError(
            f"A deflated DICOM file may unpack to at most {MAX_DATASET_BYTES / 1024**2:.0f} MB, "
            "this one unpacks to more. Export the radiograph without compression."
        )
