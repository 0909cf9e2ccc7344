"""The image check: pictures that are no radiograph, and a head that learns to tell them."""

import functools
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from explorer.encoders.alignment import IMAGE_KINDS
from explorer.training.image_check import _draw, fit_image_check
from explorer.training.strange_pictures import photograph_crops, strange_pictures

from .. import tiny_model  # noqa: TID252 - "tests" may be another package elsewhere


def test_strange_pictures_repeat_by_seed() -> None:
    one, two = strange_pictures(10, seed=3), strange_pictures(10, seed=3)
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)
        assert (a.shape, a.dtype) == ((256, 256), np.uint8)
    assert any(
        not np.array_equal(a, b) for a, b in zip(one, strange_pictures(10, seed=4), strict=True)
    )
    assert all(np.ptp(picture) > 0 for picture in one)


def test_crops_come_from_readable_files_only(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((300, 400, 3), 90, np.uint8))
    (tmp_path / "b.png").write_bytes(b"nothing")
    crops = photograph_crops([tmp_path / "a.png", tmp_path / "b.png"], 6)
    assert [c.shape for c in crops] == [(256, 256)] * 6
    assert {int(c[0, 0]) for c in crops} <= {90, 255 - 90}
    assert photograph_crops([tmp_path / "b.png"], 6) == []


def test_turned_films_are_called_by_the_way_they_were_turned() -> None:
    """A bright top edge: turned left it is at the left, upside down at the bottom."""
    image = np.zeros((64, 64), np.uint8)
    image[:8] = 255
    edges: dict[str, tuple[slice, ...]] = {
        "frontal": np.s_[:8, :],
        "rotated left": np.s_[:, :8],
        "rotated right": np.s_[:, -8:],
        "upside down": np.s_[-8:, :],
    }
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(200):
        picture, kind = _draw(rng, frontal=[image], lateral=[], strange=[image // 2])
        seen.add(kind)
        if kind in edges:
            assert picture[edges[kind]].min() == 255, kind
    assert seen == {*edges, "not a chest radiograph"}


def test_the_head_learns_and_the_towers_stay() -> None:
    """Left-right ramps against noise: a linear head on untrained towers can tell them."""
    model = tiny_model.model()
    before = {k: v.clone() for k, v in model.image_encoder.state_dict().items()}
    y, x = np.mgrid[:64, :64]
    film = np.clip(80 + 2 * y + 30 * np.sin(x / 9), 0, 255).astype(np.uint8)
    noise = [np.random.default_rng(i).integers(0, 256, (64, 64)).astype(np.uint8) for i in range(4)]
    torch.manual_seed(0)
    fit = functools.partial(fit_image_check, model, frontal=[film], lateral=[], strange=noise)
    assert fit(views=80, epochs=40) > 1.5 / len(IMAGE_KINDS)
    assert not model.image_check.training
    after = model.image_encoder.state_dict()
    assert all(torch.equal(before[k], after[k]) for k in before)


@pytest.mark.parametrize("kinds", [IMAGE_KINDS])
def test_the_kinds_are_those_of_the_records(kinds: tuple[str, ...]) -> None:
    assert kinds[0] == "frontal"
    assert kinds[-1] == "not a chest radiograph"
