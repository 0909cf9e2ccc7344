"""LoVT: local contrast and cross attention against the authors' numbers; what neighbours become."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.methods._attention import Asked, CrossAttention
from explorer.methods._base import Shapes, View
from explorer.methods.lovt import METHOD, LoVTOptions, local_contrast, spatial_positives

from .by_hand import batch, unit

ORACLE = np.load(Path(__file__).parents[1] / "data" / "lovt_local.npz")
SHAPES = Shapes(dimension=8, features=8)


def of_oracle(name: str) -> Tensor:
    return torch.from_numpy(ORACLE[name])


def test_region_contrast_and_its_gradients_are_the_authors() -> None:
    a, b = of_oracle("scan_a").requires_grad_(), of_oracle("scan_b").requires_grad_()
    near = spatial_positives(3, 4, reach=0.5, decay=1.0)
    there: dict[str, Any] = {"positives": near, "weights": of_oracle("scan_w")}
    forward = local_contrast(a, b, **there).mean()
    backward = local_contrast(b, a, **there).mean()
    assert forward.item() == pytest.approx(float(ORACLE["scan_ab"]), abs=1e-6)
    assert backward.item() == pytest.approx(float(ORACLE["scan_ba"]), abs=1e-6)
    (forward + backward).backward()
    torch.testing.assert_close(a.grad, of_oracle("scan_grad_a"), atol=1e-6, rtol=0)
    torch.testing.assert_close(b.grad, of_oracle("scan_grad_b"), atol=1e-6, rtol=0)


def test_distances_are_in_diagonals_of_the_grid() -> None:
    near = spatial_positives(3, 4, reach=2.0, decay=1.0)
    torch.testing.assert_close(-near.log(), of_oracle("scan_dist"), atol=1e-6, rtol=0)


def test_sentence_contrast_leaves_padding_out() -> None:
    a, b, mask = (of_oracle(f"sent_{n}") for n in ("a", "b", "mask"))
    weights = torch.ones(mask.shape, dtype=torch.float64)
    there: dict[str, Any] = {"positives": torch.eye(4), "weights": weights, "mask": mask}
    forward = local_contrast(a, b, **there).mean().item()
    assert forward == pytest.approx(float(ORACLE["sent_ab"]), abs=1e-6)
    backward = local_contrast(b, a, **there).mean().item()
    assert backward == pytest.approx(float(ORACLE["sent_ba"]), abs=1e-6)


def test_cross_attention_is_the_authors() -> None:
    attention = CrossAttention(5).double()
    for layer, name in (("key", "k"), ("value", "v"), ("output", "o")):
        getattr(attention, layer).weight.data = of_oracle(f"ca_{name}_w")
    regions, sentences, mask = of_oracle("scan_a"), of_oracle("sent_a"), of_oracle("sent_mask")
    seen, weights = attention(regions, sentences, mask=mask)
    torch.testing.assert_close(weights, of_oracle("ca_p_b2a"), atol=1e-6, rtol=0)
    torch.testing.assert_close(seen, of_oracle("ca_b2a"), atol=1e-6, rtol=0)
    seen, weights = attention(sentences, regions, mask=None)
    there = mask[..., None]
    wanted = of_oracle("ca_p_a2b")
    torch.testing.assert_close(weights * there, wanted * there, atol=1e-6, rtol=0)
    torch.testing.assert_close(seen * there, of_oracle("ca_a2b") * there, atol=1e-6, rtol=0)


@settings(max_examples=30, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 4), min_size=2, max_size=5),
    more=st.integers(1, 4),
    seed=st.integers(0, 99),
)
def test_padding_changes_no_loss(sizes: list[int], more: int, seed: int) -> None:
    """Ragged bags, empty and single-sentence bags included: what is not there has no say."""
    longest = max(*sizes, 1)
    mask = torch.arange(longest) < torch.tensor(sizes)[:, None]
    a, b = unit(len(sizes), longest, 6, seed=seed), unit(len(sizes), longest, 6, seed=seed + 1)
    padded: dict[str, Any] = {"weights": torch.ones(len(sizes), longest), "mask": mask}
    found = local_contrast(a, b, positives=torch.eye(longest), **padded)
    wide = [F.pad(x, (0, 0, 0, more), value=3.0) for x in (a, b)]
    again = local_contrast(
        *wide,
        positives=torch.eye(longest + more),
        weights=F.pad(padded["weights"], (0, more), value=1.0),
        mask=F.pad(mask, (0, more)),
    )
    torch.testing.assert_close(found, again)
    few = torch.tensor(sizes) < 2
    torch.testing.assert_close(found[few], torch.zeros(int(few.sum())), atol=1e-6, rtol=0)


def test_a_sentence_that_stands_twice_counts_once() -> None:
    method = METHOD(LoVTOptions(), SHAPES)
    twice, once = batch([0, 0, 0, 1, 1], images=2), batch([0, 0, 1, 1], images=2)
    once.phrases.copy_(twice.phrases[1:])
    twice.phrases[0] = twice.phrases[1]
    twice.text_id[:2] = 0
    for name, part in method(twice).items():
        torch.testing.assert_close(part, method(once)[name])


def test_images_of_one_study_are_no_negatives() -> None:
    method = METHOD(LoVTOptions(), SHAPES)
    data = batch([0, 0, 1, 1], images=2)
    assert abs(method(data)["global"].item()) > 0.01
    data.study[1] = 0
    assert method(data)["global"].item() == 0


def test_an_image_without_a_report_changes_nothing() -> None:
    method = METHOD(LoVTOptions(), SHAPES)
    three, two = batch([0, 0, 1, 1], images=3), batch([0, 0, 1, 1], images=2)
    two.patches.copy_(three.patches[:2])
    for name, part in method(three).items():
        torch.testing.assert_close(part, method(two)[name])


def test_the_image_as_anchor_has_its_share() -> None:
    """Equal images: a report cannot tell them apart and loses nothing by it; an image can lose."""
    data = batch([0, 0, 1, 1, 2], images=3)
    data.patches[:] = data.patches[0].clone()
    method = METHOD(LoVTOptions(), SHAPES)

    def part(share: float) -> float:
        method.options = LoVTOptions(image_to_report=share)
        return method(data)["global"].item()

    assert part(0) == pytest.approx(0, abs=1e-6)
    assert part(1) > 1e-3
    assert part(LoVTOptions().image_to_report) == pytest.approx(0.75 * part(1))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_close(dtype: torch.dtype) -> None:
    method = METHOD(LoVTOptions(), SHAPES)
    data = batch([0, 0, 1], images=2)
    wanted = method(data)
    for name, part in method.to(dtype)(data.to(dtype)).items():
        assert part.item() == pytest.approx(wanted[name].item(), rel=0.05)


def test_neighbouring_regions_become_alike() -> None:
    """The promise of soft positives: with reach, near beats far; with own place only, less so."""

    def gap(reach: float) -> float:
        torch.manual_seed(0)
        method = METHOD(LoVTOptions(side=6, reach=reach, decay=8.0), SHAPES)
        patches = nn.Parameter(unit(4, 6, 6, 8))
        phrases = unit(8, 8, seed=5)
        optimiser = torch.optim.Adam([patches, *method.parameters()], lr=0.02)
        data = batch([0, 0, 1, 1, 2, 2, 3, 3], images=4)
        for _ in range(60):
            optimiser.zero_grad()
            here = {"patches": F.normalize(patches, dim=-1), "phrases": phrases}
            loss = method(type(data)(**{**vars(data), **here}))["local"]
            loss.backward()
            optimiser.step()
        regions = F.normalize(patches.detach(), dim=-1).flatten(1, 2)
        alike = (regions @ regions.transpose(1, 2)).mean(0)
        steps = spatial_positives(6, 6, reach=2.0, decay=1.0).log().neg() * 72**0.5
        return float(alike[(steps > 0) & (steps < 1.5)].mean() - alike[steps > 3].mean())

    with_reach, own_place = gap(0.5), gap(0.0)
    assert with_reach > own_place + 0.1, (with_reach, own_place)


def test_attention_maps_are_where_a_phrase_looks() -> None:
    method = METHOD(LoVTOptions(), SHAPES)
    view = View(unit(2, 3, 4, 8), unit(2, 3, 4, 8))
    ids = torch.zeros(5, 1, dtype=torch.long)
    maps = method.attention_map(
        view, Asked(unit(5, 8, seed=2), unit(5, 1, 8), ids, ids == 0, ids == 0)
    )
    assert maps.shape == (2, 5, 3, 4)
    torch.testing.assert_close(maps.sum((2, 3)), torch.ones(2, 5))
