"""What a room says, how prototypes are named, edited and drawn on a film."""

from dataclasses import replace

import numpy as np
import pytest

from explorer.embeddings import unit
from explorer.entities import ModelFrame, PatchGrid
from explorer.errors import PrototypeError
from explorer.pipeline.prototype_files import (
    prototypes_csv,
    prototypes_document,
    use_boxes,
)
from explorer.pipeline.prototypes import build_prototypes, on_a_plane, planes
from explorer.prototypes import edits
from explorer.prototypes.naming import propose_names
from explorer.prototypes.planes.localmap import neighbours_kept
from explorer.prototypes.records import Clustering, Marks, Points
from explorer.prototypes.rooms import furnish
from explorer.prototypes.use import uses_of

from .conftest import EACH


@pytest.fixture
def built(points: Points) -> Clustering:
    return build_prototypes(points, granularity=3, seed=0, with_stability=False)


def by_name(clustering: Clustering, name: str) -> int:
    return next(p.id for p in clustering.prototypes if p.name == name)


def test_a_room_tells_size_tightness_purity_and_position(built: Clustering) -> None:
    assert sorted(p.name for p in built.prototypes) == ["effusion", "nodule", "pacemaker"]
    for room in built.prototypes:
        assert room.size == EACH
        assert room.tightness > 0.99
        assert room.purity is not None
        assert room.purity.finding == room.name
        assert (room.purity.share, room.purity.base) == (1.0, pytest.approx(1 / 3))
        # Every group lies at a place of its own, so the place tells all.
        assert room.position_share == pytest.approx(1.0, abs=0.01)
        assert len(room.neighbours) == 2
    assert np.mean([p.concentration for p in built.prototypes]) == pytest.approx(0.2)


def test_exemplars_are_nearest_first_and_of_films_of_their_own(
    built: Clustering, points: Points
) -> None:
    for room in built.prototypes:
        likeness = points.centred[list(room.exemplars)] @ room.centre
        assert (np.diff(likeness) <= 1e-6).all()
        films = [points.films[row] for row in room.exemplars]
        assert len(films) == len(set(films))


def test_a_name_sets_a_prototype_apart_from_its_neighbour(points: Points) -> None:
    # Both are like "effusion"; only the second is like "nodule" as well.
    means = np.array([[1, 0, 0, 0], [0.7, 0.7, 0, 0]], np.float32)
    names = propose_names(means, points.vectors, [[1], [0]], points.vocabulary, places=[None, None])
    assert names == ["effusion", "nodule"]


def test_what_points_were_found_by_decides_between_like_phrases(points: Points) -> None:
    # The vectors say "effusion" a little more than "nodule"; every one was found by "nodule".
    vectors = np.tile(np.array([[0.71, 0.70, 0, 0]], np.float32), (len(points), 1))
    vectors[6:] = [0, 0, 1, 0]
    marked = np.zeros((len(points), 3), dtype=bool)
    marked[:6, 1] = marked[6:, 2] = True
    alike = replace(points, vectors=unit(vectors))
    numbers = np.repeat([0, 1], 6).astype(np.int32)
    plain = {room.id: room.name for room in furnish(alike, numbers)}
    told = replace(alike, spoken=(Marks(marked, np.ones(len(points), dtype=bool)),))
    spoken = {room.id: room.name for room in furnish(told, numbers)}
    assert (plain[0], spoken[0]) == ("effusion", "nodule")
    assert plain[1] == spoken[1] == "pacemaker"
    with pytest.raises(ValueError, match="12 points by 3 phrases"):
        replace(points, spoken=(Marks(marked[:5], np.ones(5, dtype=bool)),))


def test_equal_names_are_told_apart_by_place_then_number(points: Points) -> None:
    means = np.tile(np.array([[1, 0, 0, 0]], np.float32), (3, 1))
    places = [(0.1, 0.9), (0.9, 0.1), (0.1, 0.8)]
    names = propose_names(means, points.vectors, [[], [], []], points.vocabulary, places=places)
    assert names == ["effusion, right lower", "effusion, left upper", "effusion, right lower (2)"]


