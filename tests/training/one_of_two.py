"""Takes one step of a tiny model, alone or as one of the processes of `torchrun`.

Run: torchrun --nproc-per-node 2 -m tests.training.one_of_two FOLDER
"""

import json
import sys
from pathlib import Path

import torch
from torch import Tensor

from explorer.training import parallel
from explorer.training.config import TrainingConfig
from explorer.training.drawing import Pools, draw
from explorer.training.loop import train
from explorer.training.losses import losses
from explorer.training.phrase_memory import PhraseMemory

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


def run(folder: Path) -> None:
    """Write state.pt, the figures of the step, and exact gradients into a folder."""
    model = tiny_model.model()
    said: dict[int, dict[str, float]] = {}
    with parallel.joined() as members:
        train(
            model,
            POOLS,
            CONFIG,
            phrase_vectors=PhraseMemory(model.text_encoder, tiny_model.tokenizer()),
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
    vectors = PhraseMemory(model.text_encoder, tiny_model.tokenizer())(batch.phrases)
    model.double().train()
    count = len(batch.pixels)
    torch.manual_seed(0)
    with parallel.joined_layers(model.image_encoder, members, count=count):
        images = torch.from_numpy(batch.pixels[members.share(count)]).double()
        features, _ = model.image_encoder(images)
        patches = members.gather(model.patch_projection(features), count=count)
        phrases = model.phrase_projection(vectors.double())
        torch.stack(list(losses(model, batch, patches, phrases).values())).sum().backward()
    members.average_gradients(model.parameters())
    return {n: p.grad for n, p in model.named_parameters() if p.grad is not None}


if __name__ == "__main__":
    run(Path(sys.argv[1]))
