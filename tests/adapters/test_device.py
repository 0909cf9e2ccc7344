"""Threads that encode side by side take their share of the processors, and give it back."""

import numpy as np
import torch
from threadpoolctl import threadpool_info

from explorer.adapters import sharing_processors


def _threads() -> tuple[int, set[int]]:
    np.ones((4, 4)) @ np.ones((4, 4))  # loads the library of matrix products
    blas = {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}
    return torch.get_num_threads(), blas


def test_a_share_is_that_of_torch_and_of_the_matrix_products_of_numpy() -> None:
    before = _threads()
    with sharing_processors(1_000):
        assert _threads() == (1, {1})
    assert _threads() == before
