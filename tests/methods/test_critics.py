"""Critics give the score of every pair, as their plain form would."""

from pathlib import Path

import numpy as np
import torch

from explorer.methods._critics import ConcatCritic, DotCritic, RegionAttention

DATA = Path(__file__).parents[1] / "data"


def test_concat_critic_scores_every_pair_like_the_joined_vector() -> None:
    torch.manual_seed(0)
    critic = ConcatCritic(3, 2, hidden=(7, 5))
    x, y = torch.randn(2, 4, 3), torch.randn(2, 6, 2)
    found = critic(x, y)
    assert found.shape == (2, 4, 6)
    hidden = critic.first(torch.cat([x[1, 2], y[1, 5]])).relu()
    hidden = critic.rest[0](hidden).relu()
    torch.testing.assert_close(found[1, 2, 5], critic.rest[1](hidden)[0])


def test_dot_critic_starts_at_its_temperature_and_its_scale_is_bounded() -> None:
    critic = DotCritic(0.1)
    x = torch.tensor([[1.0, 0.0]])
    torch.testing.assert_close(critic(x, x), torch.tensor([[10.0]]))
    torch.nn.init.constant_(critic.log_scale, 50.0)
    torch.testing.assert_close(critic(x, x), torch.tensor([[100.0]]))


def test_attention_over_regions_is_the_reference_one() -> None:
    oracle = np.load(DATA / "mil_scores.npz")
    bag = torch.tensor(oracle["img"][0])
    for kind, gated in (("att", False), ("gated", True)):
        attention = RegionAttention(5, 4, gated=gated).double()
        layers = {"V": attention.value, "w": attention.weight, "U": attention.gate}
        with torch.no_grad():
            for name, layer in layers.items():
                if layer is not None:
                    layer.weight.copy_(torch.tensor(oracle[f"att_{name}_w"]))
                    layer.bias.copy_(torch.tensor(oracle[f"att_{name}_b"]))
        weights = attention(bag).softmax(-1)
        expected = torch.tensor(oracle[f"{kind}_weights"][0])
        torch.testing.assert_close(weights, expected, rtol=0, atol=1e-8)
        pooled = torch.tensor(oracle[f"{kind}_pooled"][0])
        torch.testing.assert_close(weights @ bag, pooled, rtol=0, atol=1e-8)
