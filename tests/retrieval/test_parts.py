"""The small parts of the index, each by hand."""

from typing import Any

import cv2
import numpy as np
import pytest

from explorer.embeddings import unit
from explorer.entities import Box, ModelFrame, PatchGrid
from explorer.errors import RetrievalError
from explorer.grounding.geometry import fit_frame
from explorer.reading import read_radiograph
from explorer.retrieval.filters import Filter, parse_filter
from explorer.retrieval.fusion import fuse
from explorer.retrieval.patch_factors import pack, unpack
from explorer.retrieval.privacy import masked
from explorer.retrieval.proposals import (
    SEGMENTS,
    Proposal,
    box_of_mask,
    boxes_of_masks,
    propose,
    region_vectors,
    seen_cells,
)
from explorer.retrieval.thumbnails import from_thumbnail, to_thumbnail


def frame(height: int = 80, width: int = 80, *, grid: int = 8) -> ModelFrame:
    return fit_frame((height, width), input_shape=(64, 64), grid_shape=(grid, grid))


def grid_of(values: np.ndarray, **shape: int) -> PatchGrid:
    return PatchGrid(unit(values.astype(np.float32)), frame(**shape))


def noise(h: int, w: int, dimension: int, *, rank: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.normal(size=(h, w, rank)) @ rng.normal(size=(rank, dimension))


# --- patch grids ---------------------------------------------------------------------------------


def test_a_grid_of_low_rank_comes_back() -> None:
    values = unit(noise(8, 8, 16, rank=3).astype(np.float32))
    packed = pack(values, rank=3)
    assert len(packed) == 12 + 8 * 3 + (64 + 16) * 3
    found = unpack(packed)
    assert found.values() == pytest.approx(values, abs=0.03)
    phrases = unit(np.random.default_rng(1).normal(size=(5, 16)).astype(np.float32))
    wanted = np.einsum("hwd,sd->shw", values, phrases)
    assert found.cosines(phrases) == pytest.approx(wanted, abs=0.03)


def test_coarse_cosines_are_means_of_four() -> None:
    values = unit(noise(8, 8, 16, rank=3).astype(np.float32))
    film = unpack(pack(values, rank=3))
    vector = values[:1, 0]
    means = film.cosines(vector).reshape(1, 4, 2, 4, 2).mean(axis=(2, 4))
    assert film.coarse().cosines(vector) == pytest.approx(means, abs=0.02)
    odd = unpack(pack(values[:7], rank=3))
    assert odd.coarse() is odd


def test_more_rank_is_nearer() -> None:
    values = unit(noise(8, 8, 16, rank=10).astype(np.float32))
    errors = [np.abs(unpack(pack(values, rank=r)).values() - values).mean() for r in (1, 4, 12)]
    assert errors == sorted(errors, reverse=True)
    assert errors[2] < 0.01


@pytest.mark.parametrize("data", [b"", b"PF1\0", pack(np.ones((2, 2, 3), np.float32))[:-1]])
def test_a_damaged_grid_is_said(data: bytes) -> None:
    with pytest.raises(RetrievalError, match="is damaged"):
        unpack(data)


# --- proposals -----------------------------------------------------------------------------------


def test_two_bright_places_are_two_regions_with_boxes_in_pixels() -> None:
    score = np.zeros((8, 8), np.float32)
    score[1:3, 1:3] = 0.9
    score[5, 5:8] = 0.6
    grid = grid_of(np.ones((8, 8, 4)))
    found = propose(grid, sentences=[], vocabulary=[("mass", score)], threshold=0.5)
    said = [p for p in found if p.source == "vocabulary"]
    assert [p.score for p in said] == pytest.approx([0.9, 0.6])
    assert box_of_mask(said[0].mask, grid.frame) == Box(10, 10, 30, 30)
    assert box_of_mask(said[1].mask, grid.frame) == Box(50, 50, 80, 60)


def test_a_sentence_comes_before_the_vocabulary_and_one_place_counts_once() -> None:
    score = np.zeros((8, 8), np.float32)
    score[1:4, 1:4] = 0.6
    found = propose(
        grid_of(np.ones((8, 8, 4))),
        sentences=[("left mass", score)],
        vocabulary=[("mass", score + 0.1 * (score > 0))],
        threshold=0.5,
    )
    assert [(p.label, p.source) for p in found if p.label] == [("left mass", "sentence")]


def test_segments_cover_the_film_and_are_the_same_every_time() -> None:
    values = np.zeros((8, 8, 4))
    values[:, :4, 0] = 1
    values[:, 4:, 1] = 1
    first, second = (
        propose(grid_of(values), sentences=[], vocabulary=[], threshold=0.5) for _ in range(2)
    )
    assert 2 <= len(first) <= SEGMENTS
    assert all((a.mask == b.mask).all() for a, b in zip(first, second, strict=True))
    for part in first:  # no segment crosses the border
        assert part.mask[:, :4].any() != part.mask[:, 4:].any()


def propose_segments(grid: PatchGrid) -> tuple[Proposal, ...]:
    return propose(grid, sentences=[], vocabulary=[], threshold=0.5)


def test_padding_belongs_to_no_region() -> None:
    seen = seen_cells(frame(40, 80))
    assert seen.any(axis=1).tolist() == [False, False, True, True, True, True, False, False]
    grid = grid_of(noise(8, 8, 4, rank=4), height=40, width=80)
    score = np.ones((8, 8), np.float32)
    found = propose(grid, sentences=[], vocabulary=[("mass", score)], threshold=0.5)
    assert not any((part.mask & ~seen).any() for part in found)
    assert box_of_mask(found[0].mask, grid.frame) == Box(0, 0, 80, 40)


def test_a_region_vector_is_the_mean_direction_inside() -> None:
    values = np.zeros((8, 8, 4))
    values[..., 0] = 1
    values[0, 0] = [0, 1, 0, 0]
    mask = np.zeros((8, 8), bool)
    mask[0, :2] = True
    both, other = (
        Proposal(inside, inside.astype(np.float32), "", "segment", 0.0) for inside in (mask, ~mask)
    )
    found = region_vectors(grid_of(values), [both, other])
    assert found == pytest.approx(np.array([[0.5**0.5, 0.5**0.5, 0, 0], [1, 0, 0, 0]]))
    assert region_vectors(grid_of(values), []).shape == (0, 4)


def test_boxes_of_several_masks_are_in_order_and_end_at_the_film() -> None:
    masks = np.zeros((2, 8, 8), bool)
    masks[0, 2, 3] = True  # rows 2 and 5 are the first and last that the film of 40 x 80 fills
    masks[1, 1:7, 7] = True
    boxes = boxes_of_masks(list(masks), frame(40, 80))
    assert boxes == [Box(30, 0, 40, 10), Box(70, 0, 80, 40)]
    assert boxes_of_masks([], frame()) == []


def test_segments_are_those_of_eight_plain_rounds() -> None:
    """A second way, that neither stops early nor leaves out the norm of the points."""
    grid = grid_of(noise(8, 8, 6, rank=6))
    rows, columns = np.indices((8, 8)).reshape(2, -1)
    place = np.stack([rows, columns], axis=1) / 8 * 1.2
    points = np.concatenate([grid.values.reshape(64, -1), place], axis=1)
    centres = points[np.linspace(0, 63, SEGMENTS).astype(int)]
    for _ in range(8):
        nearest = ((points[:, None] - centres) ** 2).sum(axis=-1).argmin(axis=1)
        centres = np.stack([points[nearest == k].mean(axis=0) for k in range(SEGMENTS)])
    wanted = {k: set(np.flatnonzero(nearest == k)) for k in range(SEGMENTS)}
    found = [set(np.flatnonzero(part.mask)) for part in propose_segments(grid)]
    # Each is the largest connected part of one cluster.
    assert found
    assert all(any(part <= cells for cells in wanted.values()) for part in found)


# --- the rest ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Compared with 12/03/2018, unchanged.", "Compared with ___, unchanged."),
        ("Seen on March 4, 2019 at 17:45.", "Seen on ___ at ___."),
        ("Findings were told to Dr. Smith.", "Findings were told to ___."),
        ("Accession 123456789.", "Accession ___."),
        ("Call 555-123-4567.", "Call ___."),
        ("Write to a.b@hospital.org", "Write to ___"),
        ("UID 1.2.840.113619.2.5", "UID ___"),
        ("A 3.5 cm mass at the T4-T5 level.", "A 3.5 cm mass at the T4-T5 level."),
        ("Right lower lobe opacity.", "Right lower lobe opacity."),
    ],
)
def test_what_identifies_is_masked(said: str, kept: str) -> None:
    assert masked(said) == kept


