"""What does the loss of a method cost beside the towers, and how does that grow?

usage: python benchmarks/method_cost.py --phantoms FOLDER [--rounds 5] [--only METHOD ...]

For each objective: processor time of its loss, forwards and backwards, over batch size
and number of regions, beside a whole step of the small tower. Writes
benchmarks/results/method_cost.json.
"""

import argparse
import statistics
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from _report import RESULTS, write_report

from explorer import pipeline
from explorer.corpora import phantom_shards
from explorer.methods import list_methods
from explorer.methods._base import Method, MethodBatch
from explorer.training.checkpoint import load_start
from explorer.training.config import SMALL, TrainingConfig
from explorer.training.drawing import Pools, draw
from explorer.training.loop import batch_losses
from explorer.training.parallel import ProcessGroup
from explorer.training.phrase_memory import PhraseMemory
from explorer.training.samples import from_phantom
from explorer.training.state import TrainingState
from explorer.training.towers import assemble

GRID = ((8, 128), (32, 128), (64, 128), (32, 256))  # images, side in pixels
STUDIES = 200
PROTOCOL = (
    "Median processor time of one thread over {rounds} rounds, after one that is not counted. A "
    "step is drawing left out, forward, loss and backward of the small tower at 32 images of 128 "
    "px on reports of phantoms; the loss is forward and backward from given embeddings, with its "
    "share of that step. Curves: images 8, 32, 64 at 256 regions; 1,024 regions at 32 images."
)


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--phantoms", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    read = (p for p in phantom_shards.read(options.phantoms) if p.view in ("PA", "AP"))
    studies = [from_phantom(p) for p, _ in zip(read, range(STUDIES), strict=False)]
    pools = Pools([], [], studies)
    taught, tokenizer = load_start(pipeline.list_checkpoints()[0].folder)
    memory = PhraseMemory(taught.text_encoder, tokenizer)
    found: dict[str, Any] = {}
    for name, kind in list_methods().items():
        wanted = not options.only or name in options.only
        if wanted and issubclass(kind, Method) and kind.card.kind == "objective":
            found[name] = _measured(name, pools, taught.text_encoder, memory, options.rounds)
            print(name, found[name], flush=True)
    protocol = PROTOCOL.format(rounds=options.rounds)
    write_report("method_cost", protocol=protocol, seed=0, results=found, folder=options.out)


def _measured(
    name: str, pools: Pools, encoder: Any, memory: PhraseMemory, rounds: int
) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for images, side in GRID:
        config = TrainingConfig(
            **SMALL | {"method": name, "image_size": side, "warm_size": side, "phantoms": images}
        )
        state = TrainingState.begin(assemble(config, encoder, None), config, images=len(pools))
        batch = draw(pools, config, 0)
        memory.learn(batch.phrases)
        whole, alone = [], []
        for _ in range(rounds + 1):
            began = time.process_time()
            parts, seen = batch_losses(state, batch, config, memory, ProcessGroup())
            torch.stack(list(parts.values())).sum().backward()
            whole.append(time.process_time() - began)
            alone.append(_loss_alone(state.method, seen))
        key = f"images_{images}_regions_{(side // 8) ** 2}"
        row[f"{key}_loss_ms"] = round(1000 * statistics.median(alone[1:]), 2)
        if (images, side) == (32, 128):
            row["step_ms"] = round(1000 * statistics.median(whole[1:]), 1)
            row["share_of_step"] = round(row[f"{key}_loss_ms"] / row["step_ms"], 3)
    return row


def _loss_alone(method: Method, seen: MethodBatch) -> float:
    """Seconds of forward and backward from embeddings that are given."""
    given = seen.detach()
    leaves = {
        field: getattr(given, field).clone().requires_grad_()
        for field in ("patches", "features", "phrases")
    }
    given = replace(given, **leaves)
    began = time.process_time()
    total = torch.stack(list(method(given).values())).sum()
    if total.requires_grad:
        total.backward()
    return time.process_time() - began


if __name__ == "__main__":
    main()
