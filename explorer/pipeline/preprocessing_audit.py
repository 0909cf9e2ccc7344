"""What a checkpoint does to one radiograph before its network sees it, step by step.

The display comes first, since a model is shown what a person is shown: the window, the inversion
of MONOCHROME1, what the window clips. Then the steps of the checkpoint, and the exact tensor. What
the checkpoint was not made for is said as a warning.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explorer.adapters import Engine
from explorer.entities import Float32, ModelFrame, Radiograph, Window
from explorer.grounding.geometry import seen_mask

MUCH_CLIPPED = 0.2  # share of the film at one end of the window
MUCH_CUT = 0.1  # share of the film that a crop leaves out
MUCH_PADDED = 0.3  # share of the network input that is padding
MUCH_STRETCHED = 0.1  # change of the aspect
MUCH_ENLARGED = 1.5  # input pixels a pixel of the film


@dataclass(frozen=True, slots=True)
class AuditStep:
    """One step: its short name, what it did to this film, and what speaks against it.

    `name` is empty where a step continues the one before; `warning` is empty where nothing does.
    """

    name: str
    did: str
    warning: str = ""


@dataclass(frozen=True, slots=True)
class PreprocessingAudit:
    """All steps for one film and one checkpoint.

    Attributes:
        checkpoint: Name on the shelf.
        steps: In the order in which they happen.
        frame: Where the film lies in the network input.
        tensor: (channels, rows, columns) float32, exactly what the network is given.
        picture: (rows, columns) uint8, the first channel from its least to its largest value.
        seen: Share of the film's pixels that lie in the network input, in [0, 1].
    """

    checkpoint: str
    steps: tuple[AuditStep, ...]
    frame: ModelFrame
    tensor: Float32
    picture: NDArray[np.uint8]
    seen: float

    @property
    def warnings(self) -> tuple[str, ...]:
        """What speaks against reading this film with this checkpoint, in the order of the steps."""
        return tuple(step.warning for step in self.steps if step.warning)


def audit_preprocessing(engine: Engine, radiograph: Radiograph) -> PreprocessingAudit:
    """Run the steps on a radiograph and say what each did; nothing is encoded."""
    frame = engine.frame_of(*radiograph.shape)
    inside = engine.model_input(radiograph.pixels, frame=frame)
    tensor = engine.network_input([inside])[0]
    seen = float(seen_mask(frame).mean())
    return PreprocessingAudit(
        checkpoint=engine.card.name,
        steps=(
            *_display(radiograph),
            *_placement(frame, seen=seen, padded=float(np.isnan(inside).mean())),
            *_of_family(engine),
            _patch(frame, radiograph),
            _tensor(engine, tensor),
        ),
        frame=frame,
        tensor=tensor,
        picture=_picture(tensor),
        seen=seen,
    )


def _display(radiograph: Radiograph) -> Iterator[AuditStep]:
    notes = " ".join(radiograph.notes)
    yield AuditStep("file", radiograph.source_format, notes)
    window = radiograph.windows[0]
    if isinstance(window, Window):
        did = f"{window.name}: centre {window.center:g}, width {window.width:g}, {window.function}"
    else:
        did = f"{window.name}: a table of {len(window.values)} values from {window.first:g}"
    more = len(radiograph.windows) - 1
    yield AuditStep("window", f"{did}; the first of {more + 1}" if more else did)
    yield AuditStep(
        "inversion",
        "inverted after the window (MONOCHROME1 or a presentation that asks for it)"
        if radiograph.inverted
        else "not inverted: the file shows dense parts bright",
    )
    yield _clipping(radiograph)


def _clipping(radiograph: Radiograph) -> AuditStep:
    pixels = radiograph.pixels if radiograph.valid is None else radiograph.pixels[radiograph.valid]
    dark, bright = float((pixels <= 0).mean()), float((pixels >= 1).mean())
    padding = "" if radiograph.valid is None else ", less what the file marks as padding"
    warning = ""
    for share, end in ((dark, "black"), (bright, "white")):
        if share > MUCH_CLIPPED:
            warning = (
                f"{share:.0%} of the film is plain {end}: the window cuts it off, or the film has "
                "a wide border. The network sees nothing there."
            )
    return AuditStep("clip", f"{dark:.1%} black and {bright:.1%} white{padding}", warning)


def _placement(frame: ModelFrame, *, seen: float, padded: float) -> Iterator[AuditStep]:
    (height, width), (rows, columns) = frame.image_shape, frame.input_shape
    new = (round(height * frame.scale_y), round(width * frame.scale_x))
    yield AuditStep(
        "resize",
        f"{height} x {width} px to {new[0]} x {new[1]} px "
        f"(rows x {frame.scale_y:.4g}, columns x {frame.scale_x:.4g})",
        _resize_warning(frame),
    )
    cut = "" if seen > 1 - MUCH_CUT else f"{1 - seen:.0%} of the film lies outside the input: "
    yield AuditStep(
        "crop and padding",
        f"input of {rows} x {columns} px, film from row {frame.offset_y:g} and column "
        f"{frame.offset_x:g}; {seen:.1%} of the film is seen, {padded:.1%} of the input is padding",
        (f"{cut}findings there cannot be found." if cut else "")
        or (f"{padded:.0%} of the input is padding." if padded > MUCH_PADDED else ""),
    )


def _resize_warning(frame: ModelFrame) -> str:
    stretched = frame.scale_y / frame.scale_x
    if max(stretched, 1 / stretched) > 1 + MUCH_STRETCHED:
        return (
            f"The aspect changes by {abs(stretched - 1):.0%}: hearts look "
            f"{'narrower' if stretched > 1 else 'wider'} than they are."
        )
    if max(frame.scale_x, frame.scale_y) > MUCH_ENLARGED:
        return (
            f"The film is enlarged {max(frame.scale_x, frame.scale_y):.1f} times: it has fewer "
            "pixels than the network reads."
        )
    return ""


def _of_family(engine: Engine) -> Iterator[AuditStep]:
    said = engine.card.extra.get("normalisation")
    preprocessing = getattr(engine, "preprocessing", None)
    warning = ""
    if preprocessing is not None and isinstance(said, dict):
        done = {"mean": list(preprocessing.mean), "std": list(preprocessing.std)}
        if any(not np.allclose(said.get(key, done[key]), done[key]) for key in done):
            warning = f"The card says {said}, the folder's own settings say {done}; those are used."
    for i, step in enumerate(engine.steps()):
        yield AuditStep("as published" if i == 0 else "", step, warning if i == 0 else "")


def _patch(frame: ModelFrame, radiograph: Radiograph) -> AuditStep:
    (rows, columns), (h, w) = frame.input_shape, frame.grid_shape
    high, wide = rows / h / frame.scale_y, columns / w / frame.scale_x
    size = f"one patch of the {h} x {w} grid is {high:.0f} x {wide:.0f} px of the film"
    spacing = radiograph.spacing
    if spacing is not None:
        millimetres = f"{high * spacing.row_mm:.0f} x {wide * spacing.column_mm:.0f} mm"
        size += f", {millimetres} by {spacing.source}"
    return AuditStep("patch", size)


def _tensor(engine: Engine, tensor: Float32) -> AuditStep:
    channels, rows, columns = tensor.shape
    equal = channels > 1 and bool((tensor == tensor[:1]).all())
    kinds = f"{channels} equal channels" if equal else f"{channels} channel{'s' * (channels > 1)}"
    return AuditStep(
        "tensor",
        f"{kinds} of {rows} x {columns}, from {tensor.min():.3g} to {tensor.max():.3g}, mean "
        f"{tensor.mean():.3g}; computed in {engine.precision} on {engine.device}",
        "The film is the same everywhere." if float(np.ptp(tensor)) == 0 else "",
    )


def _picture(tensor: Float32) -> NDArray[np.uint8]:
    """The first channel from 0 (least) to 255 (largest)."""
    first = tensor[0].astype(np.float64)
    span = float(np.ptp(first)) or 1.0
    return np.round((first - first.min()) / span * 255).astype(np.uint8)
