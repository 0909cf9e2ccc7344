"""What all sessions share: engines, encoded radiographs, bundled studies; heavy work in turn.

One Streamlit process serves every session in a thread of its own. Models are loaded once a
process and encoding is done by one thread at a time, so that a second visitor slows the first
one down by a queue and not by a fight over cores and memory. Keys are checkpoint and pixel
digests: no key holds a name or a report text.
"""

import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import streamlit as st

from explorer.entities import (
    Assertion,
    GroundedPhrase,
    ImageEmbeddings,
    Radiograph,
    Report,
    Sentence,
    Study,
)
from explorer.errors import ReadingError
from explorer.ui.state import LoadedStudy, Options, Reference

if TYPE_CHECKING:
    from explorer.pipeline import AdapterCard, BundledStudy, Engine

Share = tuple[str, float]
MOST_ENGINES = 3
THUMBNAIL_SIDE = 144
_TURN = threading.Lock()
_LOADED: "dict[tuple[str, str, str], Engine]" = {}
_LATENCIES: dict[str, deque[float]] = {}


@dataclass(frozen=True, slots=True)
class Encoded:
    """A radiograph's embeddings with the time the encoder took, in milliseconds."""

    embeddings: ImageEmbeddings
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Grounded:
    """Grounded phrases of one text batch with the time the whole batch took, in milliseconds."""

    phrases: tuple[GroundedPhrase | None, ...]
    milliseconds: float


@contextmanager
def turn() -> Iterator[None]:
    """Wait until no other session does heavy work, then do it alone."""
    with _TURN:
        yield


def _pipeline() -> Any:
    # Imported late: it brings torch, which takes seconds, and the page frame should not wait.
    from explorer import pipeline

    return pipeline


def _forget(released: "Engine") -> None:
    for key in [key for key, engine in _LOADED.items() if engine is released]:
        del _LOADED[key]


@st.cache_resource(show_spinner=False, max_entries=MOST_ENGINES, on_release=_forget)
def _engine(name: str, device: str, precision: str) -> "Engine":
    with turn():
        loaded: Engine = _pipeline().open_engine(name, device=device, precision=precision)
    _LOADED[name, device, precision] = loaded
    return loaded


def engine(name: str | None = None, *, device: str = "auto", precision: str = "auto") -> "Engine":
    """Load a checkpoint once for all sessions; the least recently used of three makes room.

    Raises:
        CheckpointError: Unknown name, broken folder, or absent device.
    """
    return _engine(name or checkpoints()[0].name, device, precision)


def loaded_engines(name: str) -> dict[tuple[str, str], "Engine"]:
    """Engines of a checkpoint that are in memory, by the (device, precision) asked for."""
    return {key[1:]: engine for key, engine in list(_LOADED.items()) if key[0] == name}


def unload(name: str) -> None:
    """Drop every engine of a checkpoint from memory."""
    for device, precision in loaded_engines(name):
        _engine.clear(name, device, precision)


def latencies(loaded: "Engine") -> list[float]:
    """Return the times of the last image encodes with an engine, in milliseconds."""
    return list(_LATENCIES.get(engine_key(loaded), ()))


@st.cache_resource(show_spinner=False, ttl="10m")
def checkpoints() -> "tuple[AdapterCard, ...]":
    """List the cards of the checkpoints on the shelf."""
    return tuple(_pipeline().list_checkpoints())


def broken_checkpoints() -> tuple[Exception, ...]:
    """Say what is wrong with checkpoint folders that are not on the shelf."""
    return tuple(_pipeline().broken_checkpoints())


@st.cache_resource(show_spinner=False)
def shelf() -> "tuple[BundledStudy, ...]":
    """List the bundled studies: those that work first, the known failures last."""
    order = {"works": 0, "normal": 1, "fails": 2}
    studies = _pipeline().list_bundled_studies()
    return tuple(sorted(studies, key=lambda study: order.get(study.expected, 1)))


@st.cache_resource(show_spinner=False, max_entries=8)
def bundled(name: str) -> LoadedStudy:
    """Read a bundled study with its known boxes."""
    study, card = _pipeline().load_bundled_study(name)
    return LoadedStudy(
        study=study,
        origin="bundled",
        title=card.title,
        labels=tuple(f"Radiograph {i + 1}" for i in range(len(study.radiographs))),
        name=name,
        description=card.description,
        expected=card.expected,
        references=tuple(Reference(r.label, r.sentence_index, r.box) for r in card.boxes),
    )


def read_files(files: Sequence[bytes]) -> "tuple[Radiograph | ReadingError, ...]":
    """Read uploaded files in the decoding children: each its radiograph or its error, in order.

    Raises:
        ReadingError: There are no files or too many.
    """
    found: tuple[Radiograph | ReadingError, ...] = _pipeline().read_files(files)
    return found


def make_study(radiographs: Sequence[Radiograph], report: Report | None) -> Study:
    """Join radiographs and a report into a study."""
    study: Study = _pipeline().make_study(radiographs, report=report)
    return study


def read_report(text: str) -> Report:
    """Split a report into sentences.

    Raises:
        ReportError: It is too long.
    """
    report: Report = _pipeline().read_report(text)
    return report


def decode_report(data: bytes) -> str:
    """Turn the bytes of a text file into text, whatever its common encoding."""
    text: str = _pipeline().read_report_file(data)
    return text


@st.cache_resource(show_spinner=False, max_entries=32)
def bundled_thumbnail(name: str) -> np.ndarray:
    """Return a small picture of a bundled study, (side, side) uint8."""
    return thumbnail(bundled(name).study.radiographs[0])


