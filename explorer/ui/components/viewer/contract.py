"""What a page gives to the viewer and what comes back: frozen records, no widgets."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from explorer.entities import Assertion, Box, GroundedPhrase, ModelFrame, Radiograph

PhraseKind = Literal["sentence", "typed"]
MAX_PANES = 4
# Seven colours of a search over the bright half of sRGB for the largest smallest difference
# (CIEDE2000, 11.5) between any two, and to the yellow of own boxes, the blue of rulers and the
# white of references, as seen with each of the three forms of dichromacy and without.
# tests/viewer/test_palette.py measures it.
PHRASE_COLORS = (
    "#15AA80",
    "#EA6AAA",
    "#8095EA",
    "#D4FFBF",
    "#FFAABF",
    "#AA9515",
    "#BFBF6A",
)


def phrase_color(index: int) -> str:
    """Return the colour that keys phrase `index` (from 0) on cards and on the radiograph.

    Returns:
        "#RRGGBB"; the palette repeats after seven phrases.

    >>> phrase_color(0), phrase_color(7) == phrase_color(0)
    ('#15AA80', True)
    """
    return PHRASE_COLORS[index % len(PHRASE_COLORS)]


class ViewerReference(NamedTuple):
    """A reference box (drawn dashed); `sentence` ties it to one sentence of the report."""

    label: str
    box: Box
    sentence: int | None = None


@dataclass(frozen=True, slots=True)
class ViewerPhrase:
    """One card of the report panel with the map it shows.

    Attributes:
        grounded: The phrase with its map, or None for a sentence that is not grounded.
        assertion: As the report states it.
        section: Heading the sentence stands under, e.g. "Findings"; empty for typed phrases.
        kind: A sentence of the report, or a phrase the person typed.
        color: "#RRGGBB" that keys card and marks; None takes the next of the palette.
        sentence: Index into `report.sentences`; None for typed phrases.
        start, end: Character offsets in the report; None for typed phrases.
        text: What the card says; empty takes `grounded.phrase`.
    """

    grounded: GroundedPhrase | None
    assertion: Assertion = "present"
    section: str = ""
    kind: PhraseKind = "sentence"
    color: str | None = None
    sentence: int | None = None
    start: int | None = None
    end: int | None = None
    text: str = ""

    def __post_init__(self) -> None:
        if self.grounded is None and not self.text:
            raise ValueError("A ViewerPhrase without a map needs a text, got an empty one.")

    @property
    def shown_text(self) -> str:
        """The words on the card."""
        if self.text or self.grounded is None:
            return self.text
        return self.grounded.phrase

    @property
    def phrase_id(self) -> str:
        """Stable name within one viewer: "s3" for sentence 3, "t:words" for a typed phrase."""
        return f"t:{self.shown_text}" if self.sentence is None else f"s{self.sentence}"


@dataclass(frozen=True, slots=True)
class ViewerPane:
    """One radiograph with the maps of one checkpoint.

    Attributes:
        radiograph: Shown from its 16-bit levels.
        frame: Where the model looked; None draws no frame and no hatching.
        phrases: In report order; the typed ones may stand anywhere.
        reference: Reference boxes; plain `(label, box)` tuples are accepted.
        title: Printed in the pane's corner, e.g. the checkpoint's title.
    """

    radiograph: Radiograph
    frame: ModelFrame | None = None
    phrases: tuple[ViewerPhrase, ...] = ()
    reference: tuple[ViewerReference | tuple[str, Box], ...] = ()
    title: str = ""


@dataclass(frozen=True, slots=True)
class DrawnBox:
    """A box drawn by hand, in original pixels of the radiograph of pane `pane`."""

    box_id: str
    pane: int
    box: Box


@dataclass(frozen=True, slots=True)
class ViewerEvent:
    """What the browser told Python: finished boxes, and the chosen phrase when asked for.

    Attributes:
        boxes: Every box on the radiograph, the newest last.
        phrase_id: Chosen card (`ViewerPhrase.phrase_id`); None until one is clicked, and always
            None unless `viewer(send_choice=True)`.
    """

    boxes: tuple[DrawnBox, ...] = ()
    phrase_id: str | None = None

    @property
    def box(self) -> DrawnBox | None:
        """The newest box, or None."""
        return self.boxes[-1] if self.boxes else None
