"""Vectors of phrases from the frozen text tower, computed once each, the same in every run."""

from collections.abc import Sequence

import torch
from tokenizers import Tokenizer
from torch import Tensor

from explorer.encoders.text import TextEncoder, tokenize


class PhraseMemory:
    """The frozen text tower with its answers remembered: phrases -> vectors (P, C).

    Each phrase is encoded alone and without padding: rounding in a batch depends on its shape, and
    a resumed run, or another process, meets phrases in other company.
    """

    def __init__(self, encoder: TextEncoder, tokenizer: Tokenizer) -> None:
        self._encoder, self._tokenizer = encoder.eval(), tokenizer
        self._known: dict[str, Tensor] = {}

    def __call__(self, phrases: Sequence[str]) -> Tensor:
        """Vectors of phrases on the CPU, computed once each where the tower is."""
        for phrase in phrases:
            if phrase not in self._known:
                self._known[phrase] = self._encode(phrase)
        return torch.stack([self._known[p] for p in phrases])

    @torch.no_grad()
    def _encode(self, phrase: str) -> Tensor:
        device = next(self._encoder.parameters()).device
        token_ids, mask = tokenize(self._tokenizer, [phrase])
        return self._encoder(token_ids.to(device), mask.to(device))[0].cpu()
