"""Calibration: the threshold is what one null map in twenty reaches, and never below the floor."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from explorer.encoders.alignment import LocalAlignmentModel
from explorer.training.calibrate import (
    brighten,
    calibrate,
    patch_grids,
    phrase_embeddings,
    pointing_game,
)
from explorer.training.phrase_memory import PhraseMemory

from .. import tiny_model  # noqa: TID252 - "tests" may be another package elsewhere
from .studies import square_study

DIMENSION = 12


@pytest.fixture
def model() -> LocalAlignmentModel:
    """Scores are sigmoid(4 * cosine); phrase vectors are embeddings already."""
    made = tiny_model.model()
    made.phrase_projection = nn.Identity()  # type: ignore[assignment]
    with torch.no_grad():
        made.log_scale.fill_(np.log(4.0))
        made.bias.fill_(0.0)
    return made


def grids_with_peaks(cosines: np.ndarray) -> Tensor:
    """One 2 x 2 grid a value: a patch with that cosine to the first axis, the others at -1."""
    grids = torch.zeros(len(cosines), 2, 2, DIMENSION)
    grids[..., 0] = -1
    grids[:, 1, 0, 0] = torch.from_numpy(cosines).float()
    return grids


NULL = torch.eye(DIMENSION)[:1]


def test_the_threshold_is_the_95th_percentile_of_null_peaks(model: LocalAlignmentModel) -> None:
    cosines = np.linspace(-0.5, 0.5, 101)
    found = calibrate(model, grids_with_peaks(cosines), NULL, floor=0.0)
    peaks = 1 / (1 + np.exp(-4 * cosines))
    assert found["threshold"] == pytest.approx(1 / (1 + np.exp(-4 * 0.45)), abs=1e-4)
    assert (peaks > found["threshold"]).mean() == pytest.approx(0.05, abs=0.01)


def test_the_threshold_never_falls_below_the_floor(model: LocalAlignmentModel) -> None:
    dark = grids_with_peaks(np.full(5, -0.9))
    assert calibrate(model, dark, NULL)["threshold"] == 0.25
    assert calibrate(model, dark, NULL, floor=0.4)["threshold"] == 0.4


def test_pointing_counts_maps_whose_maximum_lies_inside(model: LocalAlignmentModel) -> None:
    """The square covers rows 2.9-4.6 and columns 1.1-2.9 of eight: cell (3, 2) is inside."""
    study = square_study()
    inside, outside = torch.zeros(2, 8, 8, DIMENSION)
    inside[3, 2, 0] = outside[6, 6, 0] = 1.0
    found = pointing_game(
        model,
        torch.stack([inside, outside]),
        [study, study],
        {"mass": torch.eye(DIMENSION)[0]},
        [["mass"], ["mass"]],
    )
    assert found == 0.5


def test_patch_grids_are_those_of_the_model_in_any_batch_size() -> None:
    model = tiny_model.model()
    studies = [square_study(), square_study(row=40), square_study(column=300)]
    found = patch_grids(model, studies, batch=2)
    assert found.shape == (3, 8, 8, DIMENSION)
    torch.testing.assert_close(found.norm(dim=-1), torch.ones(3, 8, 8))
    one = patch_grids(model, studies[2:], batch=1)
    assert (found[2:] * one).sum(-1).mean() > 0.99


def test_brightening_shifts_the_scores_until_they_cover_the_mask(
    model: LocalAlignmentModel,
) -> None:
    """Inside cosine 0 and outside -1 at scale 4 and bias -1: scores .27 and .007.

    Thresholds .1 and .2 of five are passed; a shift of 1 gives .5 and .018: .1 to .4 are; of 1.25
    gives .56: all five, and no cell outside is above .1.
    """
    study = square_study()
    grid = torch.zeros(1, 8, 8, DIMENSION)
    grid[..., 0] = -1
    grid[0, 3:5, 1:3, 0] = 0
    with torch.no_grad():
        model.bias.fill_(-1.0)
        pooled = model.pooled(model.logits(grid, torch.eye(DIMENSION)[:1]))
    shift = brighten(model, grid, [study], {"mass": torch.eye(DIMENSION)[0]}, [["mass"]])
    assert shift == 1.25
    assert model.bias.item() == pytest.approx(0.25)
    torch.testing.assert_close(model.pooled(model.logits(grid, torch.eye(DIMENSION)[:1])), pooled)


def test_looking_twice_doubles_patches_and_phrases_alike() -> None:
    model = tiny_model.model(mirror=True)
    grids = patch_grids(model, [square_study()])
    memory = PhraseMemory(model.text_encoder, tiny_model.tokenizer())
    vectors = phrase_embeddings(model, memory, ["mass", "left lung mass"])
    assert grids.shape == (1, 8, 8, 2 * DIMENSION)
    assert vectors.shape == (2, 2 * DIMENSION)
    torch.testing.assert_close(vectors[0, :DIMENSION], vectors[0, DIMENSION:])
    assert not torch.allclose(vectors[1, :DIMENSION], vectors[1, DIMENSION:])
