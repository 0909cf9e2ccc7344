"""Linear layers that keep a cast copy: the same numbers, the same weights, no cast at a call."""

from copy import deepcopy

import torch
from torch import Tensor, nn

from explorer.encoders.cast_once import cast_once


def _network() -> nn.Sequential:
    torch.manual_seed(0)
    inner = nn.Sequential(nn.Linear(24, 40), nn.GELU(), nn.LayerNorm(40))
    return nn.Sequential(inner, nn.Linear(40, 8, bias=False)).requires_grad_(requires_grad=False)


def _low(network: nn.Module, values: Tensor) -> Tensor:
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        found: Tensor = network(values)
    return found


def test_values_are_those_of_autocast_to_the_digit() -> None:
    plain, values = _network(), torch.randn(5, 24)
    cast = deepcopy(plain)
    cast_once(cast, torch.bfloat16)
    assert torch.equal(_low(cast, values), _low(plain, values))
    assert _low(cast, values).dtype == torch.bfloat16
    assert torch.equal(cast(values), plain(values))  # without autocast in full precision
    # Another precision than the copy's is none that the copy may stand for.
    with torch.autocast("cpu", dtype=torch.float16):
        assert torch.equal(cast(values), plain(values))


def test_weights_are_not_cast_again_and_stay_under_their_names() -> None:
    plain = _network()
    cast, values = deepcopy(plain), torch.randn(5, 24)
    cast_once(cast, torch.bfloat16)
    assert cast.state_dict().keys() == plain.state_dict().keys()
    assert all(torch.equal(cast.state_dict()[k], v) for k, v in plain.state_dict().items())
    before = _low(cast, values)
    cast.get_parameter("1.weight").zero_()  # a cast at the call would see it
    assert torch.equal(_low(cast, values), before)
    assert not cast(values).any()


def test_gradients_reach_the_words_through_the_full_weights() -> None:
    plain = _network()
    cast, values = deepcopy(plain), torch.randn(5, 24)
    cast_once(cast, torch.bfloat16)
    leaves = [values.clone().requires_grad_() for _ in range(2)]
    for network, leaf in zip((plain, cast), leaves, strict=True):
        network(leaf).sum().backward()
    first, second = (leaf.grad for leaf in leaves)
    assert first is not None
    assert second is not None
    assert torch.equal(first, second)
