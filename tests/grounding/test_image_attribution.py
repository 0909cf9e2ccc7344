"""Attribution of a score to pixels, on models whose score can be taken apart by hand."""

from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from explorer.entities import ModelFrame
from explorer.grounding.image_attribution import (
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
    assert model.calls == 1 + 10  # the film, then ten windows a batch


def test_grad_cam_weighs_channels_by_their_mean_gradient(image: np.ndarray) -> None:
    model = Linear()
    found = attribute_image(model, image, PHRASE, way="layer Grad-CAM")
    patches = model.patches_with_gradient(model.on_device([image]))[0, ..., 0].numpy()
    assert found.values.shape == (4, 4)
    assert_allclose(found.values, np.maximum(patches, 0), rtol=1e-5)  # gradient of channel 0 is 1


@pytest.mark.parametrize("way", list(WAYS))
def test_every_call_of_the_model_is_made_inside_a_turn(way: str, image: np.ndarray) -> None:
    inside = []

    @contextmanager
    def turn() -> Any:
        inside.append(model.calls)
        yield

    model = Linear()
    attribute_image(model, image, PHRASE, way=way, around=turn)
    assert model.calls == len(inside)


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
