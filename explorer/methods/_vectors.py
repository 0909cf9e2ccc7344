"""One vector for an image, a report, a section; bags of phrases; contrast of two such vectors.

Letters: B images, P phrases of all images in one list, S the most phrases an image has.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from explorer.methods._bounds import bound


def at_least_float32(x: Tensor) -> Tensor:
    """Half precision widened, for sums of exponentials; float32 and float64 as they are."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def image_vectors(patches: Tensor) -> Tensor:
    """Mean of the unit patches (B, h, w, D), made a unit vector again: (B, D).

    Its cosine with a phrase is, up to its norm, the mean of the similarity map, so a method that
    trains it trains the map (Boecking et al., ECCV 2022).
    """
    return F.normalize(patches.mean((1, 2)), dim=-1)


def report_vectors(
    phrases: Tensor, owner: Tensor, *, use: Tensor, count: int
) -> tuple[Tensor, Tensor]:
    """Mean of the phrases in use of each image, made a unit vector.

    Args:
        phrases: Unit phrase embeddings (P, D).
        owner: Image of each phrase (P,); -1 = in no image.
        use: (P,) True for the phrases that count.
        count: Number of images B.

    Returns:
        Vectors (B, D), zeros for images without such a phrase, and (B,) True where there is one.

    >>> report_vectors(torch.eye(2), torch.tensor([1, 1]), use=torch.tensor([True, False]), count=2)
    (tensor([[0., 0.],
            [1., 0.]]), tensor([False,  True]))
    """
    kept = use & (owner >= 0)
    image = owner[kept]
    total = phrases.new_zeros(count, phrases.shape[1]).index_add(0, image, phrases[kept])
    present = torch.bincount(image, minlength=count) > 0
    return F.normalize(total, dim=-1), present


def phrase_bags(owner: Tensor, *, use: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The phrases in use of each image as rows of equal length.

    Returns:
        Index of each phrase (B, S), 0 where there is none, and (B, S) True where there is one;
        phrases keep their order, and S is at least 1.

    >>> phrase_bags(torch.tensor([1, -1, 1]), use=torch.ones(3, dtype=torch.bool), count=2)
    (tensor([[0, 0],
            [0, 2]]), tensor([[False, False],
            [ True,  True]]))
    """
    kept = torch.nonzero(use & (owner >= 0)).flatten()
    kept = kept[torch.argsort(owner[kept], stable=True)]
    image = owner[kept]
    sizes = torch.bincount(image, minlength=count)
    place = torch.arange(len(kept), device=owner.device) - (sizes.cumsum(0) - sizes)[image]
    index = owner.new_zeros(count, max(1, int(sizes.max())))
    index[image, place] = kept
    mask = torch.zeros_like(index, dtype=torch.bool)
    mask[image, place] = True
    return index, mask


def without_copies(owner: Tensor, text: Tensor) -> Tensor:
    """(P,) True for phrases of an image, the first of those with the same text only.

    >>> without_copies(torch.tensor([0, 0, 1, -1]), torch.tensor([7, 7, 7, 7]))
    tensor([ True, False,  True, False])
    """
    pairs = torch.stack([owner, text], 1)
    _, group = torch.unique(pairs, dim=0, return_inverse=True)
    place = torch.arange(len(owner), device=owner.device)
    first = torch.full_like(place, len(owner)).scatter_reduce(0, group, place, "amin")
    return (owner >= 0) & (first[group] == place)


def pair_contrast(
    x: Tensor,
    y: Tensor,
    *,
    present: Tensor,
    negative: Tensor,
    temperature: float,
    estimator: str = "infonce",
    both_ways: float = 0.5,
) -> Tensor:
    """Minus a bound on the mutual information of x and y, row i of the one with row i of the other.

    Args:
        x: Unit vectors (B, D).
        y: Unit vectors (B, D).
        present: (B,) True for pairs that exist.
        negative: (B, B) True where x of the row and y of the column surely do not match.
        temperature: Divisor of the cosine.
        estimator: One of `BOUND_NAMES`.
        both_ways: Weight of the rows as anchors; the rest is that of the columns.

    Returns:
        In nats; 0, with no gradient, where no pair exists or no negative does.

    >>> eye, there = torch.eye(2), torch.ones(2, dtype=torch.bool)
    >>> pair_contrast(eye, eye, present=there, negative=eye == 0, temperature=0.05)
    tensor(-0.6931)
    """
    here = present & present[:, None]
    matched = torch.eye(len(x), dtype=torch.bool, device=x.device) & here
    negative = negative & here
    if not (matched.any() and negative.any()):
        return (x.sum() + y.sum()) * 0.0
    scores = at_least_float32(x) @ at_least_float32(y).T / temperature
    return -bound(estimator, scores, positive=matched, negative=negative, both_ways=both_ways)