FILMS: dict[str, list[Any]] = {
    "view": ["PA", "AP", "PA"],
    "sex": ["F", "M", ""],
    "age_band": ["60-69", "70-79", ""],
    "source": ["nih", "nih", "openi"],
    "findings": [["mass"], [], []],
    "findings_known": [True, True, False],
}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", [True, True, True]),
        ("view=PA", [True, False, True]),
        ("view=PA|AP, sex=M", [False, True, False]),
        ("view=pa|Ap, sex=m", [False, True, False]),
        ("age=60-79", [True, True, False]),
        ("finding=mass|nodule", [True, False, False]),
        ("without=Mass", [False, True, False]),
        ("source=openi", [False, False, True]),
    ],
)
def test_a_filter_keeps_what_it_says(text: str, kept: list[bool]) -> None:
    assert parse_filter(text).keeps(FILMS).tolist() == kept


@pytest.mark.parametrize("text", ["view", "view=", "name=x", "age=old", "PA", "view=PB", "sex=x"])
def test_a_filter_that_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(RetrievalError, match=r"A filter is a list|An age is given|is one of"):
        parse_filter(text)


def test_a_filter_in_sql_quotes_its_words() -> None:
    found = Filter(source=("a'b",), finding=("x",)).as_sql(source_column="corpus")
    assert found == "corpus IN ('a''b') AND array_has_any(findings, ['x'])"
    assert Filter().as_sql() is None


