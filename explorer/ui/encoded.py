"""Encoded radiographs, shared by all sessions. Keys are digests: they hold no name and no text."""

import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from explorer.entities import ImageEmbeddings, Radiograph
from explorer.ui.door import pipeline
from explorer.ui.engines import engine_key
from explorer.ui.kept import Kept
from explorer.ui.sharing import Told, turn

if TYPE_CHECKING:
    from explorer.pipeline import Engine

MOST_BYTES = 64_000_000
_LATENCIES: dict[str, deque[float]] = {}


@dataclass(frozen=True, slots=True)
class Encoded:
    """A radiograph's embeddings with the time the encoder took, in milliseconds.

    Attributes:
        engine: `engine_key` of the engine that made it.
        film: `Radiograph.digest`.
    """

    embeddings: ImageEmbeddings
    milliseconds: float
    engine: str
    film: str

    @property
    def size(self) -> int:
        """Bytes it takes."""
        return self.embeddings.grid.values.nbytes


@st.cache_resource(show_spinner=False)
def encodings() -> Kept[tuple[str, str], Encoded]:
    """Encoded radiographs by engine and film."""
    return Kept(MOST_BYTES, lambda encoded: encoded.size)


def encode(loaded: "Engine", radiograph: Radiograph, *, told: Told | None = None) -> Encoded:
    """Encode a radiograph once an engine, for all phrases and all sessions.

    Args:
        loaded: The engine.
        radiograph: The film.
        told: Told the place in the queue; see `explorer.ui.sharing.turn`.
    """
    key = engine_key(loaded), radiograph.digest
    found = encodings().get(key)
    if found is not None:
        return found
    with turn(told):
        # Another session may have encoded the same film while this one waited.
        return encodings().get(key) or encodings().put(key, _encode(key, loaded, radiograph))


def _encode(key: tuple[str, str], loaded: "Engine", radiograph: Radiograph) -> Encoded:
    start = time.perf_counter()
    embeddings = pipeline.embed(loaded, radiograph)
    milliseconds = 1000 * (time.perf_counter() - start)
    _LATENCIES.setdefault(key[0], deque(maxlen=20)).append(milliseconds)
    return Encoded(embeddings, milliseconds, *key)


def latencies(loaded: "Engine") -> list[float]:
    """Return the times of the last image encodes with an engine, in milliseconds."""
    return list(_LATENCIES.get(engine_key(loaded), ()))


@st.cache_resource(show_spinner=False)
def _peaks() -> Kept[tuple[str, str], dict[str, float]]:
    return Kept(1_000_000, lambda peaks: 100 * len(peaks))


def null_peaks(loaded: "Engine", encoded: Encoded) -> dict[str, float]:
    """Return the peak score of every null phrase on this radiograph, in [0, 1]."""
    key = encoded.engine, encoded.film
    found = _peaks().get(key)
    if found is not None:
        return found
    with turn():
        maps = pipeline.maps_of(loaded, encoded.embeddings, pipeline.NULL_PHRASES)
    return _peaks().put(key, {m.phrase: float(m.score.max()) for m in maps})
