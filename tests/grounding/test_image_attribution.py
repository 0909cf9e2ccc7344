"""Attribution of a score to pixels, on models whose score can be taken apart by hand."""

from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from explorer.entities import ModelFrame
from explorer.grounding.image_attribution import (
    CALLS,
    WAYS,
    Attribution,
    attribute_image,
    in_cells,
    redrawn,
)

SIDE = 20
PHRASE = np.array([1.0, 0.0], np.float32)


class Linear:
    """The logit is a weighted sum of pixels: every way of sharing it out has one right answer."""

    def __init__(self) -> None:
        rows, columns = np.mgrid[:SIDE, :SIDE].astype(np.float32)
        self.weights = torch.from_numpy(rows - columns / 2)
        self.calls = 0

    def on_device(self, images: Any) -> torch.Tensor:
        return torch.from_numpy(np.stack(images))[:, None]

    def patches_with_gradient(self, images: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        weighted = (images[:, 0] * self.weights).unflatten(1, (4, 5)).unflatten(3, (4, 5))
        return torch.stack([weighted.sum((2, 4)), torch.ones(len(images), 4, 4)], -1)

    def film_logits(self, patches: torch.Tensor, vector: torch.Tensor) -> torch.Tensor:
        return (patches @ vector).sum((1, 2))

    def last_stage(self) -> Any:
        return None

    def turned_back(self, maps: torch.Tensor) -> torch.Tensor:
        return maps[0]


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(0).uniform(size=(SIDE, SIDE)).astype(np.float32)


def contributions(image: np.ndarray) -> np.ndarray:
    """What each pixel adds over uniform grey."""
    return (image - image.mean()) * Linear().weights.numpy()


@pytest.mark.parametrize("way", ["gradient x input", "integrated gradients"])
def test_of_a_linear_score_every_pixel_gets_its_own_term(way: str, image: np.ndarray) -> None:
    found = attribute_image(Linear(), image, PHRASE, way=way)
    assert_allclose(found.values, contributions(image), atol=1e-4)


def test_integrated_gradients_say_how_much_of_the_change_they_miss(image: np.ndarray) -> None:
    found = attribute_image(Linear(), image, PHRASE, way="integrated gradients")
    assert found.change == pytest.approx(contributions(image).sum(), abs=1e-3)
    assert found.delta == pytest.approx(0, abs=1e-2)
    assert attribute_image(Linear(), image, PHRASE, way="occlusion").delta is None


def test_occlusion_gives_each_window_what_is_lost_with_it(image: np.ndarray) -> None:
    model = Linear()
    found = attribute_image(model, image, PHRASE, way="occlusion")
    lost = contributions(image).reshape(10, 2, 10, 2).sum((1, 3))
    assert_allclose(found.values[::2, ::2], lost, atol=1e-3)
    assert model.calls == 1 + 25  # the film, then four windows a batch


def test_grad_cam_weighs_channels_by_their_mean_gradient(image: np.ndarray) -> None:
    model = Linear()
    found = attribute_image(model, image, PHRASE, way="layer Grad-CAM")
    patches = model.patches_with_gradient(model.on_device([image]))[0, ..., 0].numpy()
    assert found.values.shape == (4, 4)
    assert_allclose(found.values, np.maximum(patches, 0), rtol=1e-5)  # gradient of channel 0 is 1


class Staged(Linear):
    """Two channels at each of 2 x 2 cells; the patches are their squares, the logit a sum."""

    def __init__(self, grid: tuple[int, int] | None = None, *, views: int = 1) -> None:
        super().__init__()
        self.layer = torch.nn.Identity()
        self.grid, self.views = grid, views

    def last_stage(self) -> Any:
        return SimpleNamespace(layer=self.layer, grid=self.grid)

    def turned_back(self, maps: torch.Tensor) -> torch.Tensor:
        return maps[0] + maps[1].flip(-1) if self.views == 2 else maps[0]

    def patches_with_gradient(self, images: torch.Tensor) -> torch.Tensor:
        seen = torch.cat([images, images.flip(-1)]) if self.views == 2 else images
        cells = torch.nn.functional.avg_pool2d(seen, SIDE // 2)
        features = torch.cat([cells, 1 - cells], 1)  # (B, 2, 2, 2)
        if self.grid is None:
            features = self.layer(features)
        else:  # as tokens behind a first one that is no place
            tokens = features.flatten(2).transpose(1, 2)
            first = torch.full_like(tokens[:, :1], 9.0)
            tokens = self.layer(torch.cat([first, tokens], 1))[:, 1:]
            features = tokens.transpose(1, 2).unflatten(2, self.grid)
        own = features[: len(images)]
        if self.views == 2:
            own = own + features[len(images) :].flip(-1)
        return own.square().movedim(1, -1)


QUARTERS = np.kron(np.array([[0.5, 0.0], [0.25, 1.0]]), np.ones((10, 10))).astype(np.float32)


@pytest.mark.parametrize("grid", [None, (2, 2)])
def test_grad_cam_weighs_the_last_stage_of_the_tower_in_maps_or_tokens(grid: Any) -> None:
    found = attribute_image(Staged(grid), QUARTERS, PHRASE, way="layer Grad-CAM")
    # Patches are a squared, so a cell's gradient is 2 a; its mean over (.5, 0, .25, 1) is .875.
    assert_allclose(found.values, 0.875 * np.array([[0.5, 0.0], [0.25, 1.0]]), rtol=1e-5)
    assert found.unit == "weight of the 2 x 2 cells of the last stage, no unit"


def test_grad_cam_differs_from_the_map_that_the_patches_make() -> None:
    both = np.array([1.0, 1.0], np.float32)
    model = Staged()
    found = attribute_image(model, QUARTERS, both, way="layer Grad-CAM").values
    similarity = model.patches_with_gradient(model.on_device([QUARTERS]))[0].numpy() @ both
    # a squared + (1 - a) squared is lowest in the middle; .875 a + 1.125 (1 - a) falls with a.
    assert_allclose(similarity, [[0.5, 1.0], [0.625, 1.0]], rtol=1e-5)
    assert_allclose(found, [[1.0, 1.125], [1.0625, 0.875]], rtol=1e-5)


def test_grad_cam_of_a_tower_that_sees_the_mirror_image_turns_its_map_back() -> None:
    found = attribute_image(Staged(views=2), QUARTERS, PHRASE, way="layer Grad-CAM")
    # Both views agree, so each weighs twice the gradient, and they add up.
    assert_allclose(found.values, 4 * 0.875 * np.array([[0.5, 0.0], [0.25, 1.0]]), rtol=1e-5)


@pytest.mark.parametrize("way", list(WAYS))
def test_every_call_of_the_model_is_made_inside_a_turn(way: str, image: np.ndarray) -> None:
    inside = []

    @contextmanager
    def turn() -> Any:
        inside.append(model.calls)
        yield

    model = Linear()
    attribute_image(model, image, PHRASE, way=way, around=turn)
    assert model.calls == len(inside) == CALLS[way]


def test_an_unknown_way_is_named_with_those_there_are(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"Unknown way 'lime'. Available: gradient x input"):
        attribute_image(Linear(), image, PHRASE, way="lime")


def test_cells_keep_the_sum() -> None:
    values = np.random.default_rng(1).normal(size=(90, 60)).astype(np.float32)
    frame = ModelFrame((90, 60), (90, 60), (9, 6), 1.0, 1.0, 0.0, 0.0)
    cells, placed = in_cells(Attribution(values, "logits"), frame)
    assert cells.shape == placed.grid_shape == (20, 20)
    assert cells.sum() == pytest.approx(values.sum(), abs=1e-2)
    small, placed = in_cells(Attribution(values[:4, :4], "logits"), frame)
    assert_allclose(small, values[:4, :4])


class TwoLayers:
    """An engine with an image tower of two layers, and a text tower that no image goes through."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.tower = torch.nn.Sequential(torch.nn.Conv2d(1, 3, 5), torch.nn.Conv2d(3, 2, 1))
        self.text = torch.nn.Linear(4, 4)

    def on_device(self, images: Any) -> torch.Tensor:
        return torch.from_numpy(np.stack(images))[:, None]

    def patches_with_gradient(self, images: torch.Tensor) -> torch.Tensor:
        return self.tower(images).permute(0, 2, 3, 1)

    def film_logits(self, patches: torch.Tensor, vector: torch.Tensor) -> torch.Tensor:
        return (patches @ vector).mean((1, 2))


def weights(engine: TwoLayers) -> list[np.ndarray]:
    layers = (*engine.tower, engine.text)
    return [layer.weight.detach().numpy().copy() for layer in layers]


def test_layers_are_drawn_anew_from_the_top_in_a_copy(image: np.ndarray) -> None:
    engine = TwoLayers()
    before = weights(engine)
    for share, changed in ((0.5, [False, True, False]), (1.0, [True, True, False])):
        other = weights(redrawn(engine, image, share=share, seed=3))
        same = [np.array_equal(a, b) for a, b in zip(before, other, strict=True)]
        assert [not equal for equal in same] == changed
        again = weights(redrawn(engine, image, share=share, seed=3))
        assert all(np.array_equal(a, b) for a, b in zip(other, again, strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(before, weights(engine), strict=True))
