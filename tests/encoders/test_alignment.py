"""LocalAlignmentModel: shapes, unit vectors, calibrated logits, and no image leaks into another."""

import pytest
import torch
from torch import Tensor

from explorer.encoders.alignment import (
    IMAGE_KINDS,
    LocalAlignmentConfig,
    LocalAlignmentModel,
)
from explorer.encoders.pooling import POOLING_NAMES
from explorer.encoders.text import tokenize

from .. import tiny_model  # noqa: TID252 - "tests" may be another package elsewhere

PHRASES = ["left mass", "no pleural effusion", "cardiomegaly"]
SIDE, GRID, DIMENSION = 64, 8, 12


@pytest.fixture(scope="module")
def model() -> LocalAlignmentModel:
    return tiny_model.model().requires_grad_(requires_grad=False)


def phrases(model: LocalAlignmentModel, texts: list[str]) -> Tensor:
    return model.encode_text(*tokenize(tiny_model.tokenizer(), texts))


def test_shapes_of_every_step(model: LocalAlignmentModel) -> None:
    patches, kinds = model.encode_image(tiny_model.images(2))
    text = phrases(model, PHRASES)
    logits = model.logits(patches, text)
    assert patches.shape == (2, GRID, GRID, DIMENSION)
    assert kinds.shape == (2, len(IMAGE_KINDS))
    assert text.shape == (3, DIMENSION)
    assert logits.shape == (2, 3, GRID, GRID)
    assert model.pooled(logits).shape == (2, 3)
    assert model.config.grid_size == GRID


def test_embeddings_have_unit_norm(model: LocalAlignmentModel) -> None:
    patches, _ = model.encode_image(tiny_model.images(2))
    for vectors in (patches, phrases(model, PHRASES)):
        norms = vectors.norm(dim=-1)
        torch.testing.assert_close(norms, torch.ones_like(norms))


def test_logits_are_cosines_scaled_and_shifted(model: LocalAlignmentModel) -> None:
    patches, _ = model.encode_image(tiny_model.images(1))
    text = phrases(model, PHRASES)
    by_hand = float(patches[0, 2, 5] @ text[1]) * float(model.log_scale.exp()) + float(model.bias)
    assert model.logits(patches, text)[0, 1, 2, 5].item() == pytest.approx(by_hand, abs=1e-5)


@pytest.mark.parametrize("name", POOLING_NAMES)
def test_only_the_pooling_of_training_gets_its_bias(model: LocalAlignmentModel, name: str) -> None:
    logits = torch.full((1, 1, GRID, GRID), -2.0)
    pooled = model.pooled(logits, pooling=name).item()
    if name == "log-sum-exp":  # the default: equal regions pool to themselves, plus the bias
        assert pooled == pytest.approx(-2.0 + float(model.pooled_bias), abs=1e-5)
        assert model.pooled(logits).item() == pooled
    elif name != "noisy-or":
        assert pooled == pytest.approx(-2.0, abs=1e-5)
    else:  # 64 regions that may each hold it
        assert pooled > -2.0


def test_a_batch_of_one_equals_its_row_in_a_batch(model: LocalAlignmentModel) -> None:
    images = tiny_model.images(3)
    together, kinds = model.encode_image(images)
    alone, kind = model.encode_image(images[1:2])
    torch.testing.assert_close(alone, together[1:2], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(kind, kinds[1:2], atol=1e-3, rtol=1e-3)


def test_reordering_images_and_phrases_reorders_the_maps(model: LocalAlignmentModel) -> None:
    images, turn = tiny_model.images(3), [2, 0, 1]
    logits = model.logits(model.encode_image(images)[0], phrases(model, PHRASES))
    turned = model.logits(
        model.encode_image(images[turn])[0], phrases(model, [PHRASES[i] for i in turn])
    )
    torch.testing.assert_close(turned, logits[turn][:, turn], atol=1e-3, rtol=1e-3)


def test_images_and_phrases_make_a_difference(model: LocalAlignmentModel) -> None:
    """An untrained map still depends on both, so the checks above are not about constants."""
    logits = model.logits(model.encode_image(tiny_model.images(2))[0], phrases(model, PHRASES))
    assert (logits[0] - logits[1]).abs().max() > 0.1
    assert (logits[:, 0] - logits[:, 1]).abs().max() > 0.1


def test_the_image_check_does_not_bend_the_towers() -> None:
    model = tiny_model.model()
    _, kinds = model.encode_image(tiny_model.images(1))
    kinds.sum().backward()
    assert all(p.grad is None for p in model.image_encoder.parameters())
    assert model.image_check[1].weight.grad is not None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image_size": 100}, "positive multiple of 32, got 100"),
        ({"image_size": 0}, "positive multiple of 32, got 0"),
        ({"pooling": "sum"}, "Unknown pooling 'sum'"),
    ],
)
def test_impossible_shapes_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LocalAlignmentConfig(**changes)  # type: ignore[arg-type]
