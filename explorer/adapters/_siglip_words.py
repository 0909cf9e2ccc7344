"""How SigLIP and SigLIP 2 read a phrase: plain words, all padded to one length as in training."""

import string
from collections.abc import Sequence

from torch import Tensor

from explorer.adapters._base import AdapterCard
from explorer.adapters._hf import TOKENIZER_SETTINGS, open_tokenizer, read_json


class SiglipWords:
    """The tokenizer of a folder.

    Args:
        card: Of the checkpoint.
        most: Length of every sequence in tokens; what is longer is cut.

    Raises:
        CheckpointError: Its files are missing or broken.
    """

    def __init__(self, card: AdapterCard, *, most: int) -> None:
        self._tokenizer = open_tokenizer(card)
        self._most = most
        said = {}
        if (card.folder / TOKENIZER_SETTINGS).exists():
            said = read_json(card.folder, (TOKENIZER_SETTINGS,))
        # SigLIP 2 has Gemma's tokenizer under its own or Gemma's name and keeps punctuation.
        self._plain = str(said.get("tokenizer_class", "")).startswith(("Gemma", "Siglip2"))

    def __call__(self, phrases: Sequence[str]) -> Tensor:
        """(S, T) token ids."""
        read = str.lower if self._plain else plain_text
        pieces = self._tokenizer(
            [read(phrase).strip() for phrase in phrases],
            padding="max_length",
            truncation=True,
            max_length=self._most,
            return_tensors="pt",
        )
        ids: Tensor = pieces["input_ids"]
        return ids


def plain_text(phrase: str) -> str:
    """Lower case without ASCII punctuation, as SigLIP reads a text.

    >>> plain_text("Left-sided  effusion.")
    'leftsided effusion'
    """
    kept = phrase.lower().translate(str.maketrans("", "", string.punctuation))
    return " ".join(kept.split())
