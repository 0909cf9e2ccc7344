"""Codes: exact information, the bounds below it, and what balancing the gap gives."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from explorer.errors import TrainingError
from explorer.methods import cmimh
from explorer.methods._heads import HeadData, mean_average_precision
from explorer.methods.cmimh import Cmimh, CmimhOptions
from tests.methods.toy_heads import head_data, unit

ORACLE = np.load(Path(__file__).parent.parent / "data" / "cmimh.npz")
TOLERANCE = json.loads(str(ORACLE["meta"]))["tol"]


def tensor(name: str) -> torch.Tensor:
    return torch.from_numpy(ORACLE[name])


@pytest.mark.parametrize(
    ("found", "name"),
    [
        (lambda: cmimh.exact_information(tensor("P")), "mi_bx_exact"),
        (lambda: cmimh.exact_information(tensor("Q")), "mi_by_exact"),
        (lambda: cmimh.marginal_information(tensor("P")), "mi_bx_marginal_upper"),
        (lambda: cmimh.exact_information_between(tensor("P"), tensor("Q")), "mi_bxby_exact"),
        (lambda: cmimh.exact_information(tensor("hard_codes")), "hard_mi_equals_log_n"),
        (lambda: cmimh.squared_gap(tensor("P"), tensor("Q")), "gap_l2"),
        (lambda: cmimh.cross_entropy_gap(tensor("P"), tensor("Q")), "gap_bce"),
    ],
)
def test_agrees_with_the_oracle(found, name: str) -> None:
    assert found().item() == pytest.approx(float(ORACLE[name]), abs=TOLERANCE)


def test_the_bound_with_the_known_conditional_is_exact_over_the_full_set() -> None:
    p = tensor("P")
    logits = torch.logit(p)
    codes = torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=p.dtype)] * p.shape[1])
    chance = cmimh.code_log_prob(codes, logits).exp()  # (2^K, N)
    scores = cmimh.code_log_prob(codes, logits)
    value = scores - scores.logsumexp(1, keepdim=True) + math.log(len(p))
    expected = (chance * value).sum(0).mean().item()
    assert expected == pytest.approx(float(ORACLE["tnce_exact_expectation"]), abs=TOLERANCE)


def test_average_precision_of_hamming_ranks_agrees_with_the_oracle() -> None:
    distance = (ORACLE["q_codes"][:, None] != ORACLE["db_codes"]).sum(-1)
    relevant = (ORACLE["q_labels"] @ ORACLE["db_labels"].T) > 0
    each = [mean_average_precision(-distance[[k]], relevant[[k]]) for k in range(len(distance))]
    assert np.abs(np.array(each) - ORACLE["ap"]).max() < TOLERANCE
    found = mean_average_precision(-distance, relevant)
    assert found == pytest.approx(float(ORACLE["map_all"]), abs=TOLERANCE)


@given(st.integers(2, 12), st.integers(1, 8), st.integers(0, 99))
def test_bounds_never_exceed_log_n_nor_the_exact_value_its_upper_bound(
    count: int, bits: int, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    logits = 4 * torch.randn(count, bits, generator=generator, dtype=torch.float64)
    p = torch.sigmoid(logits)
    assert cmimh.exact_information(p) <= cmimh.marginal_information(p) + 1e-9
    codes = cmimh.draw_codes(logits, generator)
    assert cmimh.within_bound(codes, logits) <= math.log(count) + 1e-9
    across = cmimh.across_bound(2 * codes - 1, 2 * codes - 1, temperature=0.1)
    assert across <= math.log(count) + 1e-9


def test_drawn_codes_are_bits_and_pass_the_gradient_of_their_probability() -> None:
    logits = torch.tensor([[0.0, 8.0, -8.0]], requires_grad=True)
    codes = cmimh.draw_codes(logits, torch.Generator().manual_seed(0))
    assert set(codes.detach().round(decimals=6).unique().tolist()) <= {0.0, 1.0}
    codes.sum().backward()
    p = torch.sigmoid(logits.detach())
    assert torch.allclose(logits.grad, p * (1 - p))  # type: ignore[arg-type]


def test_equal_sentences_are_no_negatives() -> None:
    codes = torch.tensor([[1.0, 1.0], [1.0, 1.0], [-1.0, 1.0]])
    same = torch.tensor([[1, 1, 0], [1, 1, 0], [0, 0, 1]], dtype=torch.bool)
    plain = cmimh.across_bound(codes, codes, temperature=0.1)
    told = cmimh.across_bound(codes, codes, temperature=0.1, same=same)
    assert told - plain > 0.4  # two of three no longer share their chance: log 2 each


# --- what the paper promises -----------------------------------------------------------------


def pairs(seed: int, *, count: int = 1200) -> tuple[HeadData, NDArray[np.intp]]:
    """Pairs of ten classes whose larger part is private to each kind."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(10, size=count)
    shared = rng.normal(size=(10, 8))[classes] + 0.5 * rng.normal(size=(count, 8))

    def side() -> NDArray[np.float64]:
        mixing, own = rng.normal(size=(8, 32)), rng.normal(size=(16, 32))
        private = 1.5 * rng.normal(size=(count, 16)) @ own
        return shared @ mixing + private + rng.normal(size=(count, 32))

    return head_data(unit(side()), unit(side())), classes


def precision(x: NDArray[np.bool_], y: NDArray[np.bool_], classes: NDArray[np.intp]) -> float:
    """Mean average precision of the first 200 of one kind among all of the other."""
    distance = (x[:200, None] != y).sum(-1)
    return mean_average_precision(-distance, classes[:200, None] == classes)


def canonical_signs(data: HeadData, bits: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Signs of canonical correlations, the linear answer."""

    def white(v: NDArray[np.float64]) -> NDArray[np.float64]:
        values, vectors = np.linalg.eigh(v.T @ v / len(v))
        kept = values > 1e-4 * values.max()
        return v @ vectors[:, kept] / np.sqrt(values[kept])

    x = white(data.images - data.images.mean(0, dtype=np.float64))
    y = white(data.phrases - data.phrases.mean(0, dtype=np.float64))
    u, _, vt = np.linalg.svd(x.T @ y)
    return x @ u[:, :bits] > 0, y @ vt[:bits].T > 0


@pytest.fixture(scope="module")
def learned() -> dict[float, float]:
    """Precision by weight of the gap."""
    data, classes = pairs(0)
    found = {}
    for gap in (0.0, CmimhOptions().gap, 100.0):
        head = Cmimh.fit(data, CmimhOptions(bits=16, gap=gap, steps=300))
        codes = head.encode(data.images, side="image"), head.encode(data.phrases, side="text")
        found[gap] = precision(*codes, classes)
    return found


def test_codes_beat_signs_of_canonical_correlations(learned: dict[float, float]) -> None:
    data, classes = pairs(0)
    linear = precision(*canonical_signs(data, 16), classes)
    assert learned[CmimhOptions().gap] >= linear + 0.1


def test_a_balanced_gap_is_better_than_none_and_than_a_minimised_one(
    learned: dict[float, float],
) -> None:
    assert learned[CmimhOptions().gap] >= max(learned[0.0], learned[100.0]) + 0.05


def test_one_sentence_alone_is_refused() -> None:
    data, _ = pairs(0, count=4)
    alone = head_data(data.images, data.phrases, text=np.zeros(4, np.intp))
    with pytest.raises(TrainingError, match="at least two different sentences"):
        Cmimh.fit(alone, CmimhOptions(bits=8, steps=1))
