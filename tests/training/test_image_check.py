"""The image check: pictures that are no radiograph, and a head that learns to tell them."""

import functools
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from explorer.encoders.alignment import IMAGE_KINDS
from explorer.grounding.geometry import fit_frame, to_model_input
from explorer.training import image_check
from explorer.training.image_check import (
    _cropped,
    _draw,
    _view,
    fit_head,
    fit_image_check,
    letterboxed,
)
from explorer.training.other_radiographs import PARTS, other_radiographs
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


def test_films_are_called_by_what_was_done_to_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bright top edge: turned left it is at the left, upside down at the bottom."""
    monkeypatch.setattr(image_check, "_SHARE_CROPPED", 0.0)
    image = np.zeros((64, 48), np.uint8)
    image[:8] = 255
    edges: dict[str, tuple[slice, ...]] = {
        "frontal": np.s_[:8, :],
        "rotated left": np.s_[:, :8],
        "rotated right": np.s_[:, -8:],
        "upside down": np.s_[-8:, :],
        "inverted": np.s_[8:, :],
    }
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(300):
        picture, kind = _draw(rng, frontal=[image], lateral=[], strange=[image // 2])
        seen.add(kind)
        if kind in edges:
            assert picture[edges[kind]].min() == 255, kind
    assert seen == {*edges, "not a chest radiograph"}
    assert seen | {"lateral"} == set(IMAGE_KINDS)


def test_cropped_films_keep_their_middle() -> None:
    rng = np.random.default_rng(1)
    image = np.zeros((100, 80), np.uint8)
    image[30:65, 20:60] = 255
    shapes = set()
    for _ in range(50):
        part = _cropped(image, rng)
        shapes.add(part.shape)
        assert int((part == 255).sum()) == 35 * 40
    assert len(shapes) > 20


@pytest.mark.parametrize("shape", [(300, 300), (200, 400), (400, 120), (40, 60), (7, 300)])
def test_films_are_framed_as_they_are_when_served(shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    frame = fit_frame(shape, input_shape=(64, 64), grid_shape=(8, 8))
    served = to_model_input(image.astype(np.float32), frame, pad_value=np.nan)
    pixels, inside = letterboxed(image, 64)
    np.testing.assert_array_equal(inside, ~np.isnan(served))
    if max(shape) > 64:
        np.testing.assert_allclose(pixels[inside], served[inside], atol=0.01)
    assert (pixels[~inside] == 0).all()


def test_views_are_standardised_over_the_film_and_not_over_its_padding() -> None:
    image = np.random.default_rng(0).integers(60, 200, (60, 200)).astype(np.uint8)
    view = _view(image, np.random.default_rng(3), 64)
    inside = view != 0
    assert view.shape == (64, 64)
    assert not inside[:20].any()
    assert abs(float(view[inside].mean())) < 0.05
    assert float(view[inside].std()) == pytest.approx(1, abs=0.05)


def test_views_of_a_seed_repeat_and_leave_the_global_generators_alone() -> None:
    image = np.random.default_rng(0).integers(0, 256, (90, 70)).astype(np.uint8)
    for draw in range(5):
        one, two = (_view(image, np.random.default_rng(draw), 64) for _ in range(2))
        np.testing.assert_array_equal(one, two)


def test_the_head_of_a_seed_repeats_whatever_was_drawn_before() -> None:
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32))
    y = torch.arange(60) % len(IMAGE_KINDS)
    weights = []
    for other in (1, 2):
        torch.manual_seed(other)
        head = nn.Sequential(nn.BatchNorm1d(5, affine=False), nn.Linear(5, len(IMAGE_KINDS)))
        state = torch.get_rng_state()
        fit_head(head, x, y, epochs=3, seed=4)
        assert torch.equal(torch.get_rng_state(), state)
        weights.append(head[1].weight.detach().clone())  # type: ignore[operator]
    assert torch.equal(weights[0], weights[1])


def test_the_head_learns_and_the_towers_stay() -> None:
    """Left-right ramps against noise: a linear head on untrained towers can tell them."""
    model = tiny_model.model()
    before = {k: v.clone() for k, v in model.image_encoder.state_dict().items()}
    y, x = np.mgrid[:64, :64]
    film = np.clip(80 + 2 * y + 30 * np.sin(x / 9), 0, 255).astype(np.uint8)
    noise = [np.random.default_rng(i).integers(0, 256, (64, 64)).astype(np.uint8) for i in range(4)]
    fit = functools.partial(fit_image_check, model, frontal=[film], lateral=[], strange=noise)
    assert fit(views=80, epochs=40) > 1.5 / len(IMAGE_KINDS)
    assert not model.image_check.training
    after = model.image_encoder.state_dict()
    assert all(torch.equal(before[k], after[k]) for k in before)


def test_drawn_radiographs_repeat_by_seed_and_are_of_every_part() -> None:
    one, two = (other_radiographs(len(PARTS), seed=3) for _ in range(2))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.dtype == np.uint8
        assert 256 in a.shape
        assert np.ptp(a) > 60
    assert {"hand", "pelvis", "skull", "panoramic", "bitewing", "neck"} <= set(PARTS)
    assert any(
        a.shape != b.shape or not np.array_equal(a, b)
        for a, b in zip(one, other_radiographs(len(PARTS), seed=4), strict=True)
    )


@pytest.mark.parametrize("kinds", [IMAGE_KINDS])
def test_the_kinds_are_those_of_the_records(kinds: tuple[str, ...]) -> None:
    assert kinds[0] == "frontal"
    assert kinds[-1] == "not a chest radiograph"