def thumbnail(radiograph: Radiograph, *, side: int = THUMBNAIL_SIDE) -> np.ndarray:
    """Shrink a radiograph into a black square, (side, side) uint8."""
    height, width = radiograph.shape
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(radiograph.pixels, size, interpolation=cv2.INTER_AREA)
    square = np.zeros((side, side), np.uint8)
    top, left = (side - size[1]) // 2, (side - size[0]) // 2
    square[top : top + size[1], left : left + size[0]] = np.clip(small * 255, 0, 255)
    return square


@st.cache_resource(show_spinner=False, max_entries=24, ttl="2h")
def _encode(
    key: tuple[str, str],  # the other two are not hashed
    _engine: "Engine",
    _radiograph: Radiograph,
) -> Encoded:
    with turn():
        start = time.perf_counter()
        embeddings = _pipeline().embed(_engine, _radiograph)
        milliseconds = 1000 * (time.perf_counter() - start)
    _LATENCIES.setdefault(key[0], deque(maxlen=20)).append(milliseconds)
    return Encoded(embeddings, milliseconds)


def encode(loaded: "Engine", radiograph: Radiograph) -> Encoded:
    """Encode a radiograph once per checkpoint, for all phrases and all sessions."""
    return _encode((engine_key(loaded), radiograph.digest), loaded, radiograph)


def engine_key(loaded: "Engine") -> str:
    """Name an engine by what decides its numbers: weights, device and precision."""
    return f"{loaded.card.sha256}/{loaded.device}/{loaded.precision}"


def ground_report(
    loaded: "Engine", encoded: Encoded, report: Report, *, options: Options
) -> Grounded:
    """Ground the sentences of a report in one text batch; None where nothing is grounded."""
    with turn():
        start = time.perf_counter()
        found = _pipeline().ground_report(
            loaded, encoded.embeddings, report, **options.as_arguments()
        )
        return Grounded(tuple(found), 1000 * (time.perf_counter() - start))


def ground(
    loaded: "Engine", encoded: Encoded, phrases: Sequence[str], *, options: Options
) -> Grounded:
    """Ground phrases that were typed, in one text batch."""
    with turn():
        start = time.perf_counter()
        found = _pipeline().ground(loaded, encoded.embeddings, phrases, **options.as_arguments())
        return Grounded(tuple(found), 1000 * (time.perf_counter() - start))


@st.cache_resource(show_spinner=False, max_entries=24, ttl="2h")
def _null_peaks(
    key: tuple[str, str],  # noqa: ARG001 - the cache key; the other two are not hashed
    _engine: "Engine",
    _encoded: Encoded,
) -> dict[str, float]:
    with turn():
        pipeline = _pipeline()
        maps = pipeline.maps_of(_engine, _encoded.embeddings, pipeline.NULL_PHRASES)
        return {m.phrase: float(m.score.max()) for m in maps}


def null_peaks(loaded: "Engine", encoded: Encoded, radiograph: Radiograph) -> dict[str, float]:
    """Return the peak score of every null phrase on this radiograph, in [0, 1]."""
    return _null_peaks((engine_key(loaded), radiograph.digest), loaded, encoded)


def word_shares(loaded: "Engine", encoded: Encoded, grounded: GroundedPhrase) -> dict[int, Share]:
    """Say what each word adds to the cosine at the highest point of a phrase's map.

    Returns:
        By place of the word in the phrase: the word, and the cosine lost when it is left out.

    Raises:
        PhraseError: The phrase has too many words.
    """
    pipeline = _pipeline()
    row, column = np.unravel_index(np.argmax(grounded.map.cosine), grounded.map.cosine.shape)

    def score(texts: Sequence[str]) -> list[float]:
        # No text at all has no direction, so it agrees with nothing: cosine 0.
        spoken = [text for text in texts if text]
        maps = pipeline.maps_of(loaded, encoded.embeddings, spoken) if spoken else ()
        found = iter(float(m.cosine[row, column]) for m in maps)
        return [next(found) if text else 0.0 for text in texts]

    with turn():
        shares = pipeline.attribute_words(grounded.phrase, score)
    return {share.start: (share.word, float(share.value)) for share in shares}


def assertion_of(phrase: str) -> Assertion:
    """Say what a typed phrase states, as the report reader would."""
    found: Assertion = _pipeline().phrase_assertion(phrase)
    return found


def as_json(
    loaded: "Engine",
    encoded: Encoded,
    radiograph: Radiograph,
    *,
    sentences: Sequence[tuple[Sentence, GroundedPhrase]],
    typed: Sequence[GroundedPhrase],
) -> str:
    """Write one JSON document: the report's phrases, then the typed ones; no patient data."""
    pipeline = _pipeline()
    parts = loaded, radiograph, encoded.embeddings
    document = pipeline.grounding_document(
        *parts, [g for _, g in sentences], sentences=[s for s, _ in sentences]
    )
    document["phrases"] += pipeline.grounding_document(*parts, typed)["phrases"]
    text: str = pipeline.to_json_text(document)
    return text


def as_figure(
    loaded: "Engine", radiograph: Radiograph, grounded: Sequence[GroundedPhrase]
) -> bytes:
    """Draw grounded phrases as a PNG without patient data."""
    with turn():
        picture: bytes = _pipeline().grounding_figure(loaded, radiograph, grounded)
        return picture


@st.cache_resource(show_spinner=False)
def warm_up() -> None:
    """Once a process: start the decoding children, load and encode what a first visit shows.

    What fails here fails again where it is needed, and is explained there.
    """
    with suppress(Exception):
        _pipeline().warm_up()
        loaded = engine()
        for study in shelf()[:1]:
            encode(loaded, bundled(study.name).study.radiographs[0])
