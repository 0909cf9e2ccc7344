"""Made-up steps for tests of methods: images of known concepts, and phrases that name them.

Every concept has one direction in the joint space; an image shows some concepts in some cells, on
top of a style of its own, and each of its phrases names one. So what a method should find is there,
without a tower. Sizes are tiny; draws come from the seed alone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.methods._base import (
    NOWHERE,
    MethodBatch,
    Shapes,
    StatementBatch,
    View,
    WordBatch,
)

CONCEPTS, DIMENSION, FEATURES, TEXT, GRID, CELL = 12, 16, 20, 24, 4, 8
LABELS, VOCABULARY, IMAGES = 6, 5 + 12 + 8, 40
SHAPES = Shapes(
    dimension=DIMENSION,
    features=FEATURES,
    text_features=TEXT,
    grid=(GRID, GRID),
    images=IMAGES,
    vocabulary=VOCABULARY,
    labels=LABELS,
)


class LinearScorer(nn.Module):
    """A learned scale and biases around cosines, log-mean-exp over regions."""

    def __init__(self) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.tensor(2.3))
        self.bias = nn.Parameter(torch.tensor(-3.0))
        self.pooled_bias = nn.Parameter(torch.tensor(3.0))

    def logits(self, patches: Tensor, phrases: Tensor) -> Tensor:
        cosines = torch.einsum("bhwd,pd->bphw", patches, phrases)
        return cosines * self.log_scale.exp() + self.bias

    def pooled(self, logits: Tensor) -> Tensor:
        flat = logits.flatten(2)
        return flat.logsumexp(2) - math.log(flat.shape[2]) + self.pooled_bias


@dataclass(frozen=True)
class World:
    """What is the same in all batches, float64.

    Attributes:
        codes: (concepts, D) unit directions.
        to_features, to_text, to_image: Linear maps of the joint space, of features to pixels.
        table: (vocabulary, Ct) vectors of word pieces.
    """

    codes: Tensor
    to_features: Tensor
    to_text: Tensor
    to_image: Tensor
    table: Tensor


@cache
def world() -> World:
    draw = torch.Generator().manual_seed(7)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=draw, dtype=torch.float64)

    codes = F.normalize(normal(CONCEPTS, DIMENSION), dim=1)
    to_text = normal(DIMENSION, TEXT) / math.sqrt(DIMENSION)
    table = normal(VOCABULARY, TEXT)
    table[5 : 5 + CONCEPTS] = codes @ to_text * 4
    return World(
        codes=codes,
        to_features=normal(DIMENSION, FEATURES),
        to_text=to_text,
        to_image=torch.linalg.qr(normal(CELL * CELL, FEATURES))[0].T.contiguous(),
        table=table,
    )


def make_batch(
    seed: int = 0,
    *,
    images: int = 8,
    sentences: int = 3,
    noise: float = 0.4,
    paired: bool = False,
    dtype: torch.dtype = torch.float32,
) -> MethodBatch:
    """One step.

    Args:
        seed: Of all draws.
        images: B.
        sentences: True phrases of each image; two more phrases are true of none, and one is written
            for the first image and false there.
        noise: Deviation of patches and phrases from the directions of their concepts.
        paired: Images 2 i and 2 i + 1 are the frontal and the lateral of one examination.
        dtype: Of all floating-point tensors; drawn in float64 and rounded.
    """
    draw = torch.Generator().manual_seed(seed)
    shown = _shown(images, draw, paired=paired, count=max(sentences, 2))
    cells = torch.stack([torch.randperm(GRID * GRID, generator=draw) for _ in range(images)])
    patches = _patches(shown, cells, draw, noise=noise)
    again = _patches(shown, cells, draw, noise=noise)
    owner, concept, written = _phrases(shown, sentences, draw)
    count = len(owner)
    named = world().codes[concept] + noise * _normal(draw, count, DIMENSION) / 4
    present = _present(shown)
    masks, weight, elsewhere = _places(shown, cells, owner, concept, written)
    place = torch.arange(images)
    features = patches @ world().to_features
    batch = MethodBatch(
        patches=F.normalize(patches, dim=-1),
        features=features,
        phrases=F.normalize(named, dim=-1),
        phrase_features=named @ world().to_text,
        owner=owner,
        written_for=written,
        safe=(~present[:, concept]).double(),
        study=place // 2 if paired else place,
        text_id=concept,
        section=torch.arange(count) % 2 + 1,
        index=torch.randperm(IMAGES, generator=draw)[:images],
        view=place % 2 if paired else torch.zeros_like(place),
        scorer=LinearScorer().to(dtype),
        encode=encode,
        images=_drawn(features),
        masks=masks,
        weight=weight,
        elsewhere=elsewhere,
        weak=_weak(owner),
        words=_words(concept, draw, dtype=dtype),
        second=View(F.normalize(again, dim=-1), again @ world().to_features),
        labels=_labels(present),
        statements=_statements(draw),
        step=3,
        steps=10,
        seed=seed,
    )
    return batch.to(dtype)


def encode(images: Tensor) -> View:
    """The tower of this world: a linear map of every cell of 8 x 8 pixels."""
    flat = F.unfold(images, CELL, stride=CELL).transpose(1, 2)
    features = (flat @ world().to_image.to(flat).T).unflatten(1, (GRID, GRID))
    back = torch.linalg.pinv(world().to_features).to(features)
    return View(F.normalize(features @ back, dim=-1), features)


def shuffled(batch: MethodBatch, *, seed: int = 0) -> MethodBatch:
    """Every cell comes from another image: nothing that belongs together is together any more."""
    draw = torch.Generator().manual_seed(seed)
    count, height, width = batch.patches.shape[:3]
    source = torch.stack(
        [torch.randperm(count, generator=draw) for _ in range(height * width)], 1
    ).view(count, height, width)
    row, column = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    features = batch.features[source, row, column]
    return replace(
        batch,
        patches=batch.patches[source, row, column],
        features=features,
        images=_drawn(features),
    )


def permuted(batch: MethodBatch, *, seed: int = 0) -> MethodBatch:
    """The same step with images and phrases in another order."""
    draw = torch.Generator().manual_seed(seed)
    images = torch.randperm(len(batch.patches), generator=draw)
    phrases = torch.randperm(len(batch.phrases), generator=draw)
    return chosen(batch, images=images.tolist(), phrases=phrases.tolist())


def chosen(batch: MethodBatch, *, images: Sequence[int], phrases: Sequence[int]) -> MethodBatch:
    """Some images and phrases of a step, in this order; phrases of images left out belong to none.

    Numbers are taken anew: owner and weak triples point to the new rows.
    """
    b, p = torch.tensor(images), torch.tensor(phrases)
    new_image, new_phrase = _numbers(b, len(batch.patches)), _numbers(p, len(batch.phrases))
    weak = torch.stack(
        [new_image[batch.weak[:, 0]], new_phrase[batch.weak[:, 1]], batch.weak[:, 2]]
    )
    by_image = ("patches", "features", "study", "index", "view", "images")
    by_phrase = ("phrases", "phrase_features", "text_id", "section", "masks", "weight", "elsewhere")
    changes = {name: getattr(batch, name)[b] for name in by_image}
    changes |= {name: getattr(batch, name)[p] for name in by_phrase}
    changes |= {name: new_image[getattr(batch, name)[p]] for name in ("owner", "written_for")}
    if batch.words is not None:
        parts = {name: getattr(batch.words, name)[p] for name in ("vectors", "ids", "mask")}
        changes["words"] = replace(batch.words, **parts)
    if batch.second is not None:
        changes["second"] = View(batch.second.patches[b], batch.second.features[b])
    if batch.labels is not None:
        changes["labels"] = batch.labels[b]
    return replace(
        batch,
        safe=batch.safe[b][:, p],
        weak=weak.T[(weak[:2] >= 0).all(0)],
        **changes,
    )


def _numbers(kept: Tensor, count: int) -> Tensor:
    """(count + 1,) old number -> new one; -1 for what is left out and, at -1, for none."""
    numbers = torch.full((count + 1,), NOWHERE)
    numbers[kept] = torch.arange(len(kept))
    return numbers


def _normal(draw: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=draw, dtype=torch.float64)


def _shown(images: int, draw: torch.Generator, *, paired: bool, count: int) -> Tensor:
    """(B, count) concepts of each image, all different; the same for both views of a pair."""
    rows = [torch.randperm(CONCEPTS, generator=draw)[:count] for _ in range(images)]
    return torch.stack([rows[i - i % 2] if paired else rows[i] for i in range(images)])


def _present(shown: Tensor) -> Tensor:
    """(B, concepts) whether an image shows a concept."""
    present = torch.zeros(len(shown), CONCEPTS, dtype=torch.bool)
    present[torch.arange(len(shown))[:, None], shown] = True
    return present


def _weak(owner: Tensor) -> Tensor:
    """(N, 3) image, phrase, 1: every phrase that is true of an image, as a label of it."""
    true = (owner != NOWHERE).nonzero()[:, 0]
    return torch.stack([owner[true], true, torch.ones_like(true)], 1)


def _patches(shown: Tensor, cells: Tensor, draw: torch.Generator, *, noise: float) -> Tensor:
    """(B, grid, grid, D) before normalising: each concept in two cells, style everywhere."""
    images, count = shown.shape
    flat = noise * _normal(draw, images, GRID * GRID, DIMENSION) / math.sqrt(DIMENSION)
    style = torch.Generator().manual_seed(int(shown.sum()))
    flat = flat + 0.3 * F.normalize(_normal(style, images, 1, DIMENSION), dim=-1)
    rows = torch.arange(images)[:, None]
    for part in range(2):
        flat[rows, cells[:, part * count : (part + 1) * count]] += world().codes[shown]
    return flat.unflatten(1, (GRID, GRID))


def _phrases(shown: Tensor, sentences: int, draw: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Owner, concept and image it is written for, of every phrase."""
    images = len(shown)
    owner = torch.arange(images).repeat_interleave(sentences)
    concept = shown[:, :sentences].flatten()
    free = [c for c in range(CONCEPTS) if c not in shown[0].tolist()]
    never = torch.randint(CONCEPTS, (2,), generator=draw)
    owner = torch.cat([owner, torch.full((3,), NOWHERE)])
    concept = torch.cat([concept, never, torch.tensor(free[:1])])
    written = torch.cat([owner[:-1], torch.tensor([0])])
    return owner, concept, written