def test_what_no_phrase_stands_out_on_is_not_named_by_one(points: Points) -> None:
    nothing = np.array([[0, 0, 0, 1]], np.float32)
    assert propose_names(nothing, points.vectors, [[]], points.vocabulary, places=[(0.5, 0.5)]) == [
        "nothing named, central mid"
    ]


def test_merge_split_and_undo(built: Clustering, points: Points) -> None:
    two = [by_name(built, "effusion"), by_name(built, "nodule")]
    merged = edits.merge(built, points, ids=two)
    assert sorted(p.size for p in merged.prototypes) == [EACH, 2 * EACH]
    assert merged.prototype(min(two)).size == 2 * EACH
    parted = edits.split(merged, points, number=min(two))
    assert sorted(p.size for p in parted.prototypes) == [EACH, EACH, EACH]
    assert edits.undo(parted) is merged
    assert edits.undo(edits.undo(parted)) is built
    with pytest.raises(PrototypeError, match="nothing to undo"):
        edits.undo(built)


def test_an_edit_leaves_the_record_before_as_it_was(built: Clustering, points: Points) -> None:
    before = built.assignments.copy()
    edits.merge(built, points, ids=[p.id for p in built.prototypes])
    assert (built.assignments == before).all()
    assert len(built.prototypes) == 3


def test_a_given_name_and_hiding_outlive_other_edits(built: Clustering, points: Points) -> None:
    number = by_name(built, "pacemaker")
    named = edits.rename(built, number=number, name="  my   device ")
    hidden = edits.hide(named, number=number)
    others = [p.id for p in built.prototypes if p.id != number]
    merged = edits.merge(hidden, points, ids=others)
    assert merged.prototype(number).name == "my device"
    assert merged.prototype(number).hidden


def test_edits_that_make_no_sense_are_refused(built: Clustering, points: Points) -> None:
    number = built.prototypes[0].id
    for call, why in (
        (lambda: edits.merge(built, points, ids=[number, number]), "two prototypes"),
        (lambda: edits.split(built, points, number=99), "must be a prototype 99"),
        (lambda: edits.rename(built, number=number, name=" "), "at least one character"),
        (lambda: edits.rename(built, number=number, name="x" * 81), "got 81"),
    ):
        with pytest.raises(PrototypeError, match=why):
            call()


def test_too_few_points_and_an_unknown_method_are_refused(points: Points) -> None:
    with pytest.raises(
        PrototypeError, match="need at least 96 regions, 48 of them different; got 12"
    ):
        build_prototypes(points, granularity=48)
    with pytest.raises(PrototypeError, match="Available: hdbscan, kmeans, sinkhorn"):
        build_prototypes(points, method="magic", granularity=3)


def test_a_film_uses_a_prototype_where_its_patches_look_like_it(
    built: Clustering, points: Points
) -> None:
    number = by_name(built, "effusion")
    values = np.zeros((8, 8, 4), np.float32)
    values[..., 1] = 1.0  # nodule everywhere,
    values[4:, :4] = points.vectors[1]  # effusion in the lower left quarter
    frame = ModelFrame((80, 80), (80, 80), (8, 8), 1.0, 1.0, 0.0, 0.0)
    seen = np.ones((8, 8), dtype=bool)
    uses = uses_of(built, points, PatchGrid(values, frame), seen=seen, ids=[number])
    assert len(uses) == 1
    # The mean over three patches a side loses one row and one column at the border.
    above = uses[0].likeness >= uses[0].threshold
    assert above[5:, :3].all()
    assert not above[:4].any()
    assert not above[:, 5:].any()
    (box,) = use_boxes(uses[0])
    assert (box.x_min, box.y_max) == (0, 80)
    assert 30 <= box.x_max <= 40


