"""The decoding children are shared by all reading tests and ended after them."""

from collections.abc import Iterator

import pytest

from explorer.reading.sandbox import close_shared_pool, shared_pool


@pytest.fixture(scope="session", autouse=True)
def _decoding_children() -> Iterator[None]:
    shared_pool().wait_until_ready()
    yield
    close_shared_pool()
