"""A fixed text tower gives the very numbers of the one that it was made of."""

from copy import deepcopy
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import BertConfig

from explorer.encoders.fixed_bert import FixedBert
from explorer.encoders.text import TextEncoder

SIZES: dict[str, Any] = {
    "vocab_size": 50,
    "hidden_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 96,
}
IDS = torch.randint(5, 50, (4, 9), generator=torch.Generator().manual_seed(0))
LENGTHS = torch.tensor([9, 3, 6, 8])
PADDED = (torch.arange(9) < LENGTHS[:, None]).long()


def _towers() -> tuple[TextEncoder, TextEncoder]:
    torch.manual_seed(0)
    plain = TextEncoder(BertConfig(**SIZES)).eval().requires_grad_(requires_grad=False)
    fixed = deepcopy(plain)
    if not FixedBert.fits(fixed.bert, torch.bfloat16):
        pytest.skip("this processor has no products in bfloat16")
    fixed.fix(torch.bfloat16)
    return plain, fixed


def _read(tower: TextEncoder, mask: Tensor) -> Tensor:
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        found: Tensor = tower(IDS, mask)
    return found


@pytest.mark.parametrize("mask", [PADDED, torch.ones_like(PADDED)], ids=["padded", "full"])
def test_values_are_those_of_the_tower_to_the_digit(mask: Tensor) -> None:
    plain, fixed = _towers()
    assert torch.equal(_read(fixed, mask), _read(plain, mask))


def test_padding_changes_no_vector() -> None:
    _, fixed = _towers()
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        alone = fixed(IDS[1:2, :3], PADDED[1:2, :3])
    torch.testing.assert_close(_read(fixed, PADDED)[1:2], alone, atol=2e-2, rtol=0)


def test_weights_are_not_read_again_but_for_gradients_and_full_precision() -> None:
    plain, fixed = _towers()
    before = _read(fixed, PADDED)
    fixed.bert.encoder.layer[0].output.dense.weight.zero_()
    assert torch.equal(_read(fixed, PADDED), before)
    assert torch.equal(_read(deepcopy(fixed), PADDED), before)
    with torch.autocast("cpu", dtype=torch.bfloat16):  # gradients may be wanted
        assert not torch.equal(fixed(IDS, PADDED), before)
    with torch.inference_mode():
        assert not torch.equal(fixed(IDS, PADDED), plain(IDS, PADDED))
    assert fixed.state_dict().keys() == plain.state_dict().keys()
