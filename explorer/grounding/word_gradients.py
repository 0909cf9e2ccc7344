"""Which words of a phrase carry its cosine with a patch: integrated gradients over fading words.

The text tower looks a vector up for every piece of a word. A word fades as these vectors are
multiplied by a factor from 1 to 0; places and special tokens stay. On the straight path from no
word to all of them, the integral of the gradient to a factor is the sum of integrated gradients
(Sundararajan et al., 2017) over the pieces of its word. That nothing of a word means a vector of
zeros, and not that of a padding token, is our choice.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from explorer.entities import Float32
from explorer.errors import CheckpointError, PhraseError
from explorer.grounding.attribution import MAX_WORDS, WordShare

OTHERS = ("no", "heart")  # a phrase starts with one of them at most, so the other differs
STEPS = 16  # of the path, at the points of Gauss and Legendre

Around = Callable[[], AbstractContextManager[object]]
Places = NDArray[np.int64]


class ReadsWords(Protocol):
    """What an engine lets gradients through; see `explorer.adapters.DualEngine`."""

    def texts_read(self, phrase: str) -> Sequence[str]:
        """The texts that the text tower reads for a phrase, in the order of its batch."""
        ...

    def vectors_with_gradient(self, phrases: Sequence[str]) -> Any:
        """Vectors (S, D) of phrases before unit norm."""
        ...


@dataclass(frozen=True, slots=True)
class WordGradients:
    """What each word adds to the cosine of a phrase, signed.

    Attributes:
        shares: In reading order.
        delta: How far the sum of shares is from `change`.
        change: Cosine of the phrase minus that of a phrase of which all words have faded.
    """

    shares: tuple[WordShare, ...]
    delta: float
    change: float


def attribute_words_by_gradients(
    model: ReadsWords, phrase: str, patch: Float32, *, around: Around = nullcontext
) -> WordGradients:
    """Share the cosine of a phrase with one patch out among its words.

    Args:
        model: Of the checkpoint.
        phrase: Words between spaces are the units.
        patch: (D,) unit norm.
        around: Entered for each call of the model, e.g. to take turns between them.

    Raises:
        PhraseError: There is no word or there are too many.
        CheckpointError: The text tower looks no words up.
    """
    import torch
    from captum.attr import IntegratedGradients

    words = list(re.finditer(r"\S+", phrase))
    if not 1 <= len(words) <= MAX_WORDS:
        raise PhraseError(
            f"A phrase needs 1 to {MAX_WORDS} words to tell which of them count, got {len(words)}."
        )
    with around():
        table = _word_table(model, phrase)
        places = torch.from_numpy(_places(model, table, phrase))
    toward = torch.from_numpy(np.asarray(patch, np.float32))

    def cosine(factors: Any) -> Any:  # (B, words) -> (B,)
        return torch.cat([one(row) for row in factors.float()])

    def one(row: Any) -> Any:
        with around(), _faded(table, row, places):
            vector = model.vectors_with_gradient([phrase])
        return torch.nn.functional.normalize(vector, dim=-1) @ toward.to(vector.device)

    every = torch.ones(1, len(words))
    found, delta = IntegratedGradients(cosine).attribute(
        every, baselines=torch.zeros_like(every), n_steps=STEPS, return_convergence_delta=True
    )
    shares = tuple(
        WordShare(word[0], word.start(), word.end(), float(value))
        for word, value in zip(words, found[0].tolist(), strict=True)
    )
    # Captum's delta is the sum of shares less the change.
    change = sum(share.value for share in shares) - float(delta[0])
    return WordGradients(shares, float(delta[0]), change)


@contextmanager
def _faded(table: Any, factors: Any, places: Any) -> Iterator[None]:
    """Multiply what is looked up for the pieces of each word by the factor of that word."""
    import torch

    one = torch.ones(1, dtype=factors.dtype)
    spread = torch.cat([factors.cpu(), one])[places][..., None]  # -1 takes the 1 at the end

    def fade(_: Any, __: Any, looked_up: Any) -> Any:
        return looked_up * spread.to(looked_up)

    hook = table.register_forward_hook(fade)
    try:
        yield
    finally:
        hook.remove()


def _word_table(model: ReadsWords, phrase: str) -> Any:
    """The embedding table of the words: the largest that is not asked for places or kinds."""
    import torch

    towers = [v for v in vars(model).values() if isinstance(v, torch.nn.Module)]
    tables = [m for tower in towers for m in tower.modules() if isinstance(m, torch.nn.Embedding)]
    ran: list[Any] = []

    def look(table: Any, inputs: Any) -> None:
        steps = {int(step) for step in inputs[0].diff().flatten()}
        if steps - {0} and steps - {1}:  # neither all the same nor counted up
            ran.append(table)

    hooks = [table.register_forward_pre_hook(look) for table in tables]
    try:
        with torch.no_grad():
            model.vectors_with_gradient([phrase])
    finally:
        for hook in hooks:
            hook.remove()
    if not ran:
        raise CheckpointError(
            "Integrated gradients over words need a text tower that looks words up and lets "
            "gradients through, this checkpoint has none. Leave words out one by one instead."
        )
    return max(ran, key=lambda table: table.num_embeddings)


class _SeenError(Exception):
    """The ids of a batch were seen, and the tower need not go on."""


def _ids(model: ReadsWords, table: Any, text: str) -> Places:
    """Ids (texts, pieces) that a text becomes."""
    seen: list[Places] = []

    def look(_: Any, inputs: Any) -> None:
        seen.append(inputs[0].detach().cpu().numpy())
        raise _SeenError

    hook = table.register_forward_pre_hook(look)
    try:
        model.vectors_with_gradient([text])
    except _SeenError:
        pass
    finally:
        hook.remove()
    return seen[0]


def _places(model: ReadsWords, table: Any, phrase: str) -> Places:
    """Which word every piece is of, (texts, pieces); -1 for what is no word."""
    rows = _ids(model, table, phrase)
    found = np.full(rows.shape, -1, np.int64)
    own = phrase.split()
    for row, ids, text in zip(found, rows, model.texts_read(phrase), strict=True):
        words = text.split()
        ends = _ends(model, table, words, ids)
        for place, start, end in zip(_aligned(own, words), ends, ends[1:], strict=False):
            row[start:end] = place
    return found


def _ends(model: ReadsWords, table: Any, words: Sequence[str], ids: Places) -> list[int]:
    """Where the first word starts among the pieces, then where each word ends.

    As many pieces as the ids of the text share with those of its first words alone: behind them
    the one goes on with a word and the other with the end.
    """

    def shared(text: str) -> int:
        own = _ids(model, table, text)[0]
        length = min(len(own), len(ids))
        differ = np.flatnonzero(own[:length] != ids[:length])
        return int(differ[0]) if len(differ) else length

    found = [min(shared(word) for word in (*OTHERS, *words[1:2]))]
    for count in range(1, len(words)):
        found.append(max(shared(" ".join(words[:count])), found[-1]))
    found.append(max(shared(" ".join([*words, words[0]])), found[-1]))
    return found


def _aligned(own: Sequence[str], others: Sequence[str]) -> list[int]:
    """For each word of a text that is nearly the phrase, the word of the phrase it stands for."""
    found: list[int] = []
    for _, i1, i2, j1, j2 in SequenceMatcher(None, own, others, autojunk=False).get_opcodes():
        last = max(i2 - 1, 0)
        found += [min(i1 + step, last) for step in range(j2 - j1)]
    return found
