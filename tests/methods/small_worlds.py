"""Small worlds with a truth: bags of regions in which concepts stand, and sentences that name them.

A radiograph is sixteen regions, three of which show one of twelve concepts each; its report is
three sentences, one a concept. The towers are two linear projections. A sentence points right when
its concept's region has the highest cosine.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.methods._base import Method, MethodBatch

from .by_hand import batch

CONCEPTS, SENTENCES, SIDE, CHANNELS, DIMENSION = 12, 3, 4, 32, 16


@dataclass(frozen=True)
class Bags:
    """Region features (B, 4, 4, C), sentence features (3 B, C), concepts and places (3 B,)."""

    regions: Tensor
    sentences: Tensor
    concept: Tensor
    place: Tensor


class World:
    """Draws bags; the same seed gives the same world."""

    def __init__(self, *, noise: float, seed: int = 0) -> None:
        self.generator = torch.Generator().manual_seed(seed)
        self.noise = noise
        self.seen = torch.randn(CONCEPTS, CHANNELS, generator=self.generator)
        self.named = torch.randn(CONCEPTS, CHANNELS, generator=self.generator)

    def draw(self, count: int) -> Bags:
        draws = torch.rand(2, count, max(CONCEPTS, SIDE**2), generator=self.generator)
        concept = draws[0, :, :CONCEPTS].topk(SENTENCES).indices
        place = draws[1, :, : SIDE**2].topk(SENTENCES).indices
        regions = self.noise * torch.randn(count, SIDE**2, CHANNELS, generator=self.generator)
        regions.scatter_add_(1, place[..., None].expand(-1, -1, CHANNELS), self.seen[concept])
        words = self.named[concept]
        words = words + 0.3 * torch.randn(words.shape, generator=self.generator)
        return Bags(
            regions.unflatten(1, (SIDE, SIDE)),
            words.flatten(0, 1),
            concept.flatten(),
            place.flatten(),
        )


class Towers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.image = nn.Linear(CHANNELS, DIMENSION)
        self.text = nn.Linear(CHANNELS, DIMENSION)

    def patches(self, regions: Tensor) -> Tensor:
        return F.normalize(self.image(regions), dim=-1)

    def phrases(self, sentences: Tensor) -> Tensor:
        return F.normalize(self.text(sentences), dim=-1)


def train(
    method: Method, world: World, *, steps: int, images: int = 32, rate: float = 0.01
) -> Towers:
    """Train linear towers with a method on bags drawn anew each step."""
    torch.manual_seed(0)
    towers = Towers()
    optimiser = torch.optim.Adam([*towers.parameters(), *method.parameters()], lr=rate)
    for step in range(steps):
        data = batch_of(towers, world.draw(images), step=step, steps=steps)
        optimiser.zero_grad()
        torch.stack(list(method(data).values())).sum().backward()
        optimiser.step()
        method.after_step(data.detach())
    return towers


def batch_of(towers: Towers, bags: Bags, *, step: int, steps: int) -> MethodBatch:
    images = len(bags.regions)
    owner = torch.arange(images).repeat_interleave(SENTENCES)
    return replace(
        batch(owner.tolist(), images=images, grid=SIDE, dimension=DIMENSION),
        patches=towers.patches(bags.regions),
        features=bags.regions,
        phrases=towers.phrases(bags.sentences),
        phrase_features=bags.sentences,
        text_id=bags.concept,
        step=step,
        steps=steps,
        seed=step,
    )


@torch.no_grad()
def pointing(towers: Towers, world: World, *, images: int = 200) -> float:
    """Share of sentences whose region has the highest cosine; chance is 1 / 16."""
    bags = world.draw(images)
    owner = torch.arange(images).repeat_interleave(SENTENCES)
    regions = towers.patches(bags.regions).flatten(1, 2)[owner]
    best = (regions * towers.phrases(bags.sentences)[:, None]).sum(-1).argmax(1)
    return (best == bags.place).float().mean().item()
