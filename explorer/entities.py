"""The nouns: frozen NumPy records that the packages pass to each other.

Arrays are [row, column]. Boxes are (x_min, y_min, x_max, y_max) in pixels of the original
radiograph, half-open. Letters in shapes: H, W original image; h, w patch grid; D embedding.
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Assertion = Literal["present", "absent", "uncertain", "not about the image"]
Side = Literal["right", "left", "bilateral"]
Zone = Literal["upper", "mid", "lower"]
ViewPosition = Literal["PA", "AP", "lateral", "unknown"]
Grade = Literal[
    "stands out", "doubtful", "not above normal films", "unknown phrase", "no reference"
]


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-aligned region in original pixels; the maximum edges lie outside (half-open)."""

    x_min: float
    y_min: float
    x_max: float
    y_max: float

    def __post_init__(self) -> None:
        _require(
            bool(np.isfinite([self.x_min, self.y_min, self.x_max, self.y_max]).all())
            and self.x_max > self.x_min
            and self.y_max > self.y_min,
            f"A box needs finite edges with x_max > x_min and y_max > y_min, got {self}.",
        )

    @classmethod
    def from_xywh(cls, x: float, y: float, width: float, height: float) -> "Box":
        """Build a box from the (x, y, width, height) of COCO-style files."""
        return cls(x, y, x + width, y + height)

    def to_xywh(self) -> tuple[float, float, float, float]:
        """Return (x, y, width, height) in pixels."""
        return self.x_min, self.y_min, self.x_max - self.x_min, self.y_max - self.y_min

    @property
    def area(self) -> float:
        """Area in square pixels."""
        return (self.x_max - self.x_min) * (self.y_max - self.y_min)

    @property
    def center(self) -> tuple[float, float]:
        """Centre as (x, y) in pixels."""
        return (self.x_min + self.x_max) / 2, (self.y_min + self.y_max) / 2

    def as_slices(self) -> tuple[slice, slice]:
        """Rows and columns of every pixel the box touches: `pixels[box.as_slices()]`."""
        rows = slice(max(0, int(np.floor(self.y_min))), max(0, int(np.ceil(self.y_max))))
        columns = slice(max(0, int(np.floor(self.x_min))), max(0, int(np.ceil(self.x_max))))
        return rows, columns

    def iou(self, other: "Box") -> float:
        """Intersection over union with another box, in [0, 1]."""
        width = min(self.x_max, other.x_max) - max(self.x_min, other.x_min)
        height = min(self.y_max, other.y_max) - max(self.y_min, other.y_min)
        intersection = max(0.0, width) * max(0.0, height)
        return intersection / (self.area + other.area - intersection)


@dataclass(frozen=True, slots=True)
class Window:
    """A named VOI window in modality values (DICOM PS3.3 C.11.2)."""

    name: str
    center: float
    width: float
    function: Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"] = "LINEAR"


@dataclass(frozen=True, slots=True)
class VoiTable:
    """A named VOI lookup table: entry i shows modality value `first + i`; values in [0, 1]."""

    name: str
    first: float
    values: Float32


@dataclass(frozen=True, slots=True)
class Spacing:
    """Millimetres between pixel centres, with the DICOM attribute they come from."""

    row_mm: float
    column_mm: float
    source: str


