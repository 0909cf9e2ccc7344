"""Teach the phrase projection what sentences claim: which finding, and whether it is there.

Images teach only phrases that were asked of them. Sentences of a grammar say the same finding in
many more ways; each should lie nearest to the plain name of its finding, and on the right side of
that name and its denial.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

_DENIALS = ("no {}", "no evidence of {}", "there is no {}", "without {}")


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence that asserts or denies one finding."""

    text: str
    finding: str
    present: bool


@dataclass(frozen=True, slots=True)
class NamingTask:
    """What one step learns: N sentences against F plain names and their denials.

    Attributes:
        texts: N sentences.
        target: (N,) index of the finding each speaks of.
        present: (N,) whether it asserts it.
        names, denials: F texts each.
    """

    texts: tuple[str, ...]
    target: Tensor
    present: Tensor
    names: tuple[str, ...]
    denials: tuple[str, ...]


class StatementPool:
    """Statements to draw lessons from.

    Args:
        names: Finding -> plain names, without article.
        statements: Sentences; those of findings without a name are left out.
    """

    def __init__(self, names: Mapping[str, Sequence[str]], statements: Sequence[Statement]) -> None:
        self.names = {finding: tuple(names[finding]) for finding in sorted(names)}
        self._index = {finding: i for i, finding in enumerate(self.names)}
        self._statements = [s for s in statements if s.finding in self._index]

    def __len__(self) -> int:
        return len(self._statements)

    def draw(self, rng: np.random.Generator, count: int) -> NamingTask:
        """Draw `count` statements, and for every finding one name and one denial."""
        drawn = [self._statements[int(i)] for i in rng.integers(len(self), size=count)]
        names = tuple(str(rng.choice(words)) for words in self.names.values())
        denials = tuple(
            str(rng.choice(_DENIALS)).format(rng.choice(words)) for words in self.names.values()
        )
        return NamingTask(
            texts=tuple(s.text for s in drawn),
            target=torch.tensor([self._index[s.finding] for s in drawn]),
            present=torch.tensor([s.present for s in drawn]),
            names=names,
            denials=denials,
        )
