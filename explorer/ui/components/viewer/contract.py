"""What a page gives to the viewer and what comes back: frozen records, no widgets."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from explorer.entities import Assertion, Box, GroundedPhrase, ModelFrame, Radiograph

PhraseKind = Literal["sentence", "typed", "likeness"]
Stated = Assertion | Literal["normal"]
MAX_PANES = 4
LONGEST_PHRASE = 200  # characters; a longer text is a report
MOST_TYPED = 24  # typed phrases that are kept at a time
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
        assertion: As the report states it; "normal" for a structure that is called so.
        section: Heading the sentence stands under, e.g. "Findings"; empty for typed phrases.
        kind: A sentence of the report, a phrase the person typed, or likeness to a prototype.
        color: "#RRGGBB" that keys card and marks; None takes the next of the palette.
        sentence: Index into `report.sentences`; None for typed phrases.
        start, end: Character offsets in the report; None for typed phrases.
        text: What the card says; empty takes `grounded.phrase`.
        source: Where the map comes from; empty for similarity.
        note: Of a map from another source: its unit and how far it can be trusted.
        bar: Title of the colour bar of such a map; empty for shares of the largest value.
        about: What such a map is, for the details; empty for an attribution.
        pending: Whether a map can be asked for that is not there yet.
        value_range: Lowest and highest value on the colour bar of the cosine; None takes -1 to 1.
    """

    grounded: GroundedPhrase | None
    assertion: Stated = "present"
    section: str = ""
    kind: PhraseKind = "sentence"
    color: str | None = None
    sentence: int | None = None
    start: int | None = None
    end: int | None = None
    text: str = ""
    value_range: tuple[float, float] | None = None
    source: str = ""
    note: str = ""
    bar: str = ""
    about: str = ""
    pending: bool = False

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
        if self.kind == "likeness":
            return f"p:{self.shown_text}"
        return f"t:{self.shown_text}" if self.sentence is None else f"s{self.sentence}"


@dataclass(frozen=True, slots=True)
class ViewerWords:
    """What each word of a phrase adds to its map.

    Attributes:
        phrase_id: As `ViewerPhrase.phrase_id`.
        way: How it was found.
        words: (word, signed cosine) in reading order.
        note: How far the values can be trusted.
        why: Why there are none; empty otherwise.
    """

    phrase_id: str
    way: str
    words: tuple[tuple[str, float], ...] = ()
    note: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """What a message belongs to; the browser draws messages together only where these agree.

    Attributes:
        study: Token of one opening of a study (`LoadedStudy.token`).
        film: `image_id` of the radiograph.
        space: Names weights, device and precision.
        run: Number of the results; of one study, film and pane only the highest is shown.
        pane: Which pane the maps are for.
    """

    study: str
    film: str
    space: str
    run: int
    pane: int = 0


@dataclass(frozen=True, slots=True)
class ViewerFilm:
    """A radiograph of one pane, with the token of the opening it belongs to."""

    study: str
    radiograph: Radiograph


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """One radiograph of the strip: its name and a small grey picture, (side, side) uint8."""

    label: str
    picture: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Note:
    """Words for the person beside the picture: what happened, and what to do."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Desk:
    """What lies around the pictures.

    Attributes:
        title: Of the study.
        link: Name of a bundled study for a copied address; None for own files.
        thumbnails: Radiographs of the study; the strip shows when there are several.
        index: Which of them is shown.
        problems: What could not be used of the last opening.
        failed: Whether nothing could be opened: then there are no films.
        back: Title of the study before a failed opening, offered as a way back.
        compact: Whether only the film and its tools are shown, without report and details.
        tells: What Python hears of as soon as it is done by hand: "boxes".
        loose_report: First words of a report that waits to be joined to this study.
        longest_phrase: Characters that a typed phrase may have.
        most_typed: Typed phrases that are kept at a time.
    """

    title: str = ""
    link: str | None = None
    thumbnails: tuple[Thumbnail, ...] = ()
    index: int = 0
    problems: tuple[Note, ...] = ()
    failed: bool = False
    back: str | None = None
    compact: bool = False
    tells: tuple[str, ...] = ()
    loose_report: str | None = None
    longest_phrase: int = LONGEST_PHRASE
    most_typed: int = MOST_TYPED


@dataclass(frozen=True, slots=True)
class PaneSetup:
    """What a pane is set to: names of `Setup`'s lists, and which film.

    Attributes:
        sources: Names of the sources that its checkpoint has.
    """

    checkpoint: str
    pooling: str
    source: str
    film: int
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Setup:
    """What every pane is set to and what it can be set to.

    Attributes:
        panes: In order.
        checkpoints, poolings: (name, words for the person).
        films: Words for each radiograph of the study.
        most: How many panes there may be.
    """

    panes: tuple[PaneSetup, ...]
    checkpoints: tuple[tuple[str, str], ...]
    poolings: tuple[tuple[str, str], ...]
    films: tuple[str, ...]
    most: int = MAX_PANES


@dataclass(frozen=True, slots=True)
class Head:
    """What is known of a radiograph and its checkpoint before any phrase.

    Attributes:
        title: Of the checkpoint.
        checkpoint: Its name, for a copied address.
        frame: Where the model looked; None draws no frame and no hatching.
        refused: Why nothing is grounded on this image; empty otherwise.
        failed: Why this pane has no maps although others may have; empty otherwise.
        notes: Warnings on the film and the reading of it.
        remedies: What the person can have done about them, one button each.
        reference: Boxes whose place is known.
        total: Number of sentences of the report.
        bound: How many of them are grounded without a further press.
        null_peaks: Peak score of every null phrase on this radiograph.
        cost: One line on device and time.
    """

    title: str
    checkpoint: str
    frame: ModelFrame | None = None
    refused: str = ""
    failed: str = ""
    notes: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()
    reference: tuple[ViewerReference, ...] = ()
    total: int = 0
    bound: int = 0
    null_peaks: dict[str, float] = field(default_factory=dict)
    cost: str = ""
