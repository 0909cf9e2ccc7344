"""Which page of a TIFF is the radiograph: scanners put a thumbnail before or behind it."""

from PIL import Image

from explorer.errors import DamagedFileError, UnsupportedFileError

# More pages than this are not counted: a stack of that size is no radiograph with a thumbnail.
MOST_COUNTED = 32
_NEW_SUBFILE_TYPE = 254
_REDUCED, _MASK = 1, 4
# Without a mark, a page is a thumbnail when it is at most this much of the largest on both sides.
_THUMBNAIL_SHARE = 0.5
_BROKEN = (OSError, SyntaxError, ValueError, TypeError, KeyError, RuntimeError, OverflowError)


def full_page(image: Image.Image) -> tuple[int, tuple[str, ...]]:
    """Turn `image` to its one full page.

    Returns:
        The number of the page from 0, and a note when there are others.

    Raises:
        UnsupportedFileError: There are several full pages.
        DamagedFileError: A page cannot be found.
    """
    sizes: list[tuple[int, int]] = []
    marked: list[bool] = []
    try:
        while len(sizes) < MOST_COUNTED:
            image.seek(len(sizes))
            sizes.append(image.size)
            kind = getattr(image, "tag_v2", {}).get(_NEW_SUBFILE_TYPE, 0)
            marked.append(bool(int(kind) & (_REDUCED | _MASK)))
    except EOFError:
        pass
    except _BROKEN as error:
        raise DamagedFileError(
            "Every page of a TIFF file must be found, one of this file's is not. "
            "Export or download it again."
        ) from error
    full = _full_pages(sizes, marked)
    if len(full) > 1:
        raise UnsupportedFileError(
            f"An image must have one page besides its thumbnail, this one has {len(full)}. "
            "Export the page you want as a single image."
        )
    image.seek(full[0])
    if len(sizes) == 1:
        return 0, ()
    return full[0], (f"The file has {len(sizes)} pages; page {full[0] + 1} is the full image.",)


def _full_pages(sizes: list[tuple[int, int]], marked: list[bool]) -> list[int]:
    unmarked = [page for page, is_marked in enumerate(marked) if not is_marked]
    candidates = unmarked or list(range(len(sizes)))
    width, height = max((sizes[page] for page in candidates), key=lambda size: size[0] * size[1])
    return [
        page
        for page in candidates
        if sizes[page][0] > _THUMBNAIL_SHARE * width or sizes[page][1] > _THUMBNAIL_SHARE * height
    ]
