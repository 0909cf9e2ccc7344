"""Text tower: a small BERT of `transformers`, mean over tokens."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import BertConfig
from transformers.models.bert.modeling_bert import BertModel

from explorer.encoders.cast_once import cast_once
from explorer.encoders.files import TOKENIZER_FILE, WEIGHTS_FILE
from explorer.encoders.fixed_bert import FixedBert
from explorer.errors import CheckpointError

MAX_TOKENS = 128


class TextEncoder(nn.Module):
    """Token ids (S, T) and mask (S, T) -> one vector per phrase (S, hidden size)."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.bert = BertModel(config, add_pooling_layer=False)
        self.hidden_size = config.hidden_size
        self._fixed: FixedBert | None = None

    def fix(self, dtype: torch.dtype) -> None:
        """Make reading quicker, with the same numbers, once the weights change no more.

        Args:
            dtype: Of the autocast under which phrases are read, not float32. Gradients and
                everything outside of it go through the weights as they are.
        """
        if FixedBert.fits(self.bert, dtype):
            self._fixed = FixedBert(self.bert)
        else:
            cast_once(self, dtype)

    def forward(self, token_ids: Tensor, mask: Tensor) -> Tensor:
        """Mean of the last hidden states over all tokens, special ones included."""
        hidden = self.word_vectors(token_ids, mask)
        weight = mask[..., None].to(hidden.dtype)
        return (hidden * weight).sum(1) / weight.sum(1)  # special tokens count, as in MiniLM

    def word_vectors(self, token_ids: Tensor, mask: Tensor) -> Tensor:
        """Last hidden states (S, T, hidden size), those of padding included."""
        if self._fixed is not None and self._fixed.is_asked():
            return self._fixed(token_ids, mask)
        hidden: Tensor = self.bert(input_ids=token_ids, attention_mask=mask).last_hidden_state
        return hidden


def load_pretrained(folder: Path) -> tuple[TextEncoder, Tokenizer]:
    """A BERT and its tokenizer from a Hugging Face folder, ready to read phrases.

    Raises:
        CheckpointError: The weights lack a tensor of the tower.
    """
    encoder = TextEncoder(BertConfig.from_pretrained(folder))
    state = load_file(folder / WEIGHTS_FILE)
    # Files of other libraries hold more than the tower (a pooler, position ids), never less.
    missing, _ = encoder.bert.load_state_dict(
        {k.removeprefix("bert."): v for k, v in state.items() if "pooler." not in k}, strict=False
    )
    if missing:
        raise CheckpointError(
            f"{WEIGHTS_FILE} of {folder.name!r} must hold every tensor of its BERT, got none for "
            f"{missing[0]!r}. Copy the folder again."
        )
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return encoder.eval().requires_grad_(requires_grad=False), tokenizer


def shrink(encoder: TextEncoder, *, pieces: Sequence[int], layers: Sequence[int]) -> TextEncoder:
    """A smaller tower that starts from some layers and word pieces of a larger one.

    Args:
        encoder: The larger tower.
        pieces: Its token ids that are kept, in their new order.
        layers: Its layers that are kept.
    """
    config = BertConfig.from_dict(encoder.bert.config.to_dict())
    config.vocab_size = len(pieces)
    config.num_hidden_layers = len(layers)
    config.max_position_embeddings = MAX_TOKENS
    smaller = TextEncoder(config)
    state = encoder.bert.state_dict()
    words = "embeddings.word_embeddings.weight"
    positions = "embeddings.position_embeddings.weight"
    copied = {k: v for k, v in state.items() if not k.startswith("encoder.layer.")}
    copied[words] = state[words][list(pieces)]
    copied[positions] = state[positions][:MAX_TOKENS]
    for new, old in enumerate(layers):
        prefix = f"encoder.layer.{old}."
        copied |= {
            k.replace(prefix, f"encoder.layer.{new}."): v
            for k, v in state.items()
            if k.startswith(prefix)
        }
    smaller.bert.load_state_dict(copied, strict=True)
    return smaller


_SHAPE = (
    "vocab_size",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "max_position_embeddings",
    "type_vocab_size",
    "hidden_act",
    "layer_norm_eps",
    "pad_token_id",
)


def shape_of(encoder: TextEncoder) -> dict[str, Any]:
    """Keyword arguments of `BertConfig` that rebuild this tower."""
    return {name: getattr(encoder.bert.config, name) for name in _SHAPE}


def tokenize(tokenizer: Tokenizer, phrases: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Turn phrases into padded token ids and mask, both (S, T) int64 with T <= 128.

    Case and a final full stop carry no location and are dropped.
    """
    encodings = tokenizer.encode_batch_fast([clean_phrase(p) for p in phrases])
    ids = [
        e.ids if len(e.ids) <= MAX_TOKENS else [*e.ids[: MAX_TOKENS - 1], e.ids[-1]]
        for e in encodings
    ]
    length = max(len(i) for i in ids)
    padded = [[*i, *[0] * (length - len(i))] for i in ids]
    lengths = torch.tensor([len(i) for i in ids])
    mask = (torch.arange(length) < lengths[:, None]).long()
    return torch.tensor(padded), mask


def clean_phrase(phrase: str) -> str:
    """Lower case, single spaces, no final punctuation."""
    return " ".join(phrase.lower().split()).rstrip(" .;,:!")
