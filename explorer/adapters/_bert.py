"""Text towers of the clinical families: a BERT, its word pieces, and words made from them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch
from tokenizers import BertWordPieceTokenizer, Tokenizer
from torch import Tensor

from explorer.encoders.files import TOKENIZER_FILE
from explorer.errors import CheckpointError, PhraseError

if TYPE_CHECKING:  # the import costs seconds
    from transformers.models.bert.modeling_bert import BertModel

VOCABULARY_FILE = "vocab.txt"
TOKENIZER_FILES = (TOKENIZER_FILE, VOCABULARY_FILE)  # the first that is there is read
MOST_SPECIAL = 2  # [CLS] and [SEP]
TOKEN_TYPES = "embeddings.token_type_embeddings.weight"


@dataclass(frozen=True, slots=True)
class BertShape:
    """Sizes of the network; those of Bio_ClinicalBERT unless said otherwise."""

    vocabulary: int = 28_996
    width: int = 768
    depth: int = 12
    heads: int = 12
    mlp_width: int = 3_072
    positions: int = 512


def build_bert(shape: BertShape, *, pooler: bool) -> "BertModel":
    """A BERT without weights; `pooler` says whether the file holds its unread last layer."""
    from transformers import BertConfig
    from transformers.models.bert.modeling_bert import BertModel

    config = BertConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.width,
        num_hidden_layers=shape.depth,
        num_attention_heads=shape.heads,
        intermediate_size=shape.mlp_width,
        max_position_embeddings=shape.positions,
    )
    return BertModel(config, add_pooling_layer=pooler)


def without_token_types(
    tensors: Mapping[str, Tensor], *, prefix: str, width: int
) -> dict[str, Tensor]:
    """Tensors of a BERT that knows no token types: none is the same as adding zeros."""
    return {**tensors, f"{prefix}{TOKEN_TYPES}": torch.zeros(2, width)}


CLINICAL_BERT = BertShape()


class Pieces(NamedTuple):
    """S phrases cut into at most T word pieces.

    Attributes:
        ids, mask: (S, T), padded at the end.
        words: (S, W, T), 1 where a piece belongs to a word; [CLS] and [SEP] are the first and last.
        counts: (S,) words of each phrase, those two among them.
    """

    ids: Tensor
    mask: Tensor
    words: Tensor
    counts: Tensor

    def to(self, device: str) -> "Pieces":
        """The same on a device."""
        return Pieces(*(tensor.to(device) for tensor in self))


class WordPieces:
    """The tokenizer of a folder: tokenizer.json, or vocab.txt as BERT reads it.

    Args:
        folder: Of the checkpoint.
        most: Longest sequence in pieces, special ones included; what is longer is cut.
    """

    def __init__(self, folder: Path, *, most: int) -> None:
        self._tokenizer = _open(folder)
        self._tokenizer.enable_truncation(most)
        self._tokenizer.enable_padding()

    @property
    def size(self) -> int:
        """Number of word pieces."""
        return int(self._tokenizer.get_vocab_size())

    def __call__(self, phrases: Sequence[str]) -> Pieces:
        """Cut phrases; one batch.

        Raises:
            PhraseError: Nothing is left of a phrase.
        """
        encoded = self._tokenizer.encode_batch(list(phrases))
        length = len(encoded[0].ids)
        word_of = torch.full((len(encoded), length), -1)
        for row, one in enumerate(encoded):
            used = [p for p, m in zip(one.tokens, one.attention_mask, strict=True) if m]
            starts = torch.tensor([not piece.startswith("##") for piece in used])
            word_of[row, : len(used)] = starts.cumsum(0) - 1
        counts = word_of.amax(1) + 1
        for phrase, count in zip(phrases, counts.tolist(), strict=True):
            if count < MOST_SPECIAL + 1:
                raise PhraseError(f"A phrase needs a word, got {phrase!r}. Type a finding.")
        words = word_of[:, None, :] == torch.arange(int(counts.max()))[None, :, None]
        return Pieces(
            ids=torch.tensor([one.ids for one in encoded]),
            mask=torch.tensor([one.attention_mask for one in encoded]),
            words=words.float(),
            counts=counts,
        )


def _open(folder: Path) -> Tokenizer:
    try:
        if (folder / TOKENIZER_FILE).exists():
            tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
            tokenizer.no_padding()
            return tokenizer
        # Lower case, as transformers reads a vocabulary that comes without settings.
        return BertWordPieceTokenizer(str(folder / VOCABULARY_FILE), lowercase=True)._tokenizer
    except Exception as error:  # the library raises bare exceptions
        raise CheckpointError(
            f"The tokenizer of checkpoint {folder.name!r} cannot be read ({error}). "
            f"It needs {' or '.join(TOKENIZER_FILES)}."
        ) from error


def plain_words(phrases: Sequence[str]) -> list[str]:
    """Words of letters and digits in lower case, as GLoRIA and MGCA read a report.

    Their numbers of list items ("1.") and full stops fall away. They also drop a sentence of one
    word; here "cardiomegaly" is a phrase.

    >>> plain_words(["Small left-sided effusion.", "1. Cardiomegaly"])
    ['small left sided effusion', 'cardiomegaly']
    """
    plain = []
    for phrase in phrases:
        text = re.sub(r"[0-9]+\.", " ", phrase).lower()
        words = (word.encode("ascii", "ignore").decode() for word in re.findall(r"\w+", text))
        plain.append(" ".join(word for word in words if word))
    return plain
