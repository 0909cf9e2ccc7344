"""A BERT whose weights change no more: the numbers of `transformers`, bit for bit, for less time.

For a phrase and its controls most of the time of a small tower went into reading its weights and
into what surrounds its products. Here the weights are cast and laid out as the processor's
products want them once, not at every call; query, key and value are one product; the mask is made
once for all layers.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers.models.bert.modeling_bert import BertModel


class FixedBert:
    """The last hidden states of a BERT that is in bfloat16 on the CPU; reads and never trains.

    Args:
        bert: Post-norm encoder; its weights must not change afterwards.
    """

    def __init__(self, bert: BertModel) -> None:
        self._embeddings = bert.embeddings
        self._layers = [_Layer(layer) for layer in bert.encoder.layer]

    @staticmethod
    def fits(bert: BertModel, dtype: torch.dtype) -> bool:
        """Whether this processor has such products, and the engine computes in their precision."""
        supported = torch.backends.mkldnn.is_available() and bool(
            torch.ops.mkldnn._is_mkldnn_bf16_supported()
        )
        return supported and dtype == torch.bfloat16 and bert.device.type == "cpu"

    @staticmethod
    def is_asked() -> bool:
        """Whether the caller reads under autocast in bfloat16, without gradients."""
        return (
            torch.is_inference_mode_enabled()
            and torch.is_autocast_enabled("cpu")
            and torch.get_autocast_dtype("cpu") == torch.bfloat16
        )

    def __deepcopy__(self, memo: dict[int, Any]) -> "FixedBert":
        return self  # fixed: copies of a model share it

    def __call__(self, token_ids: Tensor, mask: Tensor) -> Tensor:
        """Token ids and mask (S, T) -> last hidden states (S, T, hidden size) float32."""
        with torch.autocast("cpu", enabled=False):  # every cast is written down here
            hidden: Tensor = self._embeddings(token_ids)
            shape, bias = hidden.shape, _bias(mask)
            rows = hidden.reshape(-1, shape[-1])  # (S * T, hidden size)
            for layer in self._layers:
                rows = layer(rows, count=len(mask), bias=bias)
            return rows.view(shape)


class _Layer:
    def __init__(self, layer: Any) -> None:
        own, output = layer.attention.self, layer.attention.output
        self._heads = int(own.num_attention_heads)
        self._asked = _Packed(own.query, own.key, own.value)
        self._joined = _Packed(output.dense)
        self._first_norm = output.LayerNorm
        self._widened = _Packed(layer.intermediate.dense)
        self._bent = layer.intermediate.intermediate_act_fn
        self._narrowed = _Packed(layer.output.dense)
        self._second_norm = layer.output.LayerNorm

    def __call__(self, rows: Tensor, *, count: int, bias: Tensor | None) -> Tensor:
        size = rows.shape[-1]
        asked = self._asked(rows.bfloat16()).view(count, -1, 3, self._heads, size // self._heads)
        query, key, value = asked.permute(2, 0, 3, 1, 4)  # (S, heads, T, size / heads) each
        seen = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        joined = self._joined(seen.transpose(1, 2).reshape(-1, size))
        rows = self._first_norm(joined + rows)
        found: Tensor = self._narrowed(self._bent(self._widened(rows.bfloat16())))
        normed: Tensor = self._second_norm(found + rows)
        return normed


class _Packed:
    """Linear layers of one input as one product, in bfloat16, laid out for the processor."""

    def __init__(self, *layers: nn.Linear) -> None:
        weight = torch.cat([layer.weight.detach() for layer in layers]).bfloat16()
        self._weight = torch.ops.mkldnn._reorder_linear_weight(weight, None)
        self._bias = torch.cat([layer.bias.detach() for layer in layers]).bfloat16()

    def __call__(self, rows: Tensor) -> Tensor:
        found: Tensor = torch.ops.mkldnn._linear_pointwise(
            rows, self._weight, self._bias, "none", [], ""
        )
        return found


def _bias(mask: Tensor) -> Tensor | None:
    """What is added to the attention (S, 1, T, T): nothing to words, minus infinity to padding."""
    if bool(mask.all()):
        return None
    texts, length = mask.shape
    bias = torch.zeros(texts, length, dtype=torch.bfloat16).masked_fill_(mask == 0, -torch.inf)
    return bias[:, None, None].expand(texts, 1, length, length)
