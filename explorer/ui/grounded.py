"""Grounding in pieces: each takes a turn of its own, comes as soon as it is done, and is kept."""

import hashlib
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from explorer.entities import Assertion, GroundedPhrase, Report, Sentence
from explorer.errors import PhraseError
from explorer.ui.door import pipeline
from explorer.ui.encoded import Encoded
from explorer.ui.kept import Kept
from explorer.ui.sharing import Told, turn
from explorer.ui.state import Options

if TYPE_CHECKING:
    from explorer.pipeline import Engine, WordShares

FIRST_PIECE = 12  # sentences of the first piece: what a first screen shows
PIECE = 32  # sentences of each later piece
# Of a piece, each sentence taken as long as its longest, as a text batch is padded. A sentence of
# more than 2,000 characters, which no engine takes, so stands alone.
MOST_CHARACTERS = 4_000
MOST_UNASKED = 400  # sentences of one report that are grounded before a person asks for the rest
MOST_BYTES = 64_000_000

Phrases = tuple[GroundedPhrase | None, ...]


@dataclass(frozen=True, slots=True)
class Grounded:
    """Grounded phrases of one piece or more with the time they took, in milliseconds.

    Attributes:
        start: Place of the first of them in its report.
        kept: Whether they were there already, from an earlier run or another session.
        problem: Why nothing of this piece could be grounded, for the person; else empty.
    """

    phrases: Phrases
    milliseconds: float
    start: int = 0
    kept: bool = False
    problem: str = ""

    @property
    def stop(self) -> int:
        """Place behind the last of them in its report."""
        return self.start + len(self.phrases)


@st.cache_resource(show_spinner=False)
def pieces() -> Kept[tuple[object, ...], Grounded]:
    """Grounded pieces by engine, film, options and a digest of their sentences."""
    return Kept(MOST_BYTES, lambda piece: sum(map(_size, piece.phrases)))


def ground_pieces(
    loaded: "Engine",
    encoded: Encoded,
    report: Report,
    *,
    options: Options,
    start: int = 0,
    stop: int | None = MOST_UNASKED,
    first: int = FIRST_PIECE,
    piece: int = PIECE,
    told: Told | None = None,
) -> Generator[Grounded, None, None]:
    """Ground the sentences of a report piece by piece, in reading order.

    The turn is free between the pieces, so other sessions come in, and there the script ends when
    it was stopped or superseded. What was done is kept: the next run gets it at once.

    Args:
        loaded: The engine.
        encoded: The film, encoded with it.
        report: All of it; what lies outside [start, stop) is left out.
        options: Threshold rule and pooling.
        start: Place of the first sentence.
        stop: Place behind the last sentence; None grounds all, however many they are.
        first: Sentences of the first piece.
        piece: Sentences of each later piece.
        told: Told the place in the queue; see `explorer.ui.sharing.turn`.

    Yields:
        One piece after the other; None in `phrases` where nothing is grounded. A sentence that no
        engine takes is a piece of its own with its `problem`, and the others are grounded.
    """
    sentences = report.sentences[:stop]
    while start < len(sentences):
        chosen = _cut(sentences[start : start + first])
        try:
            found = _ground_piece(loaded, encoded, replace(report, sentences=chosen), options, told)
        except PhraseError as error:
            found = Grounded((None,) * len(chosen), 0.0, problem=str(error))
        yield replace(found, start=start)
        start, first = start + len(chosen), piece


def _cut(sentences: tuple[Sentence, ...]) -> tuple[Sentence, ...]:
    """The first of them that together are no more work than a piece may be, at least one."""
    longest = 0
    for count, sentence in enumerate(sentences):
        longest = max(longest, len(sentence.text))
        if count and (count + 1) * longest > MOST_CHARACTERS:
            return sentences[:count]
    return sentences


def _ground_piece(
    loaded: "Engine", encoded: Encoded, report: Report, options: Options, told: Told | None
) -> Grounded:
    arguments = options.as_arguments()
    key = (encoded.engine, encoded.film, *arguments.values(), _digest(report.sentences))
    kept = pieces().get(key)
    if kept is not None:
        return replace(kept, kept=True)
    with turn(told):
        begun = time.perf_counter()
        found = pipeline.ground_report(loaded, encoded.embeddings, report, **arguments)
        milliseconds = 1000 * (time.perf_counter() - begun)
    return pieces().put(key, Grounded(tuple(found), milliseconds))


def _digest(sentences: Sequence[Sentence]) -> str:
    """Name sentences by all that decides their maps; the text cannot be read from it."""
    parts = [replace(s, start=0, end=0) for s in sentences]
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _size(phrase: GroundedPhrase | None) -> int:
    if phrase is None:
        return 16
    return phrase.map.cosine.nbytes + sum(r.contour.nbytes + 200 for r in phrase.regions) + 1000


def ground_report(
    loaded: "Engine",
    encoded: Encoded,
    report: Report,
    *,
    options: Options,
    told: Told | None = None,
) -> Grounded:
    """Ground every sentence of a report, one turn a piece; None where nothing is grounded."""
    done = list(ground_pieces(loaded, encoded, report, options=options, stop=None, told=told))
    phrases = tuple(phrase for piece in done for phrase in piece.phrases)
    return Grounded(phrases, sum(piece.milliseconds for piece in done if not piece.kept))


def ground(
    loaded: "Engine",
    encoded: Encoded,
    phrases: Sequence[str],
    *,
    options: Options,
    told: Told | None = None,
) -> Grounded:
    """Ground phrases that were typed, in one text batch and one turn."""
    with turn(told):
        start = time.perf_counter()
        found = pipeline.ground(loaded, encoded.embeddings, phrases, **options.as_arguments())
        return Grounded(tuple(found), 1000 * (time.perf_counter() - start))


def word_shares(
    loaded: "Engine", encoded: Encoded, grounded: GroundedPhrase, *, way: str, told: Told | None
) -> "WordShares":
    """Say what each word adds to the cosine at the highest point of a phrase's map, in turns.

    Raises:
        PhraseError: The phrase has too many words.
        CheckpointError: The family lets no gradient through to its words.
    """
    around = partial(turn, told)
    return pipeline.word_shares(loaded, encoded.embeddings, grounded.map, way=way, around=around)


def assertion_of(phrase: str) -> Assertion:
    """Say what a typed phrase states, as the report reader would."""
    return pipeline.phrase_assertion(phrase)
