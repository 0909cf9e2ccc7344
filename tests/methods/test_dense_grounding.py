"""Every part of the loss by hand, and the local MI term against published numbers."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from explorer.methods import dense_grounding as objective

DATA = Path(__file__).parents[1] / "data"
INFONCE = np.load(DATA / "infonce_bidirectional.npz")
BAGS = np.load(DATA / "mil_scores.npz")
LIAO = np.load(DATA / "local_mi_liao.npz")
EYE = torch.eye(4, dtype=torch.bool)


def test_dense_loss_of_an_undecided_map() -> None:
    """Scores of 1/2 on half a mask: entropy log 2; Dice 1 - (2 * 1 + 1) / (1 + 2 + 1) = 1/4."""
    mask = torch.tensor([[[1.0, 1.0], [0.0, 0.0]]])
    found = objective.dense_loss(torch.zeros(1, 2, 2), mask, torch.ones(1))
    assert found.item() == pytest.approx(3 * math.log(2) + 0.5 * 0.25)


def test_dense_loss_is_near_zero_for_the_right_map_and_large_for_its_opposite() -> None:
    mask = torch.tensor([[[1.0, 0.0], [0.0, 0.0]]])
    right = 40 * (mask - 0.5)
    assert objective.dense_loss(right, mask, torch.ones(1)).item() < 1e-4
    assert objective.dense_loss(-right, mask, torch.ones(1)).item() > 50


def test_dense_loss_weighs_phrases() -> None:
    mask, logits = torch.eye(2).repeat(2, 1, 1), torch.zeros(2, 2, 2)
    logits[1] = 3.0
    one, two = (objective.dense_loss(logits[i : i + 1], mask[:1], torch.ones(1)) for i in (0, 1))
    both = objective.dense_loss(logits, mask, torch.tensor([3.0, 1.0]))
    torch.testing.assert_close(both, (3 * one + two) / 4)


def test_pointing_loss_is_the_missing_share_of_mass() -> None:
    """Four equal cells, one inside: the mass inside is 1/4."""
    mask = torch.tensor([[[1.0, 0.0], [0.0, 0.0]]])
    found = objective.pointing_loss(torch.full((1, 2, 2), 7.0), mask, torch.ones(1))
    assert found.item() == pytest.approx(math.log(4), abs=1e-5)
    peaked = objective.pointing_loss(30 * mask, mask, torch.ones(1))
    assert peaked.item() == pytest.approx(0, abs=1e-5)


def test_absence_loss_counts_safe_pairs_only() -> None:
    """One safe pair at logit 0 costs log 2, whatever the others say."""
    logits = torch.full((2, 2, 3, 3), 50.0)
    logits[1, 0] = 0.0
    safe = torch.tensor([[0.0, 0.0], [0.7, 0.0]])
    assert objective.absence_loss(logits, safe).item() == pytest.approx(math.log(2))
    assert objective.absence_loss(logits, torch.zeros(2, 2)).item() == 0.0


def test_label_loss_by_hand() -> None:
    """Logits log 3 give 3/4: present costs log 4/3, absent log 4."""
    pooled = torch.tensor([math.log(3), math.log(3)])
    found = objective.label_loss(pooled, torch.tensor([1.0, 0.0]))
    assert found.item() == pytest.approx((math.log(4 / 3) + math.log(4)) / 2)


def test_nowhere_loss_by_hand() -> None:
    found = objective.nowhere_loss(torch.tensor([[0.0, -100.0]]))
    assert found.item() == pytest.approx(math.log(2) / 2)


def test_likeness_is_the_positive_part_of_the_correlation() -> None:
    """A map against itself scaled (1), its opposite (-1, counted 0) and an unrelated one (0)."""
    shown = torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])
    unrelated = torch.tensor([[1.0, -1.0], [-1.0, 1.0]])
    dark = torch.stack([5 * shown[0] + 2, -shown[0], unrelated])[None]
    of_first = torch.tensor([0])
    found = objective.nonsense_correlation_loss(shown, dark, of_first).item()
    assert found == pytest.approx(1 / 3, abs=1e-5)
    beside = torch.cat([dark[:, [1, 1, 1]], dark])  # an image where all is the opposite
    assert objective.nonsense_correlation_loss(shown, beside, of_first + 1).item() == pytest.approx(
        found
    )
    assert objective.nonsense_correlation_loss(shown, beside, of_first).item() == 0.0


# --- local mutual information ---------------------------------------------------------------


def local_mi(scores: Tensor, negative: Tensor | None = None) -> Tensor:
    owner = torch.arange(len(scores))
    apart = ~torch.eye(len(scores), dtype=torch.bool)
    return objective.local_mutual_information_loss(
        scores, owner, apart if negative is None else negative
    )


def cosines() -> Tensor:
    v, u = torch.from_numpy(INFONCE["v"]), torch.from_numpy(INFONCE["u"])
    return (v / v.norm(dim=1, keepdim=True)) @ (u / u.norm(dim=1, keepdim=True)).T


def test_with_one_phrase_an_image_it_is_the_two_way_infonce_of_the_reference() -> None:
    rows = [r for r in INFONCE["table_tau_lam_v2u_u2v_total"] if r[1] == 0.5]
    assert rows
    for temperature, _, _, _, total in rows:
        assert local_mi(cosines() / temperature).item() == pytest.approx(total, abs=1e-8)


def test_pairs_of_one_study_are_left_out_as_in_the_reference() -> None:
    group = torch.from_numpy(INFONCE["group"])
    one_way, other_way, _ = INFONCE["masked_v2u_u2v_total_tau0.1_lam0.75"]
    found = local_mi(cosines() / 0.1, group[:, None] != group[None])
    assert found.item() == pytest.approx((one_way + other_way) / 2, abs=1e-8)


def test_pooled_bags_give_the_reference_values() -> None:
    for pooling in ("max_mean_0", "mean_mean_0", "lse_mean_5.0", "max_max_0"):
        scores = torch.from_numpy(BAGS[f"bag_{pooling}"]) / 0.1
        expected = BAGS[f"nce_{pooling}_tau0.1"].mean()
        assert local_mi(scores).item() == pytest.approx(expected, abs=1e-8), pooling


def test_the_bags_of_liao_cost_what_two_plain_sums_cost() -> None:
    """Their bags are scores here; pairs of one study are in no sum (images 2 and 3 are of one).

    Their released bound sets all mismatched pairs against the mean matched score; ours sets each
    pair against its own row and column, so only the bags are theirs.
    """
    scores, study = LIAO["bag_max"], LIAO["study"]
    assert len(set(study)) < len(study)

    def cost(i: int) -> float:
        """Of pair i: against its column, which image; against its row, which report."""
        others = [j for j in range(5) if study[j] != study[i]]
        column = sum(math.exp(scores[j, i] - scores[i, i]) for j in others)
        row = sum(math.exp(scores[i, j] - scores[i, i]) for j in others)
        return (math.log1p(column) + math.log1p(row)) / 2

    apart = torch.from_numpy(study[:, None] != study[None])
    found = local_mi(torch.from_numpy(scores), apart)
    assert found.item() == pytest.approx(sum(map(cost, range(5))) / 5, abs=1e-9)


def test_order_of_the_batch_does_not_matter() -> None:
    scores = torch.randn(4, 4, generator=torch.Generator().manual_seed(0))
    images, phrases = torch.tensor([2, 0, 3, 1]), torch.tensor([1, 3, 0, 2])
    new_place = torch.argsort(images)
    found = objective.local_mutual_information_loss(
        scores[images][:, phrases], new_place[phrases], ~EYE[images][:, phrases]
    )
    torch.testing.assert_close(found, local_mi(scores))


def test_matched_pairs_cost_less_than_shuffled_ones() -> None:
    scores = 5 * torch.eye(4) + torch.randn(4, 4, generator=torch.Generator().manual_seed(0))
    assert local_mi(scores) < local_mi(scores[:, [1, 2, 3, 0]])


def test_equal_scores_cost_log_n() -> None:
    assert local_mi(torch.zeros(4, 4)).item() == pytest.approx(math.log(4))


def test_pairs_that_may_match_are_never_used() -> None:
    negative = ~EYE
    negative[0, 2] = negative[3, 1] = False
    scores = torch.randn(4, 4, generator=torch.Generator().manual_seed(0)).requires_grad_()
    loss = local_mi(scores, negative)
    loss.backward()
    assert scores.grad is not None
    assert scores.grad[0, 2] == scores.grad[3, 1] == 0
    assert (scores.grad[~(negative | EYE)] == 0).all()
    assert (scores.grad[negative | EYE] != 0).all()
    changed = scores.detach().clone()
    changed[0, 2], changed[3, 1] = 90.0, -90.0
    torch.testing.assert_close(local_mi(changed, negative), loss.detach())


def test_two_phrases_of_one_image_are_no_negatives_of_each_other() -> None:
    """Phrases 0 and 1 belong to image 0, phrase 2 to image 1."""
    owner = torch.tensor([0, 0, 1])
    negative = torch.tensor([[False, False, True], [True, True, False]])
    scores = torch.tensor([[2.0, 1.0, 0.0], [0.0, 0.0, 3.0]])
    to_images = [math.log1p(math.exp(-2)), math.log1p(math.exp(-1)), math.log1p(math.exp(-3))]
    to_phrases = [
        math.log1p(math.exp(0 - 2)),  # against phrase 2 alone
        math.log1p(math.exp(0 - 1)),
        math.log1p(2 * math.exp(0 - 3)),
    ]
    found = objective.local_mutual_information_loss(scores, owner, negative)
    assert found.item() == pytest.approx((sum(to_images) + sum(to_phrases)) / 6)


def test_cnr_loss_is_the_ratio_by_hand() -> None:
    """Inside 3 and 1 (mean 2, variance 1), outside 0 and 0: ratio 2 / sqrt(1) = 2."""
    logits = torch.tensor([[[3.0, 1.0], [0.0, 0.0]]])
    mask = torch.tensor([[[1.0, 1.0], [0.0, 0.0]]])
    found = objective.cnr_loss(logits, mask, torch.ones(1))
    assert found.item() == pytest.approx(-math.tanh(2 / 3), abs=1e-3)
    moved = objective.cnr_loss(5 * logits - 7, mask, torch.ones(1))
    assert moved.item() == pytest.approx(found.item(), abs=1e-3)
    assert objective.cnr_loss(-logits, mask, torch.ones(1)).item() > 0.5


def test_cnr_loss_of_a_full_mask_is_finite() -> None:
    found = objective.cnr_loss(torch.randn(2, 4, 4), torch.ones(2, 4, 4), torch.ones(2))
    assert torch.isfinite(found)
