"""The grey steps of a DICOM image: modality values, windows and VOI tables, padding, inversion."""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from explorer.entities import VoiTable, Window
from explorer.errors import DamagedFileError
from explorer.reading import dicom_header as header
from explorer.reading import windows as display_maths
from explorer.reading.depth import table_bits
from explorer.reading.levels import Leveled, levels_from_floats, levels_from_integers
from explorer.reading.windows import Levels, Mask

CONSTANT_NOTE = "All pixels have the same value; there is nothing to see."


@dataclass(frozen=True, slots=True)
class Displayed:
    """Levels with every way to show them; see `Radiograph` for the meaning of the fields."""

    levels: Levels
    slope: float
    intercept: float
    windows: tuple[Window | VoiTable, ...]
    inverted: bool
    valid: Mask | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LookupTable:
    """A DICOM lookup table: entry i belongs to input `first + i`; entries hold `bits` bits."""

    first: int
    bits: int
    entries: NDArray[np.uint16]
    notes: tuple[str, ...] = ()


def display(dataset: Dataset, stored: NDArray[Any]) -> Displayed:
    """Bring stored values (H, W) into display order.

    Padding is found on stored values, modality values come from the modality LUT or the rescale,
    windows apply to modality values, inversion is last.
    """
    padding = _padding(dataset, stored)
    leveled = _modality_levels(dataset, stored)
    valid, padding_notes = _without_padding(leveled.valid, padding)
    counts = display_maths.level_counts(leveled.levels, valid)
    windows, window_notes = _windows(dataset, leveled, counts)
    return Displayed(
        leveled.levels,
        leveled.slope,
        leveled.intercept,
        tuple(windows),
        _is_inverted(dataset),
        valid,
        (*leveled.notes, *padding_notes, *window_notes),
    )


def _without_padding(valid: Mask | None, padding: Mask | None) -> tuple[Mask | None, list[str]]:
    """What is left of the valid pixels, None for all, and notes."""
    if padding is None:
        return valid, []
    if padding.all():
        return valid, ["The file marks every pixel as padding; the mark is not used."]
    left = ~padding if valid is None else valid & ~padding
    return (left if left.any() else None), []


def _windows(
    dataset: Dataset, leveled: Leveled, counts: NDArray[np.int64]
) -> tuple[list[Window | VoiTable], list[str]]:
    """Windows of the file, one that shows something first, and notes; one is fitted to none."""
    windows, notes = _file_windows(dataset)
    fallback = _fallback_window(dataset, leveled, counts)
    constant = display_maths.is_constant(counts)
    if constant:
        notes.append(CONSTANT_NOTE)
    if not windows:
        return [fallback], notes
    if constant:
        return windows, notes
    scale = {"slope": leveled.slope, "intercept": leveled.intercept}
    useful = [w for w in windows if display_maths.shows_something(w, counts, **scale)]
    if not useful:
        notes.append("The windows of the file show nothing of this image; one was fitted.")
        return [fallback, *windows], notes
    first = useful[0]
    if first is not windows[0]:
        notes.append("The first window of the file shows nothing; the next one is used.")
    return [first, *(w for w in windows if w is not first)], notes


def _is_inverted(dataset: Dataset) -> bool:
    """MONOCHROME1 and the INVERSE shape say the same thing (PS3.3 C.8.11.3), so once is enough."""
    return (
        header.text_of(dataset, "PhotometricInterpretation") == "MONOCHROME1"
        or header.text_of(dataset, "PresentationLUTShape") == "INVERSE"
    )


def _padding(dataset: Dataset, stored: NDArray[Any]) -> Mask | None:
    """Pixels in the closed range of Pixel Padding Value and Range Limit (PS3.3 C.7.5.1.1.2)."""
    value = header.numbers_of(dataset, "PixelPaddingValue")
    if not value or stored.dtype.kind not in "iu":
        return None
    limit = header.numbers_of(dataset, "PixelPaddingRangeLimit") or value
    low, high = sorted((value[0], limit[0]))
    mask = (stored >= low) & (stored <= high)
    return mask if mask.any() else None


def _modality_levels(dataset: Dataset, stored: NDArray[Any]) -> Leveled:
    for item in header.items_of(dataset, "ModalityLUTSequence")[:1]:
        table = read_table(item, signed=_is_signed(dataset))
        index = np.clip(stored.astype(np.int64) - table.first, 0, len(table.entries) - 1)
        return Leveled(table.entries[index], 1.0, 0.0, notes=table.notes)
    slope = (header.numbers_of(dataset, "RescaleSlope") or (1.0,))[0]
    intercept = (header.numbers_of(dataset, "RescaleIntercept") or (0.0,))[0]
    notes: tuple[str, ...] = ()
    if slope == 0 or not (1e-12 < abs(slope) < 1e12 and abs(intercept) < 1e12):
        slope, intercept = 1.0, 0.0
        notes = ("The rescale slope of the file cannot be used; stored values are shown.",)
    is_float = stored.dtype.kind == "f"
    leveled = levels_from_floats(stored) if is_float else levels_from_integers(stored)
    return replace(
        leveled,
        slope=leveled.slope * slope,
        intercept=leveled.intercept * slope + intercept,
        notes=leveled.notes + notes,
    )


