"""Which words of a phrase carry its score: words are taken out and the phrase is scored again."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from explorer.errors import PhraseError

MAX_WORDS = 200
BATCH = 64  # phrases scored at once
SHAPLEY_ORDERS = 25

Score = Callable[[Sequence[str]], ArrayLike]


@dataclass(frozen=True, slots=True)
class WordShare:
    """One word with its place in the phrase, and what it adds to the score.

    Attributes:
        word: `phrase[start:end]`.
        start, end: Character offsets.
        value: In units of the score, signed: negative words lower the score.
    """

    word: str
    start: int
    end: int
    value: float


def attribute_words(
    phrase: str, score: Score, *, method: str = "leave one out", seed: int = 0
) -> tuple[WordShare, ...]:
    """Share the score of a phrase out among its words.

    Args:
        phrase: Words between spaces are the units.
        score: Returns one number for each of several phrases; is asked for "" as well.
        method: "leave one out" is the loss of score without the word: cheap, but of two words
            that say the same neither counts. "shapley" averages what a word adds over random
            orders (Castro et al., 2009): the values sum to score(phrase) - score("").
        seed: Of the orders for "shapley".

    Returns:
        One share a word, in reading order.

    Raises:
        PhraseError: There is no word or there are too many.
        ValueError: The method is unknown.
    """
    words = [(match[0], match.start(), match.end()) for match in re.finditer(r"\S+", phrase)]
    if not 1 <= len(words) <= MAX_WORDS:
        raise PhraseError(
            f"A phrase needs 1 to {MAX_WORDS} words to tell which of them count, got {len(words)}."
        )
    values = _values([word for word, _, _ in words], score, method=method, seed=seed)
    return tuple(
        WordShare(word, start, end, float(value))
        for (word, start, end), value in zip(words, values, strict=True)
    )


def _values(words: Sequence[str], score: Score, *, method: str, seed: int) -> Sequence[float]:
    # Captum works in tensors and takes seconds to import: only who asks for words pays for it.
    import torch
    from captum.attr import FeatureAblation, ShapleyValueSampling

    def forward(kept: Any) -> Any:  # (B, words), 1 = the word is there -> (B,)
        texts = [
            " ".join(word for word, there in zip(words, row, strict=True) if there)
            for row in (kept > 0.5).tolist()
        ]
        return torch.as_tensor(np.asarray(score(texts), dtype=np.float64))

    every = torch.ones(1, len(words), dtype=torch.float64)
    batch = min(BATCH, len(words))
    if method == "leave one out":
        shares = FeatureAblation(forward).attribute(every, perturbations_per_eval=batch)
    elif method == "shapley":
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            shares = ShapleyValueSampling(forward).attribute(
                every, n_samples=SHAPLEY_ORDERS, perturbations_per_eval=batch
            )
    else:
        raise ValueError(f"Unknown method {method!r}. Available: leave one out, shapley.")
    return [float(value) for value in shares[0].tolist()]