@dataclass(frozen=True, slots=True)
class Radiograph:
    """One chest radiograph, ready to show and to encode.

    Attributes:
        pixels: (H, W) float32 in [0, 1], bright = dense, shown with the first of `windows`.
        levels: (H, W) uint16 for window/level in the viewer; modality value =
            `levels * level_slope + level_intercept`.
        windows: Every window or VOI table of the file, the default first; never empty.
        inverted: Whether display = 1 - windowed value (MONOCHROME1 or presentation INVERSE).
        valid: (H, W) bool, False where the file marks padding; None when there is none.
        view_position: Projection as the file states it.
        laterality: Patient's side at the left edge of the image when the file says so.
        spacing: Pixel spacing with its source, or None.
        burned_in: Burned-in annotation flag of the file; None when not stated.
        age: As the DICOM age string, e.g. "063Y"; None when not stated.
        sex: "M", "F", "O" or None.
        source_format: E.g. "DICOM DX, JPEG 2000" or "PNG, 16 bit".
        digest: sha256 of the shown pixels; names the image in caches, never the patient.
        notes: Warnings for the person, e.g. "The file states a lateral view."
    """

    pixels: Float32
    levels: NDArray[np.uint16]
    level_slope: float
    level_intercept: float
    windows: tuple[Window | VoiTable, ...]
    inverted: bool
    source_format: str
    digest: str
    valid: NDArray[np.bool_] | None = None
    view_position: ViewPosition = "unknown"
    laterality: str | None = None
    spacing: Spacing | None = None
    burned_in: bool | None = None
    age: str | None = None
    sex: str | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _require(
            self.pixels.ndim == 2 and self.pixels.dtype == np.float32 and self.pixels.size > 0,
            f"Radiograph pixels must be a non-empty (H, W) float32 array, "
            f"got {self.pixels.dtype} {self.pixels.shape}.",
        )
        _require(
            self.levels.shape == self.pixels.shape and self.levels.dtype == np.uint16,
            "Radiograph levels must be uint16 of the same shape as pixels, "
            f"got {self.levels.dtype} {self.levels.shape}.",
        )
        _require(len(self.windows) > 0, "A radiograph needs at least one window, got none.")

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) in pixels."""
        return self.pixels.shape[0], self.pixels.shape[1]


@dataclass(frozen=True, slots=True)
class Phrase:
    """The part of a sentence that states one thing; offsets count characters of the report."""

    text: str
    start: int
    end: int
    assertion: Assertion
    side: Side | None = None
    zone: Zone | None = None


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence: `report.text[start:end] == text`; `phrase` is its finding part, to be grounded.

    "left effusion" of "No interval increase in the left effusion."; "" when not about the image.
    """

    text: str
    section: str
    start: int
    end: int
    assertion: Assertion
    side: Side | None = None
    zone: Zone | None = None
    phrases: tuple[Phrase, ...] = ()
    phrase: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A report text, its sentences in order, and notes for the person; HTML tags are blanked."""

    text: str
    sentences: tuple[Sentence, ...]
    language: str = ""  # code of ISO 639-1, "" when there are too few words to tell
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Study:
    """One examination. `study_id` is a digest of the content and holds no patient identity."""

    study_id: str
    radiographs: tuple[Radiograph, ...]
    report: Report | None = None

    def __post_init__(self) -> None:
        _require(len(self.radiographs) > 0, "A study needs at least one radiograph, got none.")


@dataclass(frozen=True, slots=True)
class ModelFrame:
    """The one affine between original pixels, model input and patch grid.

    A point (x, y) of the original (pixel edges at integers) lies at
    `(x * scale_x + offset_x, y * scale_y + offset_y)` in the model input. The patch grid divides
    the model input into equal cells. Negative coordinates and coordinates beyond `input_shape`
    are parts of the original that the model does not see (a crop); parts of the input outside
    the original are padding (a letterbox).
    """

    image_shape: tuple[int, int]  # (H, W) of the original
    input_shape: tuple[int, int]  # (rows, columns) of the model input
    grid_shape: tuple[int, int]  # (h, w) of the patch grid
    scale_x: float
    scale_y: float
    offset_x: float
    offset_y: float

    def __post_init__(self) -> None:
        _require(
            self.scale_x > 0 and self.scale_y > 0,
            f"ModelFrame scales must be positive, got {self.scale_x} and {self.scale_y}.",
        )


@dataclass(frozen=True, slots=True)
class PatchGrid:
    """Patch embeddings kept in place: `values` (h, w, D) float32, unit rows."""

    values: Float32
    frame: ModelFrame

    def __post_init__(self) -> None:
        _require(
            self.values.ndim == 3 and self.values.shape[:2] == self.frame.grid_shape,
            f"PatchGrid values must be (h, w, D) with (h, w) = {self.frame.grid_shape}, "
            f"got {self.values.shape}.",
        )


@dataclass(frozen=True, slots=True)
class ImageCheck:
    """Probabilities by kind of image, the likeliest, whether to refuse, what to tell the person."""

    scores: dict[str, float]
    verdict: str
    refuse: bool
    message: str


NOT_CHECKED = ImageCheck({}, "not checked", refuse=False, message="")


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class ImageEmbeddings:
    """One encoded radiograph; told apart by identity, so that things can be kept for each.

    `lengths` (h, w): norms that the patches had. `whole` (D,): the unit vector that the family
    itself compares with a text; None where it has none.
    """

    grid: PatchGrid
    check: ImageCheck
    space_id: str
    lengths: Float32 | None = None
    whole: Float32 | None = None


@dataclass(frozen=True, slots=True)
class SimilarityMap:
    """Cosine of one phrase with every patch: (h, w) float32 in [-1, 1].

    Score in [0, 1] = sigmoid(cosine * score_scale + score_bias); not `calibrated`, it is a mere
    place in `cosine_range`, the usual cosines. `frame` places the grid in the original image.
    """

    phrase: str
    cosine: Float32
    score_scale: float
    score_bias: float
    frame: ModelFrame
    calibrated: bool = True
    cosine_range: tuple[float, float] = (-1.0, 1.0)

    def __post_init__(self) -> None:
        _require(
            self.cosine.shape == self.frame.grid_shape,
            f"SimilarityMap cosine must have the grid shape {self.frame.grid_shape}, "
            f"got {self.cosine.shape}.",
        )

    @property
    def score(self) -> Float32:
        """(h, w) score in [0, 1]; calibrated if `calibrated` says so."""
        return self.score_of(self.cosine)

    @property
    def peak(self) -> float:
        """Largest score, in [0, 1]: that of the largest cosine, since scales are positive."""
        return float(self.score_of(self.cosine.max()))

    def score_of(self, cosine: NDArray[np.floating]) -> Float32:
        """Score in [0, 1] of any cosines, with this map's scale; NaN stays NaN."""
        logit = cosine * np.float32(self.score_scale) + np.float32(self.score_bias)
        # tanh neither overflows nor warns at large logits.
        return np.asarray(0.5 + 0.5 * np.tanh(0.5 * logit), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Region:
    """A connected part of a thresholded map, in original pixels.

    `contour`: (N, 2) float32 polygon of (x, y). `peak`: largest score inside, in [0, 1].
    `area_fraction`: share of the seen image that it covers, in [0, 1].
    """

    box: Box
    contour: Float32
    peak: float
    area_fraction: float


@dataclass(frozen=True, slots=True)
class PhraseControls:
    """How far a map depends on its phrase and stands out from null phrases.

    Attributes:
        nonsense: Pearson correlation with the map of a nonsense phrase, [-1, 1].
        negated: The same with the negated phrase; None when it cannot be negated.
        swapped: The same with the side-swapped phrase; None when no side is said.
        sensitivity: 1 = the map depends on the phrase, 0 = any phrase gives the same map.
        null_z: Peak score against the peaks of null phrases, in standard deviations.
        abstain, reasons: Whether the map should not be read as a location; why, a sentence each.
    """

    nonsense: float
    negated: float | None
    swapped: float | None
    sensitivity: float
    null_z: float
    abstain: bool
    reasons: tuple[str, ...] = ()
    calibrated: bool = True


@dataclass(frozen=True, slots=True)
class Standing:
    """How the score of a phrase on this film stands among those of reference films.

    `among_normal` and `among_all`: share of normal, of all reference films that score lower, in
    [0, 1]; `log_odds`: natural, over the base rate of the phrase; None without reference films.
    `reason` is one plain sentence, e.g. "Weaker than in 62 of 100 normal films."
    """

    grade: Grade
    among_normal: float | None
    among_all: float | None
    log_odds: float | None
    reason: str


NO_REFERENCE = Standing(
    "no reference", None, None, None, "This checkpoint has no reference films to compare with."
)


@dataclass(frozen=True, slots=True)
class GroundedPhrase:
    """One phrase with its map, regions, controls and standing among reference films.

    `score`: pooled over the image, in [0, 1]; only the checkpoint's own pooling is calibrated.
    `threshold`: calibrated score above which a pixel belongs to a region, by `threshold_rule`
    "otsu", "fixed" or "calibrated". `regions`: zero, one or many, the highest peak first.
    """

    phrase: str
    map: SimilarityMap
    score: float
    threshold: float
    threshold_rule: str
    controls: PhraseControls
    regions: tuple[Region, ...] = field(default=())
    standing: Standing = NO_REFERENCE
    score_calibrated: bool = True
