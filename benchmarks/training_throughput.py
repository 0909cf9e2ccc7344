"""Images a second of the training loop, against nothing but forward, backward and step.

Run: python benchmarks/training_throughput.py [--rounds 8] [--images 24] [--size 320] [--threads N]
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Generator
from pathlib import Path

import numpy as np
import torch
from _report import RESULTS, ROOT, alternate, write_report

from explorer.training import drawing
from explorer.training.checkpoint import load_start
from explorer.training.config import TrainingConfig
from explorer.training.loop import steps
from explorer.training.parallel import device
from explorer.training.phrase_memory import PhraseMemory
from explorer.training.phrasing import FINDINGS, related
from explorer.training.samples import MASK_SIDE, STORED_SIDE, PhraseTarget, TrainingStudy
from explorer.training.state import TrainingState

SEED = 0
KNOWN_BATCHES = 60  # whose phrases are encoded before the clock starts, as in a run under way
PROTOCOL = (
    "Drawn studies of two boxed findings, of image-level labels, and of exact truth. Loop = what a "
    "step of training does: drawing the next batch in the background, augmentation, phrases, all "
    "losses, clipping, AdamW, averaged weights; its share of saving the state is added. Bare = "
    "forward, mean of the patches as the loss, backward and AdamW on one batch in memory. Both on "
    "the same shape, batch, image size and precision. Every round takes one step of each, in turn; "
    "times are medians, the ratio of images a second is the median of the rounds' ratios."
)


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--images", type=int, default=24)
    parser.add_argument("--size", type=int, default=320)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--checkpoint", type=Path, default=_bundled())
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    boxed, phantoms = options.images * 10 // 24, options.images * 8 // 24
    config = TrainingConfig(
        image_size=options.size,
        warm_share=0.0,
        steps=10_000,
        boxed=boxed,
        weak=options.images - boxed - phantoms,
        phantoms=phantoms,
        seed=SEED,
    )
    loop, loop_state, drawing_ms = real_loop(config, options.checkpoint)
    bare = bare_loop(config, options.checkpoint, images=options.images)
    times = alternate(loop.__next__, bare, rounds=options.rounds)
    loop.close()
    save_ms = saving(loop_state)
    real = [t + save_ms / config.save_every for t in times[0]]
    write_report(
        "training_throughput",
        protocol=PROTOCOL,
        seed=SEED,
        folder=options.out,
        results={
            "device": str(device()),
            "threads": torch.get_num_threads(),
            "precision": config.precision,
            "images": options.images,
            "image_size": options.size,
            "loop_step_ms": round(statistics.median(real), 1),
            "bare_step_ms": round(statistics.median(times[1]), 1),
            "loop_images_per_s": round(1000 * options.images / statistics.median(real), 2),
            "bare_images_per_s": round(1000 * options.images / statistics.median(times[1]), 2),
            "ratio": round(
                statistics.median(b / r for r, b in zip(real, times[1], strict=True)), 3
            ),
            "ratio_wanted": 0.9,
            "drawing_alone_ms": round(drawing_ms, 1),
            "saving_ms": round(save_ms, 1),
        },
    )


def real_loop(
    config: TrainingConfig, checkpoint: Path
) -> tuple[Generator[dict[str, float]], TrainingState, float]:
    """The steps of training, its state, and milliseconds of drawing one batch alone."""
    model, tokenizer = load_start(checkpoint, config=config)
    memory = PhraseMemory(model.text_encoder, tokenizer)
    pools = drawn_pools(np.random.default_rng(SEED))
    spent = []
    for number in range(KNOWN_BATCHES):
        start = time.perf_counter()
        batch = drawing.draw(pools, config, number)
        spent.append((time.perf_counter() - start) * 1000)
        memory(batch.phrases)
    state = TrainingState.begin(model, config)
    state.step = KNOWN_BATCHES
    return (
        steps(state, pools, config, memory=memory, stop=config.steps),
        state,
        statistics.median(spent),
    )


def bare_loop(config: TrainingConfig, checkpoint: Path, *, images: int) -> Callable[[], None]:
    """One step of nothing but forward, backward and update."""
    model, _ = load_start(checkpoint, config=config)
    optimizer = TrainingState.begin(model, config).optimizer
    side = config.image_size
    batch = torch.randn(images, 1, side, side, generator=torch.Generator().manual_seed(SEED))
    place, dtype = device(), getattr(torch, config.precision)

    def step() -> None:
        pixels = batch.to(place, memory_format=torch.channels_last)
        with torch.autocast(place.type, dtype, enabled=dtype != torch.float32):
            features, _ = model.image_encoder(pixels)
        loss = model.patch_projection(features.float()).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        loss.item()  # waits for the device, as the loop does

    return step


def saving(state: TrainingState) -> float:
    """Milliseconds of writing the state once."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        state.save(Path(folder) / "state.pt")
        return (time.perf_counter() - start) * 1000


def drawn_pools(rng: np.random.Generator) -> drawing.Pools:
    """Twelve studies of each kind, with as many findings and labels as real ones have."""
    return drawing.Pools(
        boxed=[_study(rng, boxed=2) for _ in range(12)],
        weak=[_study(rng, boxed=0) for _ in range(12)],
        phantoms=[_study(rng, boxed=2, exact=True) for _ in range(12)],
    )


def _study(rng: np.random.Generator, *, boxed: int, exact: bool = False) -> TrainingStudy:
    """Noise with squares; what it shows does not matter, only how much there is of it."""
    pixels = rng.integers(0, 200, (STORED_SIDE, STORED_SIDE)).astype(np.uint8)
    labels = [str(label) for label in rng.choice(list(FINDINGS), max(boxed, 1), replace=False)]
    targets = []
    for label in labels[:boxed]:
        mask = np.zeros((MASK_SIDE, MASK_SIDE), np.uint8)
        row, column = rng.integers(MASK_SIDE // 8, MASK_SIDE // 4, 2)
        mask[row : row + MASK_SIDE // 4, column : column + MASK_SIDE // 4] = 255
        group = FINDINGS[label].group
        targets.append(PhraseTarget(label, group, mask, "right", "mid", sided_alone=True))
    return TrainingStudy(
        pixels=pixels,
        content=(STORED_SIDE, STORED_SIDE),
        targets=tuple(targets),
        maybe_present=frozenset[str]().union(*(related(FINDINGS[x].group) for x in labels)),
        labels=None if exact else frozenset(labels),
        exact=exact,
    )


def _bundled() -> Path:
    return min((ROOT / "assets" / "checkpoints").iterdir())


if __name__ == "__main__":
    main()
