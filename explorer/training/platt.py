"""Scale and biases for objectives that learn cosines only, so that scores mean something (Platt).

Fitted on training studies after the towers, which stay as they are: how often does a patch of this
cosine lie inside the mask of a phrase that is true, and how often is a phrase with this pooled
cosine true of the image. Where no study has masks, the second question answers both.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from explorer.encoders.alignment import LocalAlignmentModel
from explorer.training.augment import plain_view
from explorer.training.calibrate import patch_grids, phrase_embeddings
from explorer.training.samples import TrainingStudy
from explorer.training.told import told

_STEPS = 60  # of L-BFGS
_LEAST_LOG_SCALE, _LARGEST_LOG_SCALE = -1.0, 4.6  # scales of .37 to 100
_PHRASES_EACH = 4  # of a study


@dataclass(frozen=True, slots=True)
class Asked:
    """A phrase that is true of a study; mask (G, G) where it has a place."""

    text: str
    study: int
    groups: frozenset[str]
    mask: Tensor | None


def fit_scores(
    model: LocalAlignmentModel,
    studies: Sequence[TrainingStudy],
    memory: Callable[[Sequence[str]], Tensor],
    *,
    seed: int = 0,
) -> dict[str, float]:
    """Fit `log_scale`, `bias` and `pooled_bias` of the model in place.

    Args:
        model: With trained towers.
        studies: Training studies with findings or reports.
        memory: Of the text tower.
        seed: Of the phrases that are asked.

    Returns:
        Scale, bias and pooled bias.
    """
    asked = _questions(model, studies, np.random.default_rng(seed))
    grids = patch_grids(model, studies)
    phrases = phrase_embeddings(model, memory, [a.text for a in asked])
    with torch.inference_mode():
        cosines = torch.stack([torch.einsum("hwd,pd->phw", g, phrases) for g in grids])
    true = torch.zeros(len(studies), len(asked))
    true[[a.study for a in asked], range(len(asked))] = 1
    false = torch.tensor(
        [[float(not study.may_show(a.groups)) for a in asked] for study in studies]
    )
    _fit(model, cosines.clone(), asked, true=true, false=false)
    return {
        "scale": round(model.log_scale.exp().item(), 4),
        "bias": round(model.bias.item(), 4),
        "pooled_bias": round(model.pooled_bias.item(), 4),
    }


def _fit(
    model: LocalAlignmentModel,
    cosines: Tensor,
    asked: Sequence[Asked],
    *,
    true: Tensor,
    false: Tensor,
) -> None:
    placed = [i for i, a in enumerate(asked) if a.mask is not None]
    owners = [asked[i].study for i in placed]
    masks = torch.stack([a.mask for a in asked if a.mask is not None]) if placed else None
    parameters = [model.log_scale, model.bias, model.pooled_bias]
    before = [p.requires_grad for p in parameters]
    for parameter in parameters:
        parameter.requires_grad_()
    with torch.no_grad():
        model.bias.fill_(-2.0)
        model.log_scale.fill_(1.6)
        model.pooled_bias.zero_()
    optimizer = torch.optim.LBFGS(parameters, max_iter=_STEPS, line_search_fn="strong_wolfe")

    def cost() -> Tensor:
        optimizer.zero_grad()
        log_scale = model.log_scale.clamp(_LEAST_LOG_SCALE, _LARGEST_LOG_SCALE)
        logits = cosines * log_scale.exp() + model.bias
        loss = _image_loss(model.pooled(logits), true, false)
        if masks is not None:
            inside = F.binary_cross_entropy_with_logits(logits[owners, placed], masks)
            loss = loss + inside
        loss = loss + 1e-3 * (model.log_scale - 1.6).square()
        loss.backward()
        return loss

    optimizer.step(cost)
    with torch.no_grad():
        model.log_scale.clamp_(_LEAST_LOG_SCALE, _LARGEST_LOG_SCALE)
    for parameter, learned in zip(parameters, before, strict=True):
        parameter.grad = None
        parameter.requires_grad_(learned)


def _image_loss(pooled: Tensor, true: Tensor, false: Tensor) -> Tensor:
    """Cross-entropy of true and of surely false pairs, both kinds weighing the same."""
    positive = (F.softplus(-pooled) * true).sum() / true.sum().clamp(min=1)
    negative = (F.softplus(pooled) * false).sum() / false.sum().clamp(min=1)
    return (positive + negative) / 2


def _questions(
    model: LocalAlignmentModel, studies: Sequence[TrainingStudy], rng: np.random.Generator
) -> list[Asked]:
    asked = []
    for number, study in enumerate(studies):
        view = plain_view(study, side=model.config.image_size, grid=model.config.grid_size)
        places = [
            Asked(str(rng.choice(t.texts)), number, frozenset({t.group}), torch.from_numpy(mask))
            for t, mask in zip(study.targets, view.masks, strict=True)
            if t.texts
        ]
        said = [
            Asked(s.text, number, s.groups, None)
            for s in told(study.report)
            if s.groups and not s.denies
        ]
        rows = places or said
        asked += [rows[i] for i in rng.permutation(len(rows))[:_PHRASES_EACH]]
    return asked
