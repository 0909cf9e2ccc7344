"""Scores of a pooling that a checkpoint was not trained with, in the logits of its own pooling.

Poolings have scales of their own: over 1,600 patches "noisy-or" gives .77 to "a bowl of soup" on a
film where the trained pooling gives .00. The reference films of a checkpoint tell what a logit of
the one is worth in the other: the line that fits both best, over films and phrases of findings and
of nothing. Without reference films there is no such line, and the score is not calibrated.
"""

from weakref import WeakKeyDictionary

from explorer.adapters import Engine, scoring_of
from explorer.entities import Float32
from explorer.grounding.alignment import Float64, pooled_logits
from explorer.grounding.reference import Line, pooling_line
from explorer.pipeline.embedding import embed_phrases
from explorer.retrieval.vocabulary import SIGNATURE
from explorer.text import NULL_PHRASES

PHRASES = tuple(dict.fromkeys([*SIGNATURE, *NULL_PHRASES]))

_lines: WeakKeyDictionary[Engine, dict[str, Line]] = WeakKeyDictionary()


def pooled(engine: Engine, cosines: Float32, *, pooling: str | None = None) -> tuple[Float64, bool]:
    """Logits (S,) of an image from cosines (S, R), and whether they are calibrated."""
    scoring = scoring_of(engine)
    logits = pooled_logits(cosines, scoring, pooling=pooling)
    if pooling in (None, scoring.pooling):
        return logits, scoring.calibrated
    line = _line(engine, pooling)
    return (logits, False) if line is None else (line.of(logits), scoring.calibrated)


def _line(engine: Engine, pooling: str) -> Line | None:
    if engine.reference is None:
        return None
    known = _lines.setdefault(engine, {})
    if pooling not in known:
        text = embed_phrases(engine, PHRASES).vectors
        known[pooling] = pooling_line(engine.reference, text, scoring_of(engine), pooling=pooling)
    return known[pooling]
