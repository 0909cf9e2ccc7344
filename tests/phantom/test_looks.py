"""What processing and archiving do to a film, on pictures small enough to check by hand."""

import numpy as np
import pytest

from explorer.entities import Float32
from explorer.phantom.acquisition import expose, random_technique, shoot
from explorer.phantom.looks import (
    Look,
    amplify_detail,
    archive,
    film_statistics,
    random_look,
    set_levels,
)
from explorer.phantom.poses import PoseBank
from explorer.phantom.projection import ProjectedView
from explorer.phantom.scene import frame_scene

SIZE = 128


def noise(seed: int = 0) -> Float32:
    return np.random.default_rng(seed).uniform(0.1, 0.9, (SIZE, SIZE)).astype(np.float32)


def a_look(seed: int = 0, view: ProjectedView = "PA") -> Look:
    return random_look(np.random.default_rng(seed), view=view)


# --- aims ------------------------------------------------------------------------------------


@pytest.mark.parametrize("view", ["PA", "AP", "lateral"])
def test_aims_are_grey_levels_in_order(view: ProjectedView) -> None:
    for seed in range(50):
        look = a_look(seed, view)
        assert look.levels.shape == (len(film_statistics()["percentiles"]),)
        assert look.bands.shape == (len(film_statistics()["sigmas"]),)
        assert look.levels.min() >= 0
        assert look.levels.max() <= 1
        assert (np.diff(look.levels) >= 0).all()
        assert 0 < look.strength <= 1


def test_same_numbers_same_look_and_other_numbers_another() -> None:
    assert np.array_equal(a_look(3).levels, a_look(3).levels)
    assert np.array_equal(a_look(3).bands, a_look(3).bands)
    assert not np.array_equal(a_look(3).levels, a_look(4).levels)


def test_drawn_aims_scatter_around_the_measured_mean() -> None:
    drawn = np.mean([a_look(seed, "AP").levels for seed in range(400)], axis=0)
    count = len(film_statistics()["percentiles"])
    assert np.abs(drawn - film_statistics()["mean"]["AP"][:count]).max() < 0.03


# --- display curve ---------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_display_curve_never_swaps_two_grey_levels(seed: int) -> None:
    before = np.square(noise(seed))
    after = set_levels(before, a_look(seed))
    assert after.min() >= 0
    assert after.max() <= 1
    assert (np.diff(after.ravel()[before.ravel().argsort()]) >= 0).all()


def test_display_curve_brings_the_median_nearer_to_the_aim() -> None:
    levels = np.array([0.2, 0.3, 0.5, 0.6, 0.7, 0.8, 0.85])
    dark = np.asarray(0.5 * noise(), np.float32)
    after = set_levels(dark, Look(levels=levels, bands=np.zeros(5), strength=1.0))
    assert abs(np.median(after) - 0.6) < abs(np.median(dark) - 0.6)


def test_an_even_film_stays_even() -> None:
    after = set_levels(np.full((SIZE, SIZE), 0.5, np.float32), a_look())
    assert np.isfinite(after).all()
    assert np.ptp(after) == 0


# --- detail ----------------------------------------------------------------------------------


def test_detail_follows_the_aim_and_the_mean_stays() -> None:
    levels = a_look().levels
    flat = Look(levels=levels, bands=np.full(5, -9.0), strength=1.0)
    crisp = Look(levels=levels, bands=np.full(5, 0.0), strength=1.0)
    film = noise()
    calm, sharp = amplify_detail(film, flat), amplify_detail(film, crisp)
    assert calm.std() < film.std() < sharp.std()
    assert calm.mean() == pytest.approx(film.mean(), abs=0.01)
    assert sharp.mean() == pytest.approx(film.mean(), abs=0.01)


# --- archive ---------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [SIZE, 200, 512])
@pytest.mark.parametrize("point", [(20, 100), (64, 64), (111, 9)])
def test_a_bright_point_stays_at_its_pixel(side: int, point: tuple[int, int]) -> None:
    film = np.full((SIZE, SIZE), 0.3, np.float32)
    film[point] = 1.0
    kept = archive(film, side=side, quality=90)
    assert np.unravel_index(kept.argmax(), kept.shape) == point


def test_archive_keeps_shape_range_and_grey_levels() -> None:
    film = np.tile(np.linspace(0, 1, 160, dtype=np.float32), (SIZE, 1))
    kept = archive(film, side=512, quality=75)
    assert kept.shape == film.shape
    assert kept.dtype == np.float32
    assert kept.min() >= 0
    assert kept.max() <= 1
    assert np.abs(kept - film).max() < 0.05
    assert np.array_equal(kept, archive(film, side=512, quality=75))


def test_a_lower_quality_takes_more() -> None:
    film = noise()
    taken = [np.abs(archive(film, side=SIZE, quality=q) - film).mean() for q in (95, 75, 30)]
    assert taken == sorted(taken)


# --- exposure and the whole film -------------------------------------------------------------


@pytest.mark.parametrize("view", ["PA", "AP"])
def test_techniques_lie_in_their_ranges(view: str) -> None:
    for seed in range(100):
        drawn = random_technique(np.random.default_rng(seed), view=view)
        assert 0 <= drawn.scatter < 1
        assert drawn.archived in (0, 512, 640, 1024)
        assert 1 <= drawn.quality <= 100
        assert drawn.mottle > 0
        assert drawn == random_technique(np.random.default_rng(seed), view=view)


def test_more_tissue_gives_a_stronger_signal() -> None:
    path = np.repeat(np.linspace(2, 25, SIZE, dtype=np.float32)[None], SIZE, axis=0)
    technique = random_technique(np.random.default_rng(1), view="PA")
    signal = expose(path, technique, px_per_mm=0.4, rng=np.random.default_rng(2))
    assert signal.shape == path.shape
    means = signal.reshape(SIZE, 8, -1).mean((0, 2))
    assert (np.diff(means) > 0).all()


def test_a_film_lies_between_black_and_white_and_is_made_again(bank: PoseBank) -> None:
    films = []
    for _ in range(2):
        pose = bank.load(0)
        scene = frame_scene(
            pose.layers,
            pose.landmarks,
            view=pose.view,
            pixel_mm=pose.pixel_mm,
            size=(SIZE, SIZE),
            rng=np.random.default_rng(1),
        )
        films.append(shoot(scene, np.random.default_rng(2)))
    assert films[0].shape == (SIZE, SIZE)
    assert films[0].min() >= 0
    assert films[0].max() <= 1
    assert films[0].std() > 0.05
    assert np.array_equal(films[0], films[1])
