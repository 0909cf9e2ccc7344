"""A PNG figure of one grounding: the radiograph, then one panel a phrase with map and regions."""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from explorer.entities import Box, Float32, GroundedPhrase

NOTICE = "Research use, not for diagnosis."
PANEL_SIDE = 440  # longer side of a panel's picture, pixels
MOST_COLUMNS = 4
MARGIN, GAP = 28, 20
TITLE_LINES, TITLE_SIZE, TEXT_SIZE = 2, 17, 13
HEAD = TITLE_LINES * (TITLE_SIZE + 5) + TEXT_SIZE + 14  # above each picture
FOOT = 2 * (TEXT_SIZE + 4) + 10  # below each picture
DASH = 16  # pixels from dash to dash
FOOT_LINE = 2 * (TEXT_SIZE + 4)  # notice and caption below all
INK, FAINT, WARN, PAPER = (29, 42, 48), (96, 110, 118), (176, 74, 18), (255, 255, 255)
REGION, REFERENCE = (99, 226, 232), (255, 255, 255)

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class FigurePanel:
    """One phrase of a figure.

    Attributes:
        grounded: The phrase with its regions and controls.
        score: (rows, columns) calibrated score in [0, 1] at `picture_shape` of the image; NaN
            where the model did not look.
        reference: Boxes known to be right, in original pixels, drawn dashed.
    """

    grounded: GroundedPhrase
    score: Float32
    reference: tuple[Box, ...] = ()


def picture_shape(image_shape: tuple[int, int]) -> tuple[int, int]:
    """(rows, columns) of the picture that a panel shows of an image."""
    scale = PANEL_SIDE / max(image_shape)
    return max(1, round(image_shape[0] * scale)), max(1, round(image_shape[1] * scale))


def draw_figure(
    pixels: Float32,
    panels: Sequence[FigurePanel],
    *,
    caption: str = "",
    left_edge: str | None = None,
) -> bytes:
    """Draw a figure and encode it as PNG.

    Nothing that identifies a patient is drawn: no file name, age or sex.

    Args:
        pixels: (H, W) in [0, 1], bright = dense.
        panels: Any number of phrases; a grid of at most four columns.
        caption: A line for the foot, such as the checkpoint and its digest.
        left_edge: Patient's side at the left edge of the image ("R" or "L") when it is known.

    Returns:
        Bytes of an 8-bit RGB PNG.
    """
    rows, columns = picture_shape((pixels.shape[0], pixels.shape[1]))
    plain = _grey_picture(pixels, rows=rows, columns=columns)
    across = min(MOST_COLUMNS, len(panels) + 1)
    down = math.ceil((len(panels) + 1) / across)
    cell_width = max(columns, 260) + GAP
    cell_height = HEAD + rows + FOOT + GAP
    canvas = Image.new(
        "RGB",
        (2 * MARGIN + across * cell_width - GAP, 2 * MARGIN + down * cell_height + FOOT_LINE),
        PAPER,
    )
    draw = ImageDraw.Draw(canvas)
    for number, panel in enumerate([None, *panels]):
        left = MARGIN + number % across * cell_width
        top = MARGIN + number // across * cell_height
        picture = plain if panel is None else _panel_picture(plain, panel, image_shape=pixels.shape)
        canvas.paste(Image.fromarray(picture), (left, top + HEAD))
        if left_edge:
            draw.text((left + 8, top + HEAD + 6), left_edge, fill=PAPER, font=_font(TITLE_SIZE))
        width = cell_width - GAP
        if panel is None:
            _write_head(draw, (left, top), width, title="Radiograph", line="")
            _write_scale(draw, canvas, (left, top + HEAD + rows + 8), width=min(columns, 200))
        else:
            _write_panel(draw, (left, top), width, panel.grounded, foot=top + HEAD + rows + 6)
    _write_foot(draw, canvas, f"{NOTICE}  {caption}".rstrip())
    info = PngInfo()
    info.add_text("Description", NOTICE)
    file = io.BytesIO()
    canvas.save(file, format="PNG", pnginfo=info)
    return file.getvalue()


def _grey_picture(pixels: Float32, *, rows: int, columns: int) -> Pixels:
    """(rows, columns, 3) uint8 copy of the radiograph."""
    smaller = rows < pixels.shape[0]
    method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    small = cv2.resize(pixels, (columns, rows), interpolation=method)
    grey = np.clip(np.nan_to_num(small) * 255 + 0.5, 0, 255).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def _panel_picture(plain: Pixels, panel: FigurePanel, *, image_shape: tuple[int, ...]) -> Pixels:
    """Blend the score over the radiograph, hatch what is unseen, draw regions and boxes."""
    if panel.score.shape != plain.shape[:2]:
        raise ValueError(
            f"A panel needs its score at picture_shape {plain.shape[:2]}, got {panel.score.shape}."
        )
    seen = np.isfinite(panel.score)
    score = np.where(seen, panel.score, 0.0)
    colour = _colours(score)
    # Transparent where the score is low, so that the radiograph stays readable.
    weight = (0.5 * np.sqrt(score))[:, :, None]
    # A map that should not be read as a location is shown, but fades behind the image.
    weight = weight * (0.4 if panel.grounded.controls.abstain else 1.0)
    picture = np.asarray(plain * (1 - weight) + colour * weight + 0.5).astype(np.uint8)
    y, x = np.indices(seen.shape)
    picture[~seen & ((x + y) % 8 < 2)] = (110, 122, 130)
    picture = np.ascontiguousarray(picture)
    scale = np.array([plain.shape[1] / image_shape[1], plain.shape[0] / image_shape[0]])
    for box in panel.reference:
        _dashed_box(picture, box, scale)
    if not panel.grounded.controls.abstain:
        for region in panel.grounded.regions:
            _polygon(picture, region.contour * scale, REGION)
    return picture


