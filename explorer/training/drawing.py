"""Which studies a batch holds, drawn by number ahead of time.

Batch number n comes from a generator seeded with (seed, n): it is the same in a resumed run and in
every process of a run.
"""

from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from explorer.encoders.image import PATCH_STRIDE
from explorer.training.batches import Batch, make_batch
from explorer.training.config import TrainingConfig
from explorer.training.language import StatementPool
from explorer.training.samples import TrainingStudy


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


def draw(pools: Pools, config: TrainingConfig, step: int, part: int = 0) -> Batch:
    """Draw the batch of a step, or one of those it accumulates."""
    rng = np.random.default_rng((config.seed, step * config.accumulate + part))
    side = config.warm_size if step < config.warm_share * config.steps else config.image_size
    studies = [
        pool[i] for pool, count in pools.shares(config) for i in rng.integers(len(pool), size=count)
    ]
    batch = make_batch(studies, rng, side=side, grid=side // PATCH_STRIDE, mirror=config.mirror)
    if pools.statements and config.statements:
        batch.naming = pools.statements.draw(rng, config.statements)
    return batch


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
