"""Which studies a batch holds, drawn by number ahead of time.

Batch number n comes from a generator seeded with (seed, n): it is the same in a resumed run and in
every process of a run.
"""

from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explorer.encoders.image import PATCH_STRIDE
from explorer.methods import find_method
from explorer.training.augment import augment
from explorer.training.batches import Batch, make_batch
from explorer.training.config import TrainingConfig
from explorer.training.language import StatementPool
from explorer.training.samples import TrainingStudy
from explorer.training.told import make_report_batch


@dataclass(frozen=True, slots=True)
class Pools:
    """Training studies by kind; a kind may be empty when its batch share is 0."""

    boxed: Sequence[TrainingStudy]
    weak: Sequence[TrainingStudy]
    phantoms: Sequence[TrainingStudy]
    statements: StatementPool | None = None

    def shares(self, config: TrainingConfig) -> list[tuple[Sequence[TrainingStudy], int]]:
        """Pools that are drawn from, and how many images of each are in a batch."""
        asked = (
            (self.boxed, config.boxed),
            (self.weak, config.weak),
            (self.phantoms, config.phantoms),
        )
        return [(pool, count) for pool, count in asked if count and len(pool)]

    def numbered(self, config: TrainingConfig) -> list[tuple[Sequence[TrainingStudy], int, int]]:
        """As `shares`, with the number that the first image of each pool has in the whole."""
        starts = {id(self.boxed): 0, id(self.weak): len(self.boxed)}
        after = len(self.boxed) + len(self.weak)
        return [(p, starts.get(id(p), after), n) for p, n in self.shares(config)]

    def __len__(self) -> int:
        return len(self.boxed) + len(self.weak) + len(self.phantoms)


def draw(pools: Pools, config: TrainingConfig, step: int, part: int = 0) -> Batch:
    """Draw the batch of a step, or one of those it accumulates."""
    rng = np.random.default_rng((config.seed, step * config.accumulate + part))
    side = config.warm_size if step < config.warm_share * config.steps else config.image_size
    rows = [
        (pool, start, i)
        for pool, start, count in pools.numbered(config)
        for i in rng.integers(len(pool), size=count)
    ]
    studies = [pool[i] for pool, _, i in rows]
    card = find_method(config.method).card
    needs = card.needs | card.uses
    batch = _written(studies, config, rng, side=side, placed="placed" in needs)
    batch.index = np.array([start + i for _, start, i in rows], np.int64)
    batch.study = _study_numbers(studies, batch.index)
    if pools.statements and config.statements:
        batch.naming = pools.statements.draw(rng, config.statements)
    if "second" in needs:
        batch.second = _second_views(studies, batch, rng, side=side)
    if "labels" in needs:
        batch.labels = np.stack([study.label_row() for study in studies])
    return batch


def _written(
    studies: list[TrainingStudy],
    config: TrainingConfig,
    rng: np.random.Generator,
    *,
    side: int,
    placed: bool,
) -> Batch:
    """Views with phrases of placed findings, or with sentences of their reports."""
    grid = side // PATCH_STRIDE
    if placed:
        return make_batch(studies, rng, side=side, grid=grid, mirror=config.mirror)
    views = [augment(s, rng, side=side, grid=grid, mirror=config.mirror) for s in studies]
    return make_report_batch(
        studies,
        views,
        rng,
        grid=grid,
        sentences=config.sentences,
        findings_only=config.told == "findings",
    )


def _study_numbers(studies: list[TrainingStudy], index: NDArray[np.int64]) -> NDArray[np.int64]:
    """(B,) equal for images of one examination, the same image drawn twice included."""
    names = [s.study or str(i) for s, i in zip(studies, index, strict=True)]
    order = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([order[name] for name in names], np.int64)


def _second_views(
    studies: list[TrainingStudy], batch: Batch, rng: np.random.Generator, *, side: int
) -> NDArray[np.float32]:
    """The same images augmented anew, mirrored where the first view is: the text fits both."""
    views = [
        augment(study, rng, side=side, grid=side // PATCH_STRIDE, mirror=float(mirrored))
        for study, mirrored in zip(studies, batch.mirrored, strict=True)
    ]
    return np.stack([view.pixels for view in views])[:, None]


def draw_ahead(pools: Pools, config: TrainingConfig, *, start: int, stop: int) -> Generator[Batch]:
    """Batches of the steps from `start` to before `stop`, each drawn while one is computed."""
    numbers = [(s, p) for s in range(start, stop) for p in range(config.accumulate)]
    with ThreadPoolExecutor(1) as worker:
        upcoming = None
        for step, part in numbers:
            drawn = upcoming
            upcoming = worker.submit(draw, pools, config, step, part)
            if drawn is not None:
                yield drawn.result()
        if upcoming is not None:
            yield upcoming.result()