def _places(
    shown: Tensor, cells: Tensor, owner: Tensor, concept: Tensor, written: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    masks = torch.zeros(len(owner), GRID * GRID, dtype=torch.float64)
    for p in (owner != NOWHERE).nonzero()[:, 0].tolist():
        b = int(owner[p])
        place = int((shown[b] == concept[p]).nonzero()[0, 0])
        masks[p, cells[b, [place, place + shown.shape[1]]]] = 1
    masks[-1, cells[0, -2:]] = 1  # the false phrase: if anywhere, there
    weight = (owner != NOWHERE).double()
    elsewhere = ((owner == NOWHERE) & (written != NOWHERE)).double() / 2
    return masks.unflatten(1, (GRID, GRID)), weight, elsewhere


def _drawn(features: Tensor) -> Tensor:
    """Images (B, 1, S, S) whose cells `encode` turns back into these features."""
    flat = features.flatten(1, 2) @ world().to_image.to(features)
    side = GRID * CELL
    return F.fold(flat.transpose(1, 2), (side, side), CELL, stride=CELL)


def _words(concept: Tensor, draw: torch.Generator, *, dtype: torch.dtype) -> WordBatch:
    """[CLS], up to two filler words, the word of the concept, [SEP]."""
    fillers = torch.randint(5 + CONCEPTS, VOCABULARY, (len(concept), 2), generator=draw)
    ids = torch.zeros(len(concept), 5, dtype=torch.long)
    for p, word in enumerate((concept + 5).tolist()):
        row = [2, *fillers[p, : p % 3].tolist(), word, 3]
        ids[p, : len(row)] = torch.tensor(row)
    back = torch.linalg.pinv(world().to_text)

    def read(ids: Tensor, mask: Tensor) -> Tensor:
        return world().table.to(dtype)[ids] * mask[..., None].to(dtype)

    def project(vectors: Tensor) -> Tensor:
        return F.normalize(vectors @ back.to(vectors), dim=-1)

    mask = ids != 0
    return WordBatch(
        vectors=world().table[ids] * mask[..., None],
        ids=ids,
        mask=mask,
        read=read,
        project=project,
    )


def _labels(present: Tensor) -> Tensor:
    labels = present[:, :LABELS].double()
    labels[0, 0] = math.nan
    return labels


def _statements(draw: torch.Generator) -> StatementBatch:
    names = world().codes[:LABELS]
    denials = F.normalize(_normal(draw, LABELS, DIMENSION), dim=-1)
    target = torch.arange(LABELS)
    present = torch.arange(LABELS) % 2 == 0
    words = torch.where(present[:, None], names, denials)
    return StatementBatch(words, names, denials, target, present)
