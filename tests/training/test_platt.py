"""Scores fitted after training: a patch inside its mask scores high, an absent phrase low."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from explorer.encoders.alignment import LocalAlignmentModel
from explorer.training import platt
from explorer.training.phrase_memory import PhraseMemory
from explorer.training.platt import Asked, fit_scores

from .. import tiny_model  # noqa: TID252 - "tests" may be another package elsewhere
from .studies import square_study


def fitted(cosines: Tensor, mask: Tensor | None) -> LocalAlignmentModel:
    """Two studies, a phrase each; `cosines` (2, 2, G, G)."""
    model = tiny_model.model()
    asked = [Asked("one", i, frozenset({"nodule"}), mask) for i in range(2)]
    eye = torch.eye(2)
    platt._fit(model, cosines, asked, true=eye, false=1 - eye)
    return model


def test_scores_after_the_fit_say_how_often_a_patch_lies_inside() -> None:
    """Cosine .5 inside and on one cell in four outside: that share is the score."""
    mask = torch.zeros(4, 4)
    mask[:2, :2] = 1
    cosines = torch.full((2, 2, 4, 4), -0.2)
    cosines[:, :, :2, :2] = 0.5
    cosines[:, :, 3, 3] = 0.5  # one outside for four inside
    cosines[0, 1] = cosines[1, 0] = -0.2
    model = fitted(cosines, mask)
    inside = torch.sigmoid(model.log_scale.exp() * 0.5 + model.bias)
    outside = torch.sigmoid(model.log_scale.exp() * -0.2 + model.bias)
    assert inside.item() == pytest.approx(0.8, abs=0.05)
    assert outside.item() < 0.05
    pooled = torch.sigmoid(model.pooled(cosines * model.log_scale.exp() + model.bias))
    assert pooled[0, 0] > 0.8
    assert pooled[0, 1] < 0.2


def test_without_masks_the_image_score_is_fitted_alone() -> None:
    cosines = torch.full((2, 2, 4, 4), -0.1)
    cosines[0, 0], cosines[1, 1] = 0.3, 0.3
    model = fitted(cosines, None)
    pooled = torch.sigmoid(model.pooled(cosines * model.log_scale.exp() + model.bias))
    assert pooled.diagonal().min() > 0.8
    assert pooled[0, 1] < 0.2


def test_the_towers_stay_and_the_answer_is_the_same_again() -> None:
    model = tiny_model.model()
    memory = PhraseMemory(model.text_encoder, tiny_model.tokenizer())
    before = {k: v.clone() for k, v in model.state_dict().items()}
    study = square_study(exact=True, labels=None, texts=("right mass", "mass"))
    other = square_study("Effusion", row=280, exact=True, labels=None, texts=("effusion",))
    figures = fit_scores(model, [study, replace(other)], memory)
    moved = {k for k, v in model.state_dict().items() if not torch.equal(v, before[k])}
    assert moved == {"log_scale", "bias", "pooled_bias"}
    assert fit_scores(model, [study, other], memory) == figures
