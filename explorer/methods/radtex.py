r"""RadTex: learn to see by writing the report, forwards and backwards.

Paper: K. Quigley, M. Cha, R. Liao, G. Chauhan, S. Horng, S. Berkowitz, P. Golland, "RadTex:
Learning Efficient Radiograph Representations from Text Reports", MILLanD at MICCAI 2022,
arXiv 2208.03218, on K. Desai, J. Johnson, "VirTex", CVPR 2021, arXiv 2006.06666.

Equation: mean over the words of $-\log p(w_t | w_{<t}, image) - \log p(w_t | w_{>t}, image)$.

Intuition: who can write the report has seen what it speaks of, and where the decoder looks while it
writes a word is a map of that word.

Deviations: one sentence of the report is written at a time; the decoder is small (the paper's sizes
were not read); the decoder reads the features before the projection, which captioning alone never
trains, so a further part teaches the cosine of phrase and patches where the decoder looked: the
checkpoint's similarity maps then show what the captioner saw.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from explorer.methods._attention import Asked
from explorer.methods._base import (
    Method,
    MethodBatch,
    MethodCard,
    MethodOptions,
    Shapes,
    View,
    WordBatch,
    option,
)
from explorer.methods._captioner import MOST_PIECES, Captioner, turned_round
from explorer.methods._scores import coarse, pick
from explorer.methods._vectors import at_least_float32, phrase_bags


def caption_loss(
    states: Tensor,
    ids: Tensor,
    mask: Tensor,
    *,
    name: Callable[[Tensor], Tensor] = lambda logits: logits,
) -> Tensor:
    """Cross-entropy of each piece given those before, mean over all pieces of all sentences.

    Args:
        states: After each piece (N, T, H).
        ids: Word pieces (N, T); the first is given, not guessed.
        mask: (N, T) True for pieces that exist.
        name: From states to logits (..., V); only those of pieces to guess are asked for.

    Returns:
        In nats a piece; 0 where there is none to guess.

    >>> caption_loss(torch.zeros(1, 2, 4), torch.tensor([[2, 3]]), torch.ones(1, 2) > 0)
    tensor(1.3863)
    """
    guessed = mask[:, 1:]
    if not guessed.any():
        return states.sum() * 0.0
    logits = at_least_float32(name(states[:, :-1][guessed]))
    return F.cross_entropy(logits, ids[:, 1:][guessed])


def look_loss(cosines: Tensor, looked: Tensor, *, temperature: float) -> Tensor:
    """Cross-entropy of the softmax of cosines with where the decoder looked, as far as it chose.

    Each sentence weighs 1 - H / log R, with H the entropy of where it looked: a decoder that looks
    everywhere teaches nothing.

    Args:
        cosines: Of each phrase with the R > 1 regions of its image (N, R).
        looked: Attention (N, R), rows sum to 1.
        temperature: Divisor of the cosines.

    >>> look_loss(torch.zeros(1, 2), torch.tensor([[1.0, 0.0]]), temperature=0.1)
    tensor(0.6931)
    >>> look_loss(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.5, 0.5]]), temperature=0.1).abs()
    tensor(0.)
    """
    looked = at_least_float32(looked)
    log_share = F.log_softmax(at_least_float32(cosines) / temperature, 1)
    entropy = -torch.xlogy(looked, looked).sum(1)
    chose = (1 - entropy / math.log(max(2, looked.shape[1]))).clamp(min=0)
    return -(chose * (looked * log_share).sum(1)).mean()


@dataclass(frozen=True)
class RadTexOptions(MethodOptions):
    """Settings of RadTex; sizes are ours."""

    width: int = option(64, "Width of the decoder, a multiple of its heads.", min=4)
    heads: int = option(4, "Heads of its attention.", min=1)
    side: int = option(16, "Regions along each side that the decoder sees, at most.", min=1)
    forwards: float = option(1.0, "Weight of reading forwards.", min=0)
    backwards: float = option(1.0, "Weight of reading backwards.", min=0)
    maps: float = option(0.1, "Weight of teaching cosines where the decoder looked.", min=0)
    temperature: float = option(0.1, "Divisor of those cosines.", above=0)


class RadTex(Method):
    """Captioning in two directions; owns the decoder."""

    card = MethodCard(
        title="RadTex",
        paper="K. Quigley, M. Cha, R. Liao, G. Chauhan, S. Horng, S. Berkowitz, P. Golland, "
        "RadTex: Learning Efficient Radiograph Representations from Text Reports, 2022, "
        "arXiv 2208.03218",
        year=2022,
        kind="objective",
        equation="mean over words of -log p(word | words before, image) - log p(word | words "
        "after, image)",
        intuition="Who can write the report has seen what it speaks of; where the decoder looks "
        "while it writes a word is a map of that word.",
        ours=(
            "One sentence of the report is written at a time, drawn anew each step.",
            "A decoder of one layer a direction and width 64; the paper's sizes were not read.",
            "Cosines of phrase and patches are taught where the decoder looked, the more the "
            "more it chose, or the projections would learn nothing.",
        ),
        needs=frozenset({"sentences", "tokens"}),
    )
    Options = RadTexOptions
    order_matters = "which sentence of a report is written is drawn by place in the batch"

    def __init__(self, options: RadTexOptions, shapes: Shapes) -> None:
        super().__init__(options, shapes)
        width = options.width - options.width % options.heads
        self.captioner = Captioner(
            shapes.features, shapes.vocabulary, width=max(width, options.heads), heads=options.heads
        )

    def forward(self, batch: MethodBatch) -> dict[str, Tensor]:
        """Parts `forwards`, `backwards` and `maps`."""
        words = batch.words
        bags = phrase_bags(batch.owner, use=batch.owner >= 0, count=len(batch.patches))
        chosen, there = pick(*bags, count=1, generator=batch.generator(salt=4))
        images = torch.nonzero(there[:, 0]).flatten()
        if words is None or not len(images):
            return {"forwards": batch.features.sum() * 0.0}
        phrases = chosen[images, 0]
        ids, mask = words.ids[phrases, :MOST_PIECES], words.mask[phrases, :MOST_PIECES]
        features = coarse(batch.features, self.options.side)[images]
        back = turned_round(ids, mask)
        states, looked = self.captioner(features, ids, mask)
        turned, looked_back = self.captioner(features, back, mask, reverse=True)
        where = _mean_over_words(looked, words, ids, mask)
        where = (where + _mean_over_words(looked_back, words, back, mask)) / 2
        patches = coarse(batch.patches, self.options.side)[images]
        cosines = (F.normalize(patches, dim=-1) @ batch.phrases[phrases, :, None])[..., 0]
        told = look_loss(cosines, where.detach(), temperature=self.options.temperature)
        name = self.captioner.name
        return {
            "forwards": self.options.forwards * caption_loss(states, ids, mask, name=name),
            "backwards": self.options.backwards * caption_loss(turned, back, mask, name=name),
            "maps": self.options.maps * told,
        }

    def word_maps(self, features: Tensor, ids: Tensor, mask: Tensor) -> Tensor:
        """Where the decoder looks when it has to write each piece, reading both ways.

        Args:
            features: (h, w, C) of one image, before the projection.
            ids: Word pieces of sentences (P, T).
            mask: (P, T) True for pieces that exist.

        Returns:
            (P, T, h, w), each piece's map with sum 1; the first and the last piece are seen from
            one side only, padding is 0.
        """
        size = features.shape[:2]
        regions = features.flatten(0, 1).expand(len(ids), -1, -1)
        _, looked = self.captioner(regions, ids, mask)
        _, back = self.captioner(regions, turned_round(ids, mask), mask, reverse=True)
        # The piece before looks for this one; padding and the first piece have none before them.
        before = F.pad(looked[:, :-1], (0, 0, 1, 0)) * mask[..., None]
        after = F.pad(back[:, :-1], (0, 0, 1, 0)) * mask[..., None]
        rows = torch.arange(ids.shape[1], device=ids.device).expand_as(ids)
        after = after.gather(1, turned_round(rows, mask)[..., None].expand_as(after))
        both = before + after
        return (both / both.sum(-1, keepdim=True).clamp(min=1e-6)).unflatten(-1, size)

    def attention_map(self, view: View, asked: Asked) -> Tensor:
        """Where the decoder looks while it writes a phrase: (B, P, h, w), sums of 1.

        The mean over its words; a phrase without a word has a map of zeros.
        """
        word = (asked.mask & ~asked.special)[:, :, None, None].to(view.features.dtype)
        maps = [
            (self.word_maps(features, asked.ids, asked.mask) * word).sum(1)
            / word.sum(1).clamp(min=1)
            for features in view.features
        ]
        return torch.stack(maps)


def _mean_over_words(looked: Tensor, words: WordBatch, ids: Tensor, mask: Tensor) -> Tensor:
    """(N, R): mean of where the decoder looked before it wrote each word, special pieces aside."""
    after = ids[:, 1:]
    word = mask[:, 1:] & (after != words.start) & (after != words.end)
    share = word[..., None].to(looked.dtype)
    return (looked[:, :-1] * share).sum(1) / share.sum(1).clamp(min=1)


METHOD = RadTex
