"""Learn how far phrases can be trusted, from phantoms, whose findings are known."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from explorer.adapters import Engine, scoring_of
from explorer.entities import Float32
from explorer.grounding.alignment import (
    film_logits,
    log_odds,
    phrase_base,
    representatives,
)
from explorer.grounding.trust import fit_trust
from explorer.pipeline.embedding import embed_phrases
from explorer.pipeline.query import statements_of
from explorer.pipeline.seen_phantoms import SeenPhantom
from explorer.text import mentions, read_report
from explorer.text.location import find_side

PATCHES = 96  # kept of a film
LEAST_FILMS = 20  # fewer tell nothing
_AT_ONCE = 100  # phrases


def learn_trust(engine: Engine, phantoms: Sequence[SeenPhantom]) -> Float32 | None:
    """Weights of `explorer.grounding.trust` from phantoms; None where they are too few.

    The phrases are the statements of their reports; a phrase is true of a film that shows one of
    the findings it names, on the side it names.
    """
    patches, counts, shown = [], [], []
    texts: dict[str, None] = {}
    for phantom in phantoms:
        vectors, known = representatives(phantom.grid, count=PATCHES)
        patches.append(vectors)
        counts.append(known)
        shown.append([(set(mentions(f.name)), f.side) for f in phantom.findings])
        texts.update(dict.fromkeys(s.asked for s in statements_of(read_report(phantom.report))))
    phrases = [text for text in texts if mentions(text)]
    if len(patches) < LEAST_FILMS or not phrases:
        return None
    text = embed_phrases(engine, phrases).vectors
    films, known = np.stack(patches), np.stack(counts)
    logits = np.concatenate(
        [
            film_logits(films, known, text[first : first + _AT_ONCE], scoring_of(engine))
            for first in range(0, len(text), _AT_ONCE)
        ],
        axis=1,
    )
    return fit_trust(log_odds(logits, phrase_base(logits)), text, truth_of(phrases, shown))


def truth_of(
    phrases: list[str], shown: list[list[tuple[set[str], str | None]]]
) -> NDArray[np.bool_]:
    """(films, phrases) whether a film shows what a phrase names.

    Args:
        phrases: Statements of reports.
        shown: For each film, the names and the side of every finding on it.
    """
    named = [(set(mentions(phrase)), find_side(phrase)) for phrase in phrases]
    either = (None, "bilateral")
    return np.array(
        [
            [
                any(
                    names & words and (side in either or own in either or side == own)
                    for words, own in film
                )
                for names, side in named
            ]
            for film in shown
        ]
    )
