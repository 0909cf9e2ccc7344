"""A small radiograph for the viewer's tests."""

import pytest

from explorer.entities import Radiograph

from .synthetic import make_radiograph


@pytest.fixture
def radiograph() -> Radiograph:
    return make_radiograph()