def _colours(score: NDArray[np.floating]) -> NDArray[np.float64]:
    """(..., 3) RGB in [0, 255] of a score in [0, 1], on a perceptual sequential scale."""
    levels = np.clip(score * 255 + 0.5, 0, 255).astype(np.uint8)
    mapped = np.asarray(cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO))
    return mapped[:, :, ::-1].astype(np.float64)


def _polygon(picture: Pixels, points: NDArray[np.floating], colour: tuple[int, int, int]) -> None:
    """Outline with a dark rim, so that it reads on bright and on dark."""
    # OpenCV counts pixel centres at integers; 4 bits of fraction keep the place.
    fixed = np.round((points - 0.5) * 16).astype(np.int32)
    for rim, width in (((16, 24, 28), 4), (colour, 2)):
        cv2.polylines(picture, [fixed], True, rim, width, cv2.LINE_AA, 4)


def _dashed_box(picture: Pixels, box: Box, scale: NDArray[np.floating]) -> None:
    corners = np.array(
        [
            [box.x_min, box.y_min],
            [box.x_max, box.y_min],
            [box.x_max, box.y_max],
            [box.x_min, box.y_max],
        ]
    )
    corners = corners * scale
    for start, stop in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        dashes = max(1, int(np.linalg.norm(stop - start) // DASH))
        for i in range(dashes):
            a, b = (
                start + (stop - start) * (i / dashes),
                start + (stop - start) * ((i + 0.5) / dashes),
            )
            _polygon(picture, np.stack([a, b]), REFERENCE)


def _write_panel(
    draw: ImageDraw.ImageDraw,
    place: tuple[int, int],
    width: int,
    grounded: GroundedPhrase,
    *,
    foot: int,
) -> None:
    controls = grounded.controls
    number = len(grounded.regions)
    regions = f"{number} region{'' if number == 1 else 's'} above {grounded.threshold:.2f}"
    _write_head(
        draw,
        place,
        width,
        title=grounded.phrase,
        line=f"score {grounded.score:.2f}   sensitivity {controls.sensitivity:.2f}",
    )
    if not controls.abstain:
        line = f"{regions} ({grounded.threshold_rule})"
        draw.text((place[0], foot), line, fill=FAINT, font=_font(TEXT_SIZE))
        return
    reason = controls.reasons[0] if controls.reasons else ""
    lines = _wrap(f"Abstains: {reason}", draw, _font(TEXT_SIZE), width=width, most=2)
    for i, text in enumerate(lines):
        draw.text((place[0], foot + i * (TEXT_SIZE + 4)), text, fill=WARN, font=_font(TEXT_SIZE))


def _write_head(
    draw: ImageDraw.ImageDraw, place: tuple[int, int], width: int, *, title: str, line: str
) -> None:
    """Title on the last lines of the head, so that it stands next to its picture."""
    left, top = place
    lines = _wrap(title, draw, _font(TITLE_SIZE), width=width, most=TITLE_LINES)
    start = top + (TITLE_LINES - len(lines)) * (TITLE_SIZE + 5)
    if not line:
        start += TEXT_SIZE + 6
    for i, text in enumerate(lines):
        draw.text((left, start + i * (TITLE_SIZE + 5)), text, fill=INK, font=_font(TITLE_SIZE))
    draw.text((left, top + HEAD - TEXT_SIZE - 11), line, fill=FAINT, font=_font(TEXT_SIZE))


def _write_scale(
    draw: ImageDraw.ImageDraw, canvas: Image.Image, place: tuple[int, int], *, width: int
) -> None:
    """Colour scale of the calibrated score, 0 to 1, the same for every panel."""
    left, top = place
    bar = np.repeat(np.linspace(0, 1, max(2, width - 24))[None], 10, axis=0)
    canvas.paste(Image.fromarray(_colours(bar).astype(np.uint8)), (left + 12, top))
    for x, text in ((left, "0"), (left + width - 8, "1")):
        draw.text((x, top - 3), text, fill=FAINT, font=_font(TEXT_SIZE))
    draw.text((left, top + 14), "calibrated score", fill=FAINT, font=_font(TEXT_SIZE))


def _write_foot(draw: ImageDraw.ImageDraw, canvas: Image.Image, text: str) -> None:
    top, right = canvas.height - MARGIN - FOOT_LINE, canvas.width - MARGIN
    draw.line([(MARGIN, top - 8), (right, top - 8)], fill=(213, 221, 224))
    lines = _wrap(text, draw, _font(TEXT_SIZE), width=right - MARGIN, most=2)
    for i, line in enumerate(lines):
        draw.text((MARGIN, top + i * (TEXT_SIZE + 4)), line, fill=INK, font=_font(TEXT_SIZE))


def _wrap(
    text: str,
    draw: ImageDraw.ImageDraw,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    *,
    width: int,
    most: int,
) -> list[str]:
    """Break a text into at most `most` lines of a width; what does not fit ends in "..."."""
    lines: list[str] = []
    # No figure shows more than some hundred characters; a pasted page would take long to measure.
    words = [word[:80] for word in text[:600].split()]
    while words and len(lines) < most:
        count = len(words)
        while count > 1 and draw.textlength(" ".join(words[:count]), font=font) > width:
            count -= 1
        lines.append(" ".join(words[:count]))
        words = words[count:]
    if lines and words:
        lines[-1] += " ..."
    for i, line in enumerate(lines):
        cut = line
        while len(cut) > 4 and draw.textlength(cut, font=font) > width:
            cut = cut.removesuffix("...").rstrip()[:-1] + "..."
        lines[i] = cut
    return lines


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
