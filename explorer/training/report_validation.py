"""Do sentences find their own image? To watch a training on images with reports."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from explorer.encoders.alignment import LocalAlignmentModel
from explorer.training.calibrate import patch_grids, phrase_embeddings
from explorer.training.samples import TrainingStudy

_MOST_STUDIES = 300


def report_ranking(
    model: LocalAlignmentModel,
    studies: Sequence[TrainingStudy],
    phrase_vectors: Callable[[Sequence[str]], Tensor],
) -> float:
    """Share of (phrase, other image) pairs in which the phrase scores higher on its own image.

    Other images are those whose words leave no room for what the phrase mentions; chance is .5.

    Returns:
        Mean over phrases; NaN where there is no such pair.
    """
    told = [study for study in studies if study.sentences][:_MOST_STUDIES]
    if len(told) < 2:
        return float("nan")
    grids = patch_grids(model, told)
    shares = []
    for number, study in enumerate(told):
        phrases = phrase_embeddings(model, phrase_vectors, [p.text for p in study.sentences])
        with torch.inference_mode():
            scores = torch.cat([model.pooled(model.logits(g[None], phrases)) for g in grids])
        for phrase, column in zip(study.sentences, scores.T, strict=True):
            others = [
                n
                for n, other in enumerate(told)
                if not other.may_show(phrase.groups) and not other.shares_report(study)
            ]
            if others:
                shares.append(float((column[number] > column[others]).float().mean()))
    return float(np.mean(shares)) if shares else float("nan")