def test_fusion_prefers_what_both_rank_high() -> None:
    nan = np.nan
    found = fuse([np.array([3.0, 2.0, 1.0]), np.array([nan, 5.0, 4.0])])
    assert found == pytest.approx([1 / 61, 1 / 62 + 1 / 61, 1 / 63 + 1 / 62])
    tied = fuse([np.array([1.0, 1.0])])
    assert tied[0] == tied[1]


def test_a_thumbnail_comes_near_the_film() -> None:
    spots = np.random.default_rng(0).standard_normal((300, 260)).astype(np.float32)
    pixels = cv2.GaussianBlur(spots, (0, 0), 2)
    pixels = (pixels - pixels.min()) / (pixels.max() - pixels.min())
    off = from_thumbnail(to_thumbnail(pixels)) - pixels
    assert np.sqrt((off**2).mean()) < 3 / 255


def test_a_thumbnail_of_a_deep_film_is_windowed_as_the_film() -> None:
    """Values of 20,000 to 25,100 in 16 bits: flat grey unless the film's own window shows them."""
    values = np.linspace(20_000, 25_100, 64 * 64).reshape(64, 64).astype(np.uint16)
    shown = read_radiograph(cv2.imencode(".png", values)[1].tobytes()).pixels
    picture = from_thumbnail(to_thumbnail(shown))
    assert np.ptp(picture) > 0.95
    assert np.abs(picture - shown).mean() < 0.01


def test_a_thumbnail_keeps_the_shape_within_its_side() -> None:
    pixels = np.linspace(0, 1, 400 * 100, dtype=np.float32).reshape(400, 100)
    small = from_thumbnail(to_thumbnail(pixels, side=40))
    assert small.shape == (40, 10)
    assert small[0].mean() < 0.1 < 0.9 < small[-1].mean()
    with pytest.raises(RetrievalError, match="thumbnail of the index is damaged"):
        from_thumbnail(b"no picture")
