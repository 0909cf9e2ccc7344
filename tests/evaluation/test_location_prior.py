"""The location prior: averages by hand, and the figures it reaches on the real boxes."""

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from explorer.entities import Box
from explorer.evaluation.grounding import box_mask, miou, pointing_game_hit, signed_cnr
from explorer.evaluation.location_prior import bundled_prior, location_prior, prior_image
from explorer.evaluation.protocols.nih_boxes import (
    NAMES,
    BoxedImage,
    read_tables,
    samples_of,
    select_split,
)

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"


def image_of(box: Box, *, shape=(4, 4), finding="Mass") -> BoxedImage:
    return BoxedImage("a.jpg", "train", "p", shape, ((finding, box),))


def test_prior_is_the_share_of_boxes_that_touch_a_cell():
    prior = location_prior([image_of(Box(0, 0, 2, 2)), image_of(Box(1, 0, 2, 4))], side=4)
    assert prior["Mass"].tolist() == [
        [0.5, 1.0, 0, 0],
        [0.5, 1.0, 0, 0],
        [0, 0.5, 0, 0],
        [0, 0.5, 0, 0],
    ]


def test_prior_is_normalised_by_image_size():
    small = location_prior([image_of(Box(0, 0, 2, 2), shape=(4, 4))], side=4)
    large = location_prior([image_of(Box(0, 0, 100, 50), shape=(100, 200))], side=4)
    assert_allclose(small["Mass"], large["Mass"])


def test_prior_stretches_over_an_image_of_any_shape():
    prior = np.array([[0.0, 1.0], [0.0, 1.0]], np.float32)
    image = prior_image(prior, image_shape=(3, 8))
    assert image.shape == (3, 8)
    assert_allclose(image[1], [0, 0, 0.125, 0.375, 0.625, 0.875, 1, 1], atol=1e-6)


def test_bundled_prior_holds_a_share_for_each_of_the_eight_findings():
    prior = bundled_prior()
    assert sorted(prior) == sorted(NAMES)
    for values in prior.values():
        assert values.shape == (32, 32)
        assert 0 <= values.min() < values.max() <= 1
    # The patient's left is on the right side of the image: so is most of a large heart.
    assert prior["Cardiomegaly"][:, 16:].sum() > prior["Cardiomegaly"][:, :16].sum()


@pytest.mark.data
def test_prior_reaches_the_known_figures_on_the_validation_split():
    if not DATA.exists():
        pytest.skip("needs the real radiographs in ../shared/data")
    images = read_tables(DATA / "radiographs.csv", DATA / "boxes.csv")
    by_finding: dict[str, list[tuple[float, float, float]]] = {}
    prior = location_prior(image for image in images if image.split == "train")
    for image in select_split(images, "val"):
        for sample in samples_of(image, kind="plain"):
            mask = box_mask(sample.boxes, image_shape=image.image_shape)
            values = prior_image(prior[sample.finding], image_shape=image.image_shape)
            by_finding.setdefault(sample.finding, []).append(
                (pointing_game_hit(values, mask), signed_cnr(values, mask), miou(values, mask))
            )
    macro = np.mean([np.mean(scores, axis=0) for scores in by_finding.values()], axis=0)
    # On another half of the patients the same prior is known to reach .357, 1.24 and .151.
    assert_allclose(macro, [0.379, 1.228, 0.150], atol=0.001)
