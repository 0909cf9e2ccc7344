"""Threads that encode side by side take their share of the processors, and give it back."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info

from explorer.adapters import encoding_threads, products_in_one_thread, sharing_processors


def _threads() -> tuple[int, set[int]]:
    np.ones((4, 4)) @ np.ones((4, 4))  # loads the library of matrix products
    blas = {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}
    return torch.get_num_threads(), blas


def test_a_share_is_that_of_torch_and_of_the_matrix_products_of_numpy() -> None:
    before = _threads()
    with sharing_processors(1_000), encoding_threads(1_000) as pool:
        assert pool.submit(_threads).result() == (1, {1})
    assert _threads() == before


def test_threads_with_a_share_leave_the_threads_of_all_others() -> None:
    """Two sessions evaluate at once, the first to come is the first to go; a third grounds."""
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    try:
        with ExitStack() as last:
            with encoding_threads(2) as first:
                assert first.submit(torch.get_num_threads).result() == 2
                second = last.enter_context(encoding_threads(4))
                assert second.submit(torch.get_num_threads).result() == 1
                assert first.submit(torch.get_num_threads).result() == 2
                assert torch.get_num_threads() == 4
            with ThreadPoolExecutor(1) as other:
                assert other.submit(torch.get_num_threads).result() == 4
        with ThreadPoolExecutor(1) as later:
            assert later.submit(torch.get_num_threads).result() == 4
        assert torch.get_num_threads() == 4
    finally:
        torch.set_num_threads(before)


def test_products_of_numpy_alone_take_one_thread_and_then_what_they_had() -> None:
    torch_threads, before = _threads()
    with products_in_one_thread():
        assert _threads() == (torch_threads, {1})
    assert _threads() == (torch_threads, before)


def test_limits_that_end_in_another_order_than_they_began_leave_none() -> None:
    """Two sessions ground at once: the first to come is the first to go."""
    before = _threads()
    first, second = ExitStack(), ExitStack()
    first.enter_context(products_in_one_thread())
    second.enter_context(products_in_one_thread())
    first.close()
    assert _threads()[1] == {1}  # the second still computes
    second.close()
    assert _threads() == before


def _loaded(**said: str) -> str:
    """What the OpenMP of torch says of itself where the program loads it."""
    names = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
    environment = {k: v for k, v in os.environ.items() if k not in names}
    done = subprocess.run(
        [sys.executable, "-c", "import explorer, torch"],
        env=environment | {"OMP_DISPLAY_ENV": "VERBOSE"} | said,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere torch brings another OpenMP")
def test_threads_that_wait_give_their_processor_up_soon_unless_a_person_says_else() -> None:
    assert "GOMP_SPINCOUNT = '10000'" in _loaded()
    assert "GOMP_SPINCOUNT = '7'" in _loaded(GOMP_SPINCOUNT="7")
    assert "GOMP_SPINCOUNT = '0'" in _loaded(OMP_WAIT_POLICY="PASSIVE")
