"""The smallest method: shows what a file holds, and lets the battery be tested on its faults."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.methods._base import Method, MethodBatch, MethodCard, MethodOptions, Shapes, option


@dataclass(frozen=True)
class ToyOptions(MethodOptions):
    """Of the toy."""

    weight: float = option(1.0, "Of the only part.", min=0)
    pooling: str = option("max", "How regions become one score.", choices=("max", "mean"))
    both_ways: bool = option(True, "Ask which phrase as well as which image.")


class Toy(Method):
    """Cross-entropy of the image to which each phrase belongs, by its best region."""

    card = MethodCard(
        title="Toy",
        paper="Nobody, 2026",
        year=2026,
        kind="objective",
        equation="-log softmax_b max_r <x_br, t_p>",
        intuition="A phrase should fit its own image best.",
        needs=frozenset({"sentences"}),
        needs_batch=2,
    )
    Options = ToyOptions

    def __init__(self, options: ToyOptions, shapes: Shapes) -> None:
        super().__init__(options, shapes)
        self.log_scale = nn.Parameter(torch.tensor(2.0))

    def forward(self, batch: MethodBatch) -> dict[str, Tensor]:
        """See `Method.forward`."""
        mine = batch.owned
        cosines = torch.einsum("brd,pd->bpr", batch.regions, batch.phrases[mine])
        best = cosines.amax(2) if self.options.pooling == "max" else cosines.mean(2)
        scores = best.T * self.log_scale.exp()
        return {"toy": self.options.weight * F.cross_entropy(scores, batch.owner[mine])}


METHOD = Toy
