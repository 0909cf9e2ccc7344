"""Endless text for teaching the small text tower: phrases of findings and loose words."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from explorer.entities import Side, Zone
from explorer.training.phrasing import FINDINGS, random_negation, random_phrase

_SIDES: tuple[Side | None, ...] = ("right", "left", None)
_ZONES: tuple[Zone | None, ...] = ("upper", "mid", "lower", None)


def count_words(texts: Iterable[str]) -> Counter[str]:
    """How often each lower-case word occurs; only these counts of a corpus are used."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(w for w in (t.strip(".,;:()[]\"'") for t in text.lower().split()) if w)
    return counts


def distillation_texts(
    count: int, *, words: Counter[str], extra: Sequence[str], seed: int = 0
) -> list[str]:
    """Mix phrases for labels, their negations, given sentences, and random word sequences.

    Args:
        count: How many texts.
        words: Word counts that random sequences are drawn from.
        extra: Sentences to mix in, e.g. those of phantom reports and null phrases.
        seed: Of the draw.
    """
    rng = np.random.default_rng(seed)
    labels = list(FINDINGS)
    vocabulary = np.array(list(words) or ["chest"])
    weight = np.sqrt(np.array([words[w] or 1 for w in vocabulary], dtype=float))
    weight /= weight.sum()

    def one() -> str:
        kind = rng.random()
        label = labels[rng.integers(len(labels))]
        if kind < 0.35:
            return random_phrase(
                label, rng, side=_SIDES[rng.integers(3)], zone=_ZONES[rng.integers(4)]
            )
        if kind < 0.5:
            return random_negation(label, rng)
        if kind < 0.75 and extra:
            return extra[int(rng.integers(len(extra)))]
        length = int(rng.integers(1, 10))
        return " ".join(rng.choice(vocabulary, size=length, p=weight))

    return [one() for _ in range(count)]