def _fallback_window(dataset: Dataset, leveled: Leveled, counts: NDArray[np.int64]) -> Window:
    """Full range for 8-bit images, which were made for a screen; a fitted window for others."""
    bits = header.integer_of(dataset, "BitsStored", 16)
    stored_is_8_bit = bits == 8 and not _is_signed(dataset) and leveled.levels.max() <= 255
    if stored_is_8_bit and not header.items_of(dataset, "ModalityLUTSequence"):
        ends = (leveled.intercept, 255 * leveled.slope + leveled.intercept)
        return display_maths.full_range_window(min(ends), max(ends))
    return display_maths.fitted_window(counts, slope=leveled.slope, intercept=leveled.intercept)


def _file_windows(dataset: Dataset) -> tuple[list[Window | VoiTable], list[str]]:
    """Every usable VOI table and window of the file, tables first as pydicom prefers them."""
    found: list[Window | VoiTable] = []
    notes: list[str] = []
    has_modality_table = bool(header.items_of(dataset, "ModalityLUTSequence"))
    for index, item in enumerate(header.items_of(dataset, "VOILUTSequence")):
        # After a modality LUT the input is unsigned (PS3.3 C.11.2.1.1).
        table = read_table(item, signed=_is_signed(dataset) and not has_modality_table)
        name = header.window_name(dataset, "".join(header.texts_of(item, "LUTExplanation")), index)
        values = (table.entries / float(2**table.bits - 1)).clip(0, 1).astype(np.float32)
        found.append(VoiTable(name, float(table.first), values))
        notes += table.notes
    centers = header.numbers_of(dataset, "WindowCenter")
    widths = header.numbers_of(dataset, "WindowWidth")
    names = header.texts_of(dataset, "WindowCenterWidthExplanation")
    for index, (center, width) in enumerate(zip(centers, widths, strict=False)):
        name = header.window_name(dataset, names[index] if index < len(names) else "", index)
        if width > 0 and max(abs(center), width) < 1e12:
            found.append(Window(name, center, width, _window_function(dataset, width)))
    return found, notes


def _window_function(
    dataset: Dataset, width: float
) -> Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"]:
    stated = header.text_of(dataset, "VOILUTFunction")
    if stated == "SIGMOID":
        return "SIGMOID"
    # LINEAR is not defined below width 1; files with a small rescale slope mean the exact form.
    return "LINEAR_EXACT" if stated == "LINEAR_EXACT" or width < 1 else "LINEAR"


def _is_signed(dataset: Dataset) -> bool:
    return header.integer_of(dataset, "PixelRepresentation", 0) == 1


def read_table(item: Dataset, *, signed: bool) -> LookupTable:
    """Read LUT Descriptor and LUT Data (PS3.3 C.11.1.1.1) of a sequence item.

    Entries may lie in bytes or in 16-bit words, and may have more or fewer bits than stated.

    Raises:
        DamagedFileError: The descriptor or the data are missing or contradict each other.
    """
    try:
        count, first, stated = (int(number) for number in item.LUTDescriptor)
        count = count or 2**16
        count += 2**16 if count < 0 else 0
        data = item.LUTData
        raw = (
            np.frombuffer(data, dtype="<u2" if len(data) >= 2 * count else "u1")
            if isinstance(data, bytes)
            else np.atleast_1d(np.asarray(data)).astype(np.int64) & 0xFFFF
        )
        entries = raw[:count].astype(np.uint16)
    except header.ELEMENT_ERRORS as error:
        raise _broken_table() from error
    if len(entries) < count:
        raise _broken_table()
    if first < 0 and not signed:
        first += 2**16
    elif first >= 2**15 and signed:
        first -= 2**16
    bits = table_bits(entries, stated)
    notes = () if bits == stated else (_depth_note(stated, bits),)
    return LookupTable(first, bits, entries, notes)


def _depth_note(stated: int, held: int) -> str:
    return (
        f"A lookup table of the file states {stated} bits an entry and holds {held}; "
        f"it is used with {held}."
    )


def _broken_table() -> DamagedFileError:
    return DamagedFileError(
        "A lookup table must hold as many entries as its descriptor says, this file's does not. "
        "Export the file again."
    )
