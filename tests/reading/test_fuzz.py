"""Mutated files of every format: the outcome is always a radiograph or a ReadingError."""

import numpy as np
import pytest

from explorer.entities import Radiograph
from explorer.errors import ReadingError
from explorer.reading import read_files
from tests.reading.files import lossless_dicoms, lossy_dicoms, rasters

SEED = 20261123
MUTATIONS_PER_FORMAT = 85
BATCH = 16


def _mutate(data: bytes, rng: np.random.Generator) -> bytes:
    """Flip bytes, cut, repeat, insert or overwrite a run, at the start more often than not."""
    changed = bytearray(data or b"\x00")
    reach = len(changed) if rng.random() < 0.5 else min(len(changed), 700)
    place = int(rng.integers(reach))
    length = int(rng.integers(1, 40))
    match int(rng.integers(6)):
        case 0:
            for spot in rng.integers(reach, size=int(rng.integers(1, 12))):
                changed[int(spot)] = int(rng.integers(256))
        case 1:
            del changed[place:]
        case 2:
            del changed[place : place + length]
        case 3:
            changed[place:place] = changed[place : place + length]
        case 4:
            changed[place:place] = rng.bytes(length)
        case _:
            fill = int(rng.choice([0x00, 0xFF, 0x7F, 0x80]))
            changed[place : place + length] = bytes([fill]) * length
    return bytes(changed)


FORMATS = lossless_dicoms() | lossy_dicoms() | rasters()


def _assert_survived(files: list[bytes]) -> int:
    for start in range(0, len(files), BATCH):
        for outcome in read_files(files[start : start + BATCH]):
            assert isinstance(outcome, (Radiograph, ReadingError))
            if isinstance(outcome, Radiograph):
                assert np.isfinite(outcome.pixels).all()
                assert 0 <= outcome.pixels.min() <= outcome.pixels.max() <= 1
            else:
                assert str(outcome).endswith(".")
    return len(files)


@pytest.mark.parametrize("name", FORMATS)
def test_mutated_files_give_a_radiograph_or_a_reading_error(name: str) -> None:
    rng = np.random.default_rng([SEED, list(FORMATS).index(name)])
    files = [_mutate(FORMATS[name], rng) for _ in range(MUTATIONS_PER_FORMAT)]
    assert _assert_survived(files) == MUTATIONS_PER_FORMAT


def test_the_mutations_are_at_least_two_thousand() -> None:
    assert len(FORMATS) * MUTATIONS_PER_FORMAT >= 2_000


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
def test_many_more_mutations(name: str) -> None:
    rng = np.random.default_rng([SEED + 1, list(FORMATS).index(name)])
    files = [_mutate(_mutate(FORMATS[name], rng), rng) for _ in range(800)]
    _assert_survived(files)
