"""The records of an index: what goes in, what a search gives back, and why.

D numbers of an embedding. Boxes are in pixels of the original radiograph.
"""

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from explorer.entities import Assertion, Box, Float32

RegionSource = Literal["sentence", "vocabulary", "segment"]


@dataclass(frozen=True, slots=True)
class Space:
    """What makes vectors comparable: the weights and how an image meets them, on any device.

    Attributes:
        checkpoint: Name of the checkpoint, for people.
        sha256: Digest of its weights, for the program.
        dimension: D.
        input_size, grid_size: (rows, columns); files of earlier versions hold one number, a square.
        frame_mode, resize: How a radiograph is placed in the model input; see `fit_frame`.
    """

    checkpoint: str
    sha256: str
    dimension: int
    input_size: tuple[int, int]
    grid_size: tuple[int, int]
    frame_mode: str
    resize: int | None = None

    def __post_init__(self) -> None:
        for name in ("input_size", "grid_size"):
            value: Any = getattr(self, name)
            pair = (value, value) if isinstance(value, int) else (int(value[0]), int(value[1]))
            object.__setattr__(self, name, pair)

    def same_as(self, other: "Space") -> bool:
        """Whether vectors of both may be compared; the name does not matter."""
        mine, theirs = asdict(self), asdict(other)
        del mine["checkpoint"], theirs["checkpoint"]
        return mine == theirs


@dataclass(frozen=True, slots=True)
class FilmRow:
    """One radiograph as it is stored.

    Attributes:
        film_id: Digest of the shown pixels.
        study_id: Digest of the study's content.
        source_key: Digest of the files the study was read from: a study with the same key is
            the same input and need not be read again.
        vector: (D,) image vector, unit norm.
        signature: (V,) log odds of the vocabulary phrases, in the order of the vocabulary.
        grid: Packed patch grid, see `patch_factors`.
        shape: (H, W) of the original in pixels.
        age_band: E.g. "60-69"; "" when not known.
        findings: Sorted names; empty and `findings_known` for a normal film.
        source: Name of the corpus.
        path: "" unless paths were asked for.
        thumbnail: WebP.
    """

    film_id: str
    study_id: str
    source_key: str
    vector: Float32
    signature: Float32
    grid: bytes
    shape: tuple[int, int]
    view: str
    age_band: str
    sex: str
    findings: tuple[str, ...]
    findings_known: bool
    source: str
    path: str
    thumbnail: bytes


@dataclass(frozen=True, slots=True)
class RegionRow:
    """One region of a film as it is stored.

    Attributes:
        vector: (D,) mean of the patch embeddings inside, unit norm.
        label: Phrase that it was found by; "" for a segment of the grid.
        source: How it was found.
        score: Calibrated peak score of its phrase, in [0, 1]; 0 for a segment.
    """

    region_id: str
    film_id: str
    study_id: str
    vector: Float32
    box: Box
    label: str
    source: RegionSource
    score: float


@dataclass(frozen=True, slots=True)
class SentenceRow:
    """One statement of a report as it is stored; a sentence has one or more.

    Attributes:
        place: Number of its sentence among those that are kept.
        text: The whole sentence.
        words: The part of it that states this.
        asked: What films are asked: "effusion" of "no effusion".
        counts: Whether it speaks of a finding; "The lungs are clear." is kept and not asked.
        vector: (D,) of `asked`.
    """

    sentence_id: str
    study_id: str
    place: int
    text: str
    section: str
    words: str
    asked: str
    assertion: Assertion
    counts: bool
    vector: Float32


@dataclass(frozen=True, slots=True)
class StudyRows:
    """Everything one study adds to an index; it goes in whole or not at all.

    Attributes:
        left_out: Why films of it are not in, one sentence each; not stored.
    """

    films: tuple[FilmRow, ...]
    regions: tuple[RegionRow, ...]
    sentences: tuple[SentenceRow, ...]
    left_out: tuple[str, ...] = ()

    @property
    def study_id(self) -> str:
        """Digest of the study's content."""
        return self.films[0].study_id

    def only(self, films: frozenset[str]) -> "StudyRows":
        """The study with those of its films alone, and their regions."""
        return replace(
            self,
            films=tuple(film for film in self.films if film.film_id in films),
            regions=tuple(region for region in self.regions if region.film_id in films),
        )


