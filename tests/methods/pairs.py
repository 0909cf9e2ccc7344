"""A toy of pairs for the promises of papers: an image and a sentence that share what they are of.

One vector stands for an image and one for its sentence: two noisy views of the same hidden numbers
(`hidden`), or, for reports that say several things, of the same findings (`findings`).
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.methods._base import Method, MethodBatch, Shapes

from .batches import make_batch

RAW, SIZE, HIDDEN, FINDINGS = 24, 16, 12, 8
SHAPES = Shapes(dimension=SIZE, features=RAW, text_features=RAW, grid=(1, 1), images=64)


class Towers(nn.Module):
    """Encoders of images and sentences: two layers each."""

    def __init__(self) -> None:
        super().__init__()
        self.image, self.text = (
            nn.Sequential(nn.Linear(RAW, 64), nn.ReLU(), nn.Linear(64, SIZE)) for _ in range(2)
        )

    def vectors(self, images: Tensor, texts: Tensor) -> tuple[Tensor, Tensor]:
        return F.normalize(self.image(images), dim=-1), F.normalize(self.text(texts), dim=-1)

    def batch(
        self, images: Tensor, texts: Tensor, *, owner: Tensor, text_id: Tensor, seed: int
    ) -> MethodBatch:
        """The step that a method sees: a grid of one patch."""
        count = len(images)
        patches, phrases = self.vectors(images, texts)
        return replace(
            _blank(count),
            patches=patches[:, None, None],
            features=images[:, None, None],
            phrases=phrases,
            phrase_features=texts,
            owner=owner,
            written_for=owner,
            text_id=text_id,
            study=torch.arange(count),
            seed=seed,
        )


@cache
def _blank(count: int) -> MethodBatch:
    return make_batch(0, images=count)


class World:
    """Draws pairs; the same seed gives the same world."""

    def __init__(self, seed: int, *, noise: float) -> None:
        self.draw = torch.Generator().manual_seed(seed)
        self.noise = noise
        self.views = self.normal(2, HIDDEN, RAW) / HIDDEN**0.5
        self.signs = self.normal(2, FINDINGS, RAW)

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self.draw)

    def hidden(self, count: int) -> tuple[Tensor, Tensor]:
        """Images and texts (count, raw) of the same hidden numbers."""
        shared = self.normal(count, HIDDEN)
        return (
            shared @ self.views[0] + self.noise * self.normal(count, RAW),
            shared @ self.views[1] + self.noise * self.normal(count, RAW),
        )

    def findings(self, count: int) -> tuple[Tensor, Tensor]:
        """Images (count, raw) that each show some of eight findings, and which (count, 8)."""
        shown = torch.rand(count, FINDINGS, generator=self.draw) < 0.6
        shown[torch.arange(count), torch.randint(FINDINGS, (count,), generator=self.draw)] = True
        images = shown.float() @ self.signs[0] + 3 * self.noise * self.normal(count, RAW)
        return images, shown

    def sentences(self, finding: Tensor) -> Tensor:
        """A sentence (N, raw) for each of N findings."""
        return self.signs[1][finding] + self.noise * self.normal(len(finding), RAW)


def learn(
    method: Method,
    step: Callable[[Towers, int], MethodBatch],
    *,
    seed: int,
    steps: int,
    rate: float = 3e-3,
) -> Towers:
    """Train encoders with a method on the steps that `step` makes."""
    torch.manual_seed(seed)
    towers = Towers()
    optimizer = torch.optim.Adam([*towers.parameters(), *method.parameters()], lr=rate)
    for number in range(steps):
        batch = step(towers, seed * 7919 + number)
        loss = torch.stack(list(method(batch).values())).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return towers


def recall_at_1(
    method: Method, *, seed: int, size: int, samples: int, among: int = 500, noise: float = 0.3
) -> float:
    """Share of images that find their own text first, after a training on so many pairs."""
    world = World(seed, noise=noise)

    def step(towers: Towers, number: int) -> MethodBatch:
        images, texts = world.hidden(size)
        every = torch.arange(size)
        return towers.batch(images, texts, owner=every, text_id=every, seed=number)

    towers = learn(method, step, seed=seed, steps=samples // size, rate=1e-3)
    with torch.no_grad():
        images, texts = towers.vectors(*world.hidden(among))
        return ((images @ texts.T).argmax(1) == torch.arange(among)).float().mean().item()


def zero_shot_auroc(method: Method, *, seed: int, steps: int, whole: bool) -> float:
    """Mean over findings of how well the cosine with its sentence tells who has it.

    Args:
        method: Trains the encoders.
        seed: Of the world and the encoders.
        steps: Of 32 images.
        whole: The encoder reads a report as one text, not a sentence at a time.
    """
    world = World(seed, noise=0.5)

    def step(towers: Towers, number: int) -> MethodBatch:
        images, shown = world.findings(32)
        owner, finding = shown.nonzero().T
        texts = world.sentences(finding)
        if whole:
            total = torch.zeros(32, RAW).index_add(0, owner, texts)
            texts, owner, finding = total / shown.sum(1, keepdim=True), *[torch.arange(32)] * 2
        return towers.batch(images, texts, owner=owner, text_id=finding, seed=number)

    towers = learn(method, step, seed=seed, steps=steps)
    with torch.no_grad():
        images, shown = world.findings(600)
        vectors, prompts = towers.vectors(images, world.signs[1])
        cosines = vectors @ prompts.T
    return sum(auroc(cosines[:, f], shown[:, f]) for f in range(FINDINGS)) / FINDINGS


def auroc(scores: Tensor, present: Tensor) -> float:
    """Share of pairs in which the one that has it scores higher."""
    return (scores[present][:, None] > scores[~present]).float().mean().item()
