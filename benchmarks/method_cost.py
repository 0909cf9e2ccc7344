"""What does the loss of a method cost beside the towers, and how does that grow?

usage: python benchmarks/method_cost.py --phantoms FOLDER [--rounds 5] [--only METHOD ...]

For each objective: processor time of its loss, forwards and backwards, over batch size
and number of regions, beside a whole step of the small tower, and for the default recipe beside
a step of that. Writes benchmarks/results/method_cost.json.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from _report import RESULTS, write_report

from explorer import pipeline
from explorer.corpora import phantom_shards
from explorer.methods import list_methods
from explorer.methods._base import Method, MethodBatch, View
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
    "px on all sentences of reports of phantoms; the loss is forward and backward from given "
    "embeddings, with its share of that step. What a method lets the towers encode for it (the "
    "band of cmc, the blanked sentences of biovil) is a part of the step and given to the loss; "
    "its forward is 'further encoding'. Curves: images 8, 32, 64 at 256 regions; 1,024 regions at "
    "32 images. Default recipe: dense_grounding on the large tower at 24 images of 320 px."
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
            found[name] = _curve(name, pools, taught.text_encoder, memory, options.rounds)
            print(name, found[name], flush=True)
    if not options.only:
        found["default recipe"] = _default(pools, memory, options.rounds)
        print("default recipe", found["default recipe"], flush=True)
    protocol = PROTOCOL.format(rounds=options.rounds)
    write_report("method_cost", protocol=protocol, seed=0, results=found, folder=options.out)


def _curve(
    name: str, pools: Pools, encoder: Any, memory: PhraseMemory, rounds: int
) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for images, side in GRID:
        config = TrainingConfig(
            **SMALL | {"method": name, "image_size": side, "warm_size": side, "phantoms": images}
        )
        model = assemble(config, encoder, None)
        found = _measured(model, config, pools, memory, rounds)
        row[f"images_{images}_regions_{(side // 8) ** 2}_loss_ms"] = found["loss_ms"]
        if (images, side) == (32, 128):
            row |= found
    return row


def _default(pools: Pools, memory: PhraseMemory, rounds: int) -> dict[str, float]:
    config = TrainingConfig(warm_share=0.0, boxed=0, weak=0, phantoms=24, statements=0)
    model, _ = load_start(pipeline.list_checkpoints()[0].folder, config=config)
    return _measured(model, config, pools, memory, rounds)


def _measured(
    model: Any, config: TrainingConfig, pools: Pools, memory: PhraseMemory, rounds: int
) -> dict[str, float]:
    """Milliseconds of a step, of its loss and of further encoding, and the loss's share."""
    state = TrainingState.begin(model, config, images=len(pools))
    batch = draw(pools, config, 0)
    memory.learn(batch.phrases)
    whole, alone, further = [], [], []
    for _ in range(rounds + 1):
        began = time.process_time()
        parts, seen = batch_losses(state, batch, config, memory, ProcessGroup())
        torch.stack(list(parts.values())).sum().backward()
        whole.append(1000 * (time.process_time() - began))
        given = Given(seen)
        alone.append(1000 * given.loss(state.method))
        further.append(1000 * given.spent)
    step, loss, more = (statistics.median(times[1:]) for times in (whole, alone, further))
    return {
        "phrases": len(batch.phrases),
        "step_ms": round(step, 1),
        "loss_ms": round(loss, 2),
        "further_encoding_ms": round(more, 2),
        "share_of_step": round(loss / step, 3),
    }


class Given:
    """A step whose embeddings are given, those as well that the method asks the towers for.

    Attributes:
        spent: Seconds of the forward of what it asked for.
    """

    def __init__(self, seen: MethodBatch) -> None:
        self._seen, self._answers, self.spent = seen.detach(), list[Any](), 0.0

    def loss(self, method: Method) -> float:
        """Seconds of forward and backward."""
        with torch.no_grad():
            method(self._asking(self._recorded))
        answers = iter(self._answers)
        batch = self._asking(lambda _: lambda *_: next(answers))
        leaves = {
            field: getattr(batch, field).clone().requires_grad_()
            for field in ("patches", "features", "phrases")
        }
        batch = replace(batch, **leaves)
        began = time.process_time()
        total = torch.stack(list(method(batch).values())).sum()
        if total.requires_grad:
            total.backward()
        return time.process_time() - began

    def _asking(self, changed: Callable[[Callable[..., Any]], Callable[..., Any]]) -> MethodBatch:
        words = self._seen.words
        if words is not None:
            words = replace(words, read=changed(words.read))
        return replace(self._seen, encode=changed(self._seen.encode), words=words)

    def _recorded(self, ask: Callable[..., Any]) -> Callable[..., Any]:
        def answer(*given: Any) -> Any:
            began = time.process_time()
            found = ask(*given)
            self.spent += time.process_time() - began
            if isinstance(found, View):
                found = View(*(t.requires_grad_() for t in (found.patches, found.features)))
            self._answers.append(found)
            return found

        return answer


if __name__ == "__main__":
    main()
