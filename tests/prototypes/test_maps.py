"""What maps say: modality gap, doubt, density, and two maps laid over each other."""

import math
from dataclasses import replace

import numpy as np
import pytest

from explorer.embeddings import unit
from explorer.errors import PrototypeError
from explorer.pipeline.prototype_maps import compare_maps, moves_document
from explorer.prototypes.density import density
from explorer.prototypes.doubt import doubts
from explorer.prototypes.modality import close_gap, modality_gaps
from explorer.prototypes.moved import moves_of
from explorer.prototypes.records import Clustering, Points
from explorer.prototypes.rooms import furnish


def clustered(points: Points, assignments: list[int]) -> Clustering:
    numbers = np.array(assignments, np.int32)
    return Clustering(
        "kmeans", "regions", {}, 0, "tiny", points.origin, numbers, furnish(points, numbers)
    )


def test_the_gap_is_the_distance_of_the_centroids() -> None:
    films = np.array([[1, 0, 0], [0, 1, 0]], np.float32)  # centroid (.5, .5, 0)
    sentences = np.array([[0, 0, 1], [0, 0, 1]], np.float32)  # centroid (0, 0, 1)
    (gap,) = modality_gaps({"films": films, "sentences": sentences})
    assert gap.distance == pytest.approx(math.sqrt(0.25 + 0.25 + 1))
    assert gap.spread == pytest.approx((math.sqrt(0.5) + 0) / 2)
    assert gap.own == 1.0
    assert "far on the map says little" in gap.words


def test_kinds_that_lie_together_have_no_gap() -> None:
    rng = np.random.default_rng(0)
    one, two = (unit(rng.normal(size=(400, 3)).astype(np.float32)) for _ in range(2))
    (gap,) = modality_gaps({"films": one, "sentences": two})
    assert gap.distance < 0.15
    assert 0.4 < gap.own < 0.7
    assert "The kinds mix" in gap.words


def test_a_closed_gap_leaves_no_distance() -> None:
    rng = np.random.default_rng(0)
    cones = [unit((rng.normal(size=(200, 4)) + at).astype(np.float32)) for at in (3, -3)]
    assert modality_gaps(dict(zip("ab", cones, strict=True)))[0].distance > 1.5
    closed = close_gap(cones)
    assert modality_gaps(dict(zip("ab", closed, strict=True)))[0].distance < 0.2


def test_doubt_is_one_between_two_prototypes_and_nothing_at_a_centre(points: Points) -> None:
    # Two points of a prototype on each axis; the last one lies like the second two.
    vectors = np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 1, 0.5]], np.float32)
    few = replace(
        points, ids=points.ids[:5], vectors=np.pad(vectors, ((0, 0), (0, 1))),
        films=points.films[:5], boxes=points.boxes[:5], places=None,
        findings=points.findings[:5], texts=points.texts[:5], views=points.views[:5],
    )  # fmt: skip
    found = doubts(few, clustered(few, [0, 0, 1, 1, -1]))
    assert found[:4] == pytest.approx([0, 0, 0, 0], abs=1e-3)
    assert math.isnan(found[4])
    both = clustered(few, [0, 0, 1, 1, 0])
    shared = doubts(few, both)
    assert shared[4] == 1.0  # nearer to the other than to its own: never above 1
    near, far = (np.linalg.norm(few.centred[0] - p.centre) for p in both.prototypes)
    assert shared[0] == pytest.approx(near / far)
    assert np.isnan(doubts(few, clustered(few, [0] * 5))).all()


def test_density_counts_every_point_once() -> None:
    plane = np.array([[0, 0], [0, 0], [2, 0], [2, 4]], np.float32)
    found = density(plane, cells=2)
    assert found.counts.tolist() == [[2, 1], [0, 1]]  # rows are y, upwards
    assert found.x.tolist() == [0.5, 1.5]
    assert found.y.tolist() == [1.0, 3.0]


def test_a_map_that_is_turned_mirrored_and_scaled_is_the_same_map() -> None:
    rng = np.random.default_rng(1)
    vectors = unit(rng.normal(size=(40, 5)).astype(np.float32))
    plane = vectors[:, :2]
    turned = 3 * plane @ np.array([[0, 1], [1, 0]], np.float32) + 7  # a mirror
    found = moves_of((vectors, plane), (vectors, turned))
    assert found.disparity == pytest.approx(0, abs=1e-6)
    assert found.overlap == 1.0


def test_the_point_that_moved_comes_first_with_the_neighbours_it_lost() -> None:
    angle = np.linspace(0, 3, 30)
    vectors = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    other = vectors.copy()
    other[4] = vectors[27]
    found = moves_of((vectors, vectors), (other, other), near=3)
    assert found.order[0] == 4
    assert found.relative[4] > 5
    assert found.kept[4] == 0
    assert found.kept[15] == 1
    assert found.overlap == pytest.approx(found.kept.mean())


def test_maps_are_compared_over_the_films_and_words_that_both_have(points: Points) -> None:
    # Regions of the other checkpoint have other ids and another order; one is missing.
    order = [*range(11, 5, -1), *range(5)]
    other = replace(
        points, space_id="other", ids=tuple(f"other{k}" for k in order),
        vectors=points.vectors[order], films=tuple(points.films[k] for k in order),
        boxes=points.boxes[:11], places=None, findings=points.findings[:11],
        texts=tuple(points.texts[k] for k in order), views=points.views[:11],
    )  # fmt: skip
    found = compare_maps(points, other, near=2)
    assert (len(found.rows), found.only_here, found.only_there) == (11, 1, 0)
    assert found.moves.overlap == 1.0
    document = moves_document(found, count=2)
    assert len(document["movers"]) == 2
    assert document["neighbour_overlap_at_2"] == 1.0
    with pytest.raises(PrototypeError, match="of the same checkpoint"):
        compare_maps(points, points)


def test_too_few_points_and_a_map_of_one_place_are_refused() -> None:
    two, three = np.eye(2, dtype=np.float32), np.eye(3, dtype=np.float32)
    with pytest.raises(PrototypeError, match="at least 3 points in common, got 2"):
        moves_of((two, two), (two, two))
    with pytest.raises(PrototypeError, match="all points lie in one place"):
        moves_of((three, np.zeros((3, 2), np.float32)), (three, three[:, :2]))