def test_padding_is_never_a_place(built: Clustering, points: Points) -> None:
    number = by_name(built, "effusion")
    values = np.tile(points.vectors[1], (8, 8, 1)).astype(np.float32)
    frame = ModelFrame((80, 80), (80, 80), (8, 8), 1.0, 1.0, 0.0, 0.0)
    seen = np.zeros((8, 8), dtype=bool)
    seen[:, :2] = True
    (use,) = uses_of(built, points, PatchGrid(values, frame), seen=seen, ids=[number])
    assert (use.likeness >= use.threshold)[:, :2].all()
    assert not (use.likeness >= use.threshold)[:, 2:].any()
    assert use.share == 1.0


def test_files_hold_names_measures_and_every_point(built: Clustering, points: Points) -> None:
    document = prototypes_document(built, points, with_points=True)
    assert document["schema"] == "radiograph-prototypes/1"
    assert len(document["assignments"]) == len(points)
    assert document["prototypes"][0]["exemplars"][0]["box_xyxy"] == [0, 0, 10, 10]
    lines = prototypes_csv(
        edits.rename(built, number=built.prototypes[0].id, name="=1+1"), points
    ).splitlines()
    assert len(lines) == 4
    assert "'=1+1" in lines[1]


def test_the_plane_keeps_the_directions_of_most_variance() -> None:
    vectors = np.zeros((4, 3), np.float32)
    vectors[:, 1] = [-4, -1, 1, 4]
    vectors[:, 2] = [1, -1, -1, 1]
    plane, words = on_a_plane(vectors)
    assert np.abs(plane[:, 0]).tolist() == pytest.approx([4, 1, 1, 4])
    assert "keep 100 % of the variance" in words
    assert (plane.max(axis=0) >= -plane.min(axis=0) - 1e-6).all()


def test_neighbours_on_the_plane_are_counted() -> None:
    angle = np.linspace(0, 3, 60)
    vectors = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    assert neighbours_kept(vectors, vectors, seed=0) == 1.0
    mixed = vectors[np.random.default_rng(0).permutation(60)]
    assert neighbours_kept(vectors, mixed, seed=0) < 0.4  # chance is 10 of 59


def test_a_map_that_is_not_installed_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert list(planes()) == ["pca"]
    with pytest.raises(PrototypeError, match=r"explorer\[maps\]"):
        on_a_plane(np.eye(3, dtype=np.float32), way="localmap")


@pytest.mark.slow
def test_localmap_keeps_more_neighbours_than_two_components() -> None:
    pytest.importorskip("pacmap", reason="needs the extra `maps`")
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(12, 16))
    spread = np.repeat(centres, 40, axis=0) + 0.3 * rng.normal(size=(480, 16))
    vectors = unit(spread.astype(np.float32))
    kept = [neighbours_kept(vectors, on_a_plane(vectors, way=w)[0], seed=0) for w in planes()]
    found = dict(zip(planes(), kept, strict=True))
    assert found["localmap"] > found["pca"] + 0.1


def test_grids_of_as_many_numbers_as_checkpoints_have_are_compared(points: Points) -> None:
    from explorer.embeddings import TextEmbeddings

    wide = np.pad(points.vectors, ((0, 0), (0, 252)))
    words = TextEmbeddings("tiny", ("effusion",), np.eye(1, 256, dtype=np.float32))
    many = replace(points, vectors=wide, vocabulary=words)
    built = build_prototypes(many, granularity=3, with_stability=False)
    frame = ModelFrame((80, 80), (80, 80), (8, 8), 1.0, 1.0, 0.0, 0.0)
    grid = PatchGrid(np.tile(wide[1], (8, 8, 1)).astype(np.float32), frame)
    assert len(uses_of(built, many, grid, seen=np.ones((8, 8), dtype=bool))) == 3
