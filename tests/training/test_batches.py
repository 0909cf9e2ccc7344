"""One step's phrases: placed, mirrored with their words, and safe where they are negatives."""

import re

import numpy as np
import pytest

from explorer.text import negated
from explorer.training.batches import NOWHERE, Batch, make_batch
from explorer.training.samples import TrainingStudy

from .studies import labelled_study, square_study


def batch(*studies: TrainingStudy, seed: int = 0, mirror: float = 0.0) -> Batch:
    rng = np.random.default_rng(seed)
    return make_batch(studies, rng, side=64, grid=8, mirror=mirror)


def batches(*studies: TrainingStudy, mirror: float = 0.0, count: int = 30) -> list[Batch]:
    return [batch(*studies, seed=seed, mirror=mirror) for seed in range(count)]


def test_arrays_of_a_batch_fit_together() -> None:
    found = batch(square_study(), labelled_study("Effusion"), labelled_study())
    phrases = len(found.phrases)
    assert found.pixels.shape == (3, 1, 64, 64)
    assert found.masks.shape == (phrases, 8, 8)
    assert found.owner.shape == found.weight.shape == (phrases,)
    assert found.safe.shape == (3, phrases)
    assert all(0 <= image < 3 and 0 <= p < phrases for image, p, _ in found.weak)
    placed = found.weight > 0
    assert placed.any()
    assert (found.masks[placed].max((1, 2)) > 0.05).all()
    assert (found.masks[~placed & (found.elsewhere == 0)] == 0).all()


def test_the_same_seed_gives_the_same_batch() -> None:
    studies = (square_study(), labelled_study("Effusion"))
    one, two = batch(*studies, seed=5), batch(*studies, seed=5)
    assert one.phrases == two.phrases
    np.testing.assert_array_equal(one.pixels, two.pixels)
    np.testing.assert_array_equal(one.safe, two.safe)


@pytest.mark.parametrize(
    ("shown", "label", "negative"),
    [
        ("Mass", "Mass", False),
        ("Mass", "Nodule", False),  # the same group
        ("Pneumonia", "Infiltrate", False),
        ("Pneumonia", "Atelectasis", False),  # related groups
        ("Effusion", "Atelectasis", False),
        ("Mass", "Pneumothorax", True),
        ("Cardiomegaly", "Effusion", True),
    ],
)
def test_a_finding_is_negative_only_where_nothing_alike_may_be(
    shown: str, label: str, negative: bool
) -> None:
    other = labelled_study(label)
    for found in batches(square_study(shown, labels=frozenset({shown})), other, count=8):
        for p in np.flatnonzero(found.weight > 0):
            assert found.safe[0, p] == 0  # never in its own image
            assert bool(found.safe[1, p] > 0) is negative, (found.phrases[p], label)


def test_an_image_without_labels_denies_no_finding() -> None:
    unknown = labelled_study(known=False)
    for found in batches(square_study(), unknown, count=8):
        assert (found.safe[1, found.weight > 0] == 0).all()
        assert not [w for w in found.weak if w[0] == 1]


def test_phrases_in_no_image_are_safe_everywhere_and_own_nothing() -> None:
    for found in batches(square_study(), labelled_study("Mass"), count=8):
        nowhere = found.owner == NOWHERE
        assert nowhere.sum() >= 4
        assert (found.safe[:, nowhere] == 1).all()
        assert (found.weight[nowhere] == 0).all()


def test_labels_are_asked_for_and_the_absent_ones_are_not_alike() -> None:
    asked = [
        (found.phrases[p], present)
        for found in batches(labelled_study("Effusion"), count=20)
        for _, p, present in found.weak
    ]
    assert {present for _, present in asked} == {True, False}
    alike = re.compile("effusion|pleural|costophrenic|atelecta|volume loss|edema|collapse")
    assert [text for text, present in asked if not present and alike.search(text)] == []


@pytest.mark.parametrize(
    ("mirror", "side", "other"), [(0.0, "right", "left"), (1.0, "left", "right")]
)
def test_a_mirrored_image_swaps_the_side_in_its_phrase(
    mirror: float, side: str, other: str
) -> None:
    """The square lies in the right lung, at the left edge; mirrored, it must be called left."""
    sides = set()
    for found in batches(square_study(), mirror=mirror):
        for p in np.flatnonzero(found.weight > 0):
            sides |= set(re.findall(r"\b(right|left)\b", found.phrases[p]))
            column = (found.masks[p].sum(0) * (np.arange(8) + 0.5)).sum() / found.masks[p].sum()
            assert bool(column < 4) is (mirror == 0.0)
    assert sides == {side}
    assert other not in sides


def test_written_phrases_are_mirrored_as_well() -> None:
    study = square_study(texts=("dense mass in the right mid lung",), exact=True)
    for found in batches(study, mirror=1.0, count=5):
        placed = [found.phrases[p] for p in np.flatnonzero(found.weight > 0)]
        assert placed == ["dense mass in the left mid lung"]


def test_the_swapped_phrase_is_absent_from_its_own_image_only_with_little_trust() -> None:
    """Boxes may be incomplete: the other side is weighted .3; in a phantom it is certain."""
    for exact, weight in ((False, 0.3), (True, 1.0)):
        study = square_study(texts=("right mass",), exact=exact)
        swapped = [
            (found.safe[0, p], found.weight[p])
            for found in batches(study)
            for p, text in enumerate(found.phrases)
            if text == "left mass"
        ]
        assert swapped
        assert all(safe == pytest.approx(weight) and placed == 0 for safe, placed in swapped)


def test_a_denied_phrase_is_in_no_image() -> None:
    denial = negated("right mass")
    found = batches(square_study(texts=("right mass",)))
    owners = {b.owner[p] for b in found for p, text in enumerate(b.phrases) if text == denial}
    assert owners == {NOWHERE}


def test_a_swapped_phrase_aims_at_the_same_height_of_the_other_half() -> None:
    """The square lies in the image's left half, rows 160 to 256 of 448: rows 2.9 to 4.6 of 8."""
    found = batches(square_study(column=48, exact=True))
    led = [(b, p) for b in found for p in np.flatnonzero(b.elsewhere > 0)]
    assert led
    for b, p in led:
        assert "left" in b.phrases[p]
        assert b.weight[p] == 0
        assert (b.masks[p][:, :4] == 0).all()
        assert b.masks[p][:, 4:].max() == 1
        assert b.masks[p][0].max() == b.masks[p][7].max() == 0


def test_what_reaches_over_the_middle_has_no_other_side() -> None:
    assert not any((b.elsewhere > 0).any() for b in batches(square_study(column=176)))
