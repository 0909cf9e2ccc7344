"""A toy of bags for the promises of papers: 16 regions, of which 3 show what 3 sentences name.

Image and text vectors of a concept are unrelated, so encoders must learn from pairs alone which
region a sentence speaks of. All sizes are small: some hundred steps take a second on one core.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.methods._base import Method, MethodBatch, Shapes

from .batches import make_batch

CONCEPTS, REGIONS, SENTENCES, RAW, SIZE = 12, 16, 3, 24, 16
SHAPES = Shapes(dimension=SIZE, features=RAW, text_features=RAW, grid=(4, 4), images=64)


@dataclass(frozen=True)
class Bags:
    """Studies before any encoder.

    Attributes:
        regions: (B, R, raw) of which three show a concept and the others noise.
        sentences: (B, S, raw).
        concept: (B, S) that each sentence names.
        place: (B, S) the region that shows it.
    """

    regions: Tensor
    sentences: Tensor
    concept: Tensor
    place: Tensor


def draw(count: int, *, generator: torch.Generator, noise: float, concepts: Tensor) -> Bags:
    concept = torch.rand(count, CONCEPTS, generator=generator).argsort(1)[:, :SENTENCES]
    place = torch.rand(count, REGIONS, generator=generator).argsort(1)[:, :SENTENCES]
    regions = noise * torch.randn(count, REGIONS, RAW, generator=generator)
    rows = torch.arange(count)[:, None]
    regions[rows, place] += concepts[0][concept]
    words = torch.randn(count, SENTENCES, RAW, generator=generator)
    return Bags(regions, concepts[1][concept] + 0.5 * words, concept, place)


class Towers(nn.Module):
    """Linear encoders of regions and of sentences into one space."""

    def __init__(self) -> None:
        super().__init__()
        self.image, self.text = nn.Linear(RAW, SIZE), nn.Linear(RAW, SIZE)

    def batch(self, bags: Bags, *, seed: int, **changes: object) -> MethodBatch:
        """The step that a method sees."""
        count = len(bags.regions)
        patches = F.normalize(self.image(bags.regions), dim=-1)
        phrases = F.normalize(self.text(bags.sentences), dim=-1).flatten(0, 1)
        owner = torch.arange(count).repeat_interleave(SENTENCES)
        step = replace(
            _blank(count),
            patches=patches.unflatten(1, (4, 4)),
            features=bags.regions.unflatten(1, (4, 4)),
            phrases=phrases,
            phrase_features=bags.sentences.flatten(0, 1),
            owner=owner,
            written_for=owner,
            text_id=bags.concept.flatten(),
            study=torch.arange(count),
            seed=seed,
        )
        return replace(step, **changes)  # type: ignore[arg-type]


@cache
def _blank(count: int) -> MethodBatch:
    return make_batch(0, images=count)


def learn(
    method: Method,
    *,
    seed: int,
    steps: int,
    batch: int = 32,
    noise: float = 1.7,
    rate: float = 5e-3,
) -> tuple[Towers, Callable[[int], Bags]]:
    """Train encoders with a method; also what draws further studies of the same world."""
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    concepts = torch.randn(2, CONCEPTS, RAW, generator=generator)
    towers = Towers()
    optimizer = torch.optim.Adam([*towers.parameters(), *method.parameters()], lr=rate)
    for step in range(steps):
        bags = draw(batch, generator=generator, noise=noise, concepts=concepts)
        loss = torch.stack(list(method(towers.batch(bags, seed=seed * 7919 + step)).values())).sum()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(towers.parameters(), 1.0)
        optimizer.step()

    def more(count: int) -> Bags:
        return draw(count, generator=generator, noise=noise, concepts=concepts)

    return towers, more


def pointing(towers: Towers, bags: Bags, scores: Callable[[Tensor, Tensor], Tensor]) -> float:
    """Share of sentences whose best region, by `scores` (B, P, R), is the one that shows it."""
    with torch.no_grad():
        step = towers.batch(bags, seed=0)
        maps = scores(step.regions, step.phrases)
        own = maps[step.owner, torch.arange(len(step.owner))]
        return (own.argmax(1) == bags.place.flatten()).float().mean().item()
