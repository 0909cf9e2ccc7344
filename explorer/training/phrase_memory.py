"""Answers of the frozen text tower, computed once each, the same in every run.

A phrase has a vector, and one for each of its word pieces; most methods ask for the first alone.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from explorer.encoders.text import TextEncoder, tokenize

_WORDS_OF = 20_000  # phrases whose word pieces are kept; 10 KB each


class PhraseMemory:
    """The frozen text tower with its answers remembered: phrases -> vectors (P, C).

    Each phrase is encoded alone and without padding: rounding in a batch depends on its shape, and
    a resumed run, or another process, meets phrases in other company.

    Args:
        encoder: The tower.
        tokenizer: Of the tower.
        kept: File in which vectors outlive the run, for runs that share a tower; None = none.
    """

    def __init__(
        self, encoder: TextEncoder, tokenizer: Tokenizer, *, kept: Path | None = None
    ) -> None:
        self._encoder, self._tokenizer = encoder.eval(), tokenizer
        self._kept = kept
        self._known: dict[str, Tensor] = {}
        if kept is not None and kept.exists():
            stored = load_file(kept)
            self._known = {name.removeprefix("="): v for name, v in stored.items()}
        self._stored = len(self._known)
        self._words: OrderedDict[str, tuple[Tensor, Tensor]] = OrderedDict()

    def __call__(self, phrases: Sequence[str]) -> Tensor:
        """Vectors of phrases on the CPU, computed once each where the tower is."""
        for phrase in phrases:
            if phrase not in self._known:
                self._known[phrase] = self._encode(phrase)
        return torch.stack([self._known[p] for p in phrases])

    def words(self, phrases: Sequence[str]) -> tuple[Tensor, Tensor, Tensor]:
        """Vectors (P, T, C), ids (P, T) and mask (P, T) of word pieces, special ones included.

        Vectors are kept in half precision, whatever is asked first.
        """
        rows = [self._word_row(phrase) for phrase in phrases]
        vectors = pad_sequence([v for v, _ in rows], batch_first=True).float()
        ids = pad_sequence([i for _, i in rows], batch_first=True)
        lengths = torch.tensor([len(i) for _, i in rows])
        return vectors, ids, torch.arange(ids.shape[1]) < lengths[:, None]

    @torch.no_grad()
    def read(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Vectors (P, T, C) of any word pieces, e.g. masked ones; nothing is remembered."""
        device = next(self._encoder.parameters()).device
        return self._encoder.word_vectors(ids.to(device), mask.to(device).long()).to(ids.device)

    def special(self) -> dict[str, int]:
        """Ids of [PAD], [CLS], [SEP] and [MASK] by the names of `WordBatch`."""
        names = {"pad": "[PAD]", "start": "[CLS]", "end": "[SEP]", "blank": "[MASK]"}
        found = {name: self._tokenizer.token_to_id(piece) for name, piece in names.items()}
        return {name: number for name, number in found.items() if number is not None}

    @torch.no_grad()
    def learn(self, phrases: Iterable[str], *, batch: int = 64) -> int:
        """Encode phrases that are not known yet, many at once, those of one length together.

        Faster than one by one, and rounded otherwise: for a memory that is kept in a file, whose
        vectors are the same in every run that reads it.

        Returns:
            How many were new.
        """
        lengths: dict[int, list[tuple[str, Tensor]]] = {}
        new = [p for p in dict.fromkeys(phrases) if p not in self._known]
        for phrase in new:
            ids, _ = tokenize(self._tokenizer, [phrase])
            lengths.setdefault(ids.shape[1], []).append((phrase, ids))
        device = next(self._encoder.parameters()).device
        for rows in lengths.values():
            for start in range(0, len(rows), batch):
                part = rows[start : start + batch]
                ids = torch.cat([i for _, i in part]).to(device)
                vectors = self._encoder(ids, torch.ones_like(ids)).cpu()
                self._known |= {
                    phrase: v.clone() for (phrase, _), v in zip(part, vectors, strict=True)
                }
        return len(new)

    def save(self) -> None:
        """Write new vectors to the file, swapped whole; nothing without a file."""
        if self._kept is None or len(self._known) == self._stored:
            return
        self._kept.parent.mkdir(parents=True, exist_ok=True)
        partial = self._kept.with_suffix(".partial")
        save_file({f"={text}": v for text, v in self._known.items()}, partial)
        partial.replace(self._kept)
        self._stored = len(self._known)

    @torch.no_grad()
    def _encode(self, phrase: str) -> Tensor:
        device = next(self._encoder.parameters()).device
        token_ids, mask = tokenize(self._tokenizer, [phrase])
        return self._encoder(token_ids.to(device), mask.to(device))[0].cpu()

    @torch.no_grad()
    def _word_row(self, phrase: str) -> tuple[Tensor, Tensor]:
        if phrase not in self._words:
            ids, mask = tokenize(self._tokenizer, [phrase])
            self._words[phrase] = (self.read(ids, mask)[0].cpu().half(), ids[0])
            if len(self._words) > _WORDS_OF:
                self._words.popitem(last=False)
        self._words.move_to_end(phrase)
        return self._words[phrase]
