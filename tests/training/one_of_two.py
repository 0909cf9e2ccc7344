"""Takes one step of a tiny model, alone or as one of the processes of `torchrun`.

Run: torchrun --nproc-per-node 2 -m tests.training.one_of_two FOLDER
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from explorer.training import parallel
from explorer.training.config import TrainingConfig
from explorer.training.drawing import Pools, draw
from explorer.training.loop import train
from explorer.training.phrase_memory import PhraseMemory
from explorer.training.state import TrainingState
from explorer.training.step_batch import Towers, step_batch

from .. import tiny_model  # noqa: TID252 - "tests" may be another package elsewhere
from .studies import labelled_study, square_study

# Five images: two for one process, three for the other. Two batches a step.
CONFIG = TrainingConfig(
    image_size=64,
    warm_size=64,
    steps=1,
    boxed=2,
    weak=1,
    phantoms=2,
    accumulate=2,
    warm_up=1,
    precision="float32",
    save_every=1,
)
POOLS = Pools(
    boxed=[square_study(), square_study("Effusion", row=280, labels=frozenset({"Effusion"}))],
    weak=[labelled_study("Cardiomegaly"), labelled_study()],
    phantoms=[square_study(exact=True, labels=None, texts=("right mass", "mass"))],
)


class WideMemory(PhraseMemory):
    """Vectors in float64."""

    def __call__(self, phrases: Sequence[str]) -> Tensor:
        return super().__call__(phrases).double()


def run(folder: Path) -> None:
    """Write state.pt, the figures of the step, and exact gradients into a folder."""
    model = tiny_model.model()
    said: dict[int, dict[str, float]] = {}
    with parallel.joined() as members:
        train(
            model,
            POOLS,
            CONFIG,
            memory=PhraseMemory(model.text_encoder, tiny_model.tokenizer()),
            folder=folder,
            report=said.__setitem__,
        )
        exact = gradients(members)
        if members.first:
            (folder / "figures.json").write_text(json.dumps(said), encoding="utf-8")
            torch.save(exact, folder / "gradients.pt")


def gradients(members: parallel.ProcessGroup) -> dict[str, Tensor]:
    """Of the whole loss, with the image tower in float64: an untrained one magnifies rounding."""
    model = tiny_model.model()
    batch = draw(POOLS, CONFIG, 0)
    state = TrainingState.begin(model, CONFIG)
    model.double()
    memory = WideMemory(model.text_encoder, tiny_model.tokenizer())
    towers = Towers(model, memory, members, "float32")
    batch.pixels = batch.pixels.astype(np.float64)
    torch.manual_seed(0)
    with parallel.joined_layers(model.image_encoder, members, count=len(batch.pixels)):
        seen = step_batch(batch, towers, needs=(), step=0, steps=1, seed=0)
        torch.stack(list(state.method(seen).values())).sum().backward()
    members.average_gradients(model.parameters())
    return {n: p.grad for n, p in model.named_parameters() if p.grad is not None}


if __name__ == "__main__":
    run(Path(sys.argv[1]))
