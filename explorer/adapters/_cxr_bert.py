"""CXR-BERT (Boecking et al., 2022): a BERT whose first token is projected into the joint space.

Tensors are named as a `BertForMaskedLM` of `transformers` with a `cls_projection_head` beside it,
as the code of microsoft/hi-ml builds it; its layer that predicts masked words is not read here.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

from explorer.encoders.files import CONFIG_FILE, TOKENIZER_FILE
from explorer.errors import CheckpointError, PhraseError

if TYPE_CHECKING:
    from transformers import BertConfig

UNUSED = (r"cls\.predictions\..*",)
_ENDS = "!?."  # taken from the end of a phrase, as the published code does


class CxrBert(nn.Module):
    """Token ids and mask (S, T) to projected phrases (S, D), not of unit norm."""

    def __init__(self, config: "BertConfig", *, projection_size: int) -> None:
        from transformers.models.bert.modeling_bert import BertModel

        super().__init__()
        self.bert = BertModel(config, add_pooling_layer=False)
        self.cls_projection_head = _Head(config.hidden_size, projection_size)

    def forward(self, token_ids: Tensor, mask: Tensor) -> Tensor:
        """Project the last hidden state of the first token."""
        hidden = self.bert(input_ids=token_ids, attention_mask=mask).last_hidden_state
        projected: Tensor = self.cls_projection_head(hidden[:, 0])
        return projected


class _Head(nn.Module):
    def __init__(self, width: int, size: int) -> None:
        super().__init__()
        self.dense_to_hidden = nn.Linear(width, size)
        self.LayerNorm = nn.LayerNorm(size, eps=1e-12)
        self.dense_to_output = nn.Linear(size, size)

    def forward(self, first: Tensor) -> Tensor:
        inner = self.LayerNorm(functional.gelu(self.dense_to_hidden(first)))
        projected: Tensor = self.dense_to_output(inner)
        return projected


def build(folder: Path) -> CxrBert:
    """The network that config.json of a folder describes, without weights.

    Raises:
        CheckpointError: It describes none.
    """
    from transformers import BertConfig

    try:
        entries: dict[str, Any] = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
        size = int(entries.pop("projection_size", 128))
        config = BertConfig(**{k: v for k, v in entries.items() if k not in _NOT_SHAPE})
        return CxrBert(config, projection_size=size)
    except (OSError, ValueError, TypeError, RuntimeError, AttributeError) as error:
        raise CheckpointError(
            f"{CONFIG_FILE} of checkpoint {folder.name!r} does not describe a BERT "
            f"({type(error).__name__}: {' '.join(str(error).split())[:160]}). Copy it again."
        ) from error


# Entries of other programs that would make `transformers` look for code or another class.
_NOT_SHAPE = frozenset({"architectures", "auto_map", "model_type", "torch_dtype", "dtype"})


def save_tokenizer(vocabulary: Path, target: Path) -> None:
    """Write the tokenizer.json of a vocab.txt, in lower case as `BertTokenizer` reads it.

    Raises:
        CheckpointError: The file is no vocabulary.
    """
    from tokenizers import BertWordPieceTokenizer

    try:
        BertWordPieceTokenizer(str(vocabulary), lowercase=True).save(str(target))
    except Exception as error:  # the library raises bare exceptions
        raise CheckpointError(
            f"{vocabulary.name} of {vocabulary.parent.name!r} is no list of word pieces ({error}). "
            "Copy the folder again."
        ) from error


class Words:
    """The tokenizer of a folder, used as the published code uses it."""

    def __init__(self, folder: Path, *, most: int) -> None:
        """Read tokenizer.json; `most` is the longest sequence in word pieces.

        Raises:
            CheckpointError: The file is no tokenizer.
        """
        try:
            self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
        except Exception as error:  # the library raises bare exceptions
            raise CheckpointError(
                f"{TOKENIZER_FILE} of checkpoint {folder.name!r} is no tokenizer ({error}). "
                "Copy the folder again."
            ) from error
        self._tokenizer.no_truncation()
        self._tokenizer.enable_padding(pad_id=self._tokenizer.token_to_id("[PAD]") or 0)
        self._most = most

    def __call__(self, phrases: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Token ids and mask (S, T) of phrases, without their last full stop.

        Raises:
            PhraseError: A phrase holds a token with a meaning of its own, or is too long.
        """
        for token in ("[CLS]", "[SEP]", "[PAD]", "[UNK]"):
            if any(token in phrase for phrase in phrases):
                raise PhraseError(
                    f"A phrase must not hold {token}, which means something to the text tower. "
                    "Take it out."
                )
        found = self._tokenizer.encode_batch([phrase.rstrip(_ENDS) for phrase in phrases])
        if len(found[0].ids) > self._most:
            raise PhraseError(
                f"A phrase may have {self._most} word pieces with this checkpoint, got "
                f"{len(found[0].ids)}. Shorten it."
            )
        ids = torch.tensor([one.ids for one in found])
        return ids, torch.tensor([one.attention_mask for one in found])
