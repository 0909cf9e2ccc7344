"""Text tower: a small BERT of `transformers`, mean over tokens."""

from collections.abc import Sequence

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import BertConfig
from transformers.models.bert.modeling_bert import BertModel

MAX_TOKENS = 128


class TextEncoder(nn.Module):
    """Token ids (S, T) and mask (S, T) -> one vector per phrase (S, hidden size)."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.bert = BertModel(config, add_pooling_layer=False)
        self.hidden_size = config.hidden_size

    def forward(self, token_ids: Tensor, mask: Tensor) -> Tensor:
        """Mean of the last hidden states over all tokens, special ones included."""
        hidden = self.bert(input_ids=token_ids, attention_mask=mask).last_hidden_state
        weight = mask[..., None].to(hidden.dtype)
        return (hidden * weight).sum(1) / weight.sum(1)  # special tokens count, as in MiniLM


def tokenize(tokenizer: Tokenizer, phrases: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Turn phrases into padded token ids and mask, both (S, T) int64 with T <= 128.

    Case and a final full stop carry no location and are dropped.
    """
    encodings = [tokenizer.encode(clean_phrase(p)) for p in phrases]
    ids = [
        e.ids if len(e.ids) <= MAX_TOKENS else [*e.ids[: MAX_TOKENS - 1], e.ids[-1]]
        for e in encodings
    ]
    length = max(len(i) for i in ids)
    token_ids = torch.zeros(len(ids), length, dtype=torch.long)
    mask = torch.zeros(len(ids), length, dtype=torch.long)
    for row, i in enumerate(ids):
        token_ids[row, : len(i)] = torch.tensor(i)
        mask[row, : len(i)] = 1
    return token_ids, mask


def clean_phrase(phrase: str) -> str:
    """Lower case, single spaces, no final punctuation."""
    return " ".join(phrase.lower().split()).rstrip(" .;,:!")