@dataclass(frozen=True, slots=True)
class IndexInfo:
    """What an index holds.

    Attributes:
        uri: Where it is.
        schema: Version of its layout.
        space: What its vectors are made with.
        search: "exact", or "approximate" where an ANN index is used.
        recall: Recall@10 of approximate against exact search, [0, 1], of the regions that
            shortlist films for a phrase; None when exact.
        region_recall: The same of region search; None when exact, or built before it was measured.
        report_recall: The same of the reports that are read for a film.
        sources: Corpus name -> studies.
        findings: Finding -> films that have it.
    """

    uri: str
    schema: int
    space: Space
    studies: int
    films: int
    regions: int
    sentences: int
    search: Literal["exact", "approximate"]
    recall: float | None
    region_recall: float | None = None
    report_recall: float | None = None
    sources: dict[str, int] = field(default_factory=dict)
    findings: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain values for `explorer index info --json`."""
        space = asdict(self.space)
        return {
            "uri": self.uri,
            "schema": self.schema,
            "studies": self.studies,
            "films": self.films,
            "regions": self.regions,
            "sentences": self.sentences,
            "checkpoint": space.pop("checkpoint"),
            "space": space,
            "search": self.search,
            "recall_at_10": self.recall,
            "region_recall_at_10": self.region_recall,
            "report_recall_at_10": self.report_recall,
            "sources": self.sources,
            "findings": self.findings,
        }


@dataclass(frozen=True, slots=True)
class Part:
    """What one sentence or region of the query gave to the score of a hit.

    Attributes:
        text: The query's sentence; the label of its region; or "" for a whole film.
        assertion: What the query states of it: an absent finding counts with reversed sign.
        gain: Added to the score; the parts sum to it.
        boxes: Regions of the hit that match, the best first; empty where nothing stands out.
        sentence: The sentence of the hit's report that is nearest, "" where there is none.
        query_box: The region of the query film that matched, for film and region queries.
    """

    text: str
    assertion: Assertion
    gain: float
    boxes: tuple[Box, ...] = ()
    sentence: str = ""
    query_box: Box | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """One film, report or region that a search found, with its reasons.

    Attributes:
        rank: From 1.
        study_id, film_id: What was found; `film_id` names the film that matched best.
        region_id: For region searches, else "".
        score: Sum of the parts; log odds over base rate for text, see docs/retrieval.md.
        percentile: Share of the corpus with a lower score, [0, 1].
        parts: Why.
        shape: (H, W) of the original, in whose pixels the boxes are.
        path: "" unless the index was built with paths.
    """

    rank: int
    study_id: str
    film_id: str
    score: float
    percentile: float
    parts: tuple[Part, ...]
    shape: tuple[int, int]
    view: str
    age_band: str
    sex: str
    findings: tuple[str, ...]
    source: str
    region_id: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Results:
    """One page of hits.

    Attributes:
        total: Studies that were ranked.
        seconds: Time of the search.
        notes: Plain sentences for the person, e.g. that the text is not English.
        scores: (total,) of all that was ranked, the best first; percentiles are read from them.
        beyond: Studies that may be found and that a shortlist left out; they count as lower.
    """

    hits: tuple[Hit, ...]
    total: int
    seconds: float
    notes: tuple[str, ...] = ()
    scores: NDArray[np.floating] = field(
        default_factory=lambda: np.zeros(0), compare=False, repr=False
    )
    beyond: int = 0


@dataclass(frozen=True, slots=True)
class QueryPart:
    """One statement of a text query, embedded.

    Attributes:
        text: What is asked of films, without its negation: "effusion" of "no effusion".
        shown: As the person wrote it.
        vector: (D,) of `text`, unit norm.
    """

    text: str
    shown: str
    assertion: Assertion
    vector: Float32
