"""What is measured of prototypes: concentration, share of mere position, purity, stability."""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from explorer.entities import Float32
from explorer.prototypes.records import NOWHERE, Assignments, Purity

TEMPERATURE = 0.2
_SMOOTH = 10  # PCL's alpha: keeps small prototypes from looking tight
_DEGREE = 3  # of the polynomial of x and y that stands for position
_SAMPLES, _SAMPLE_SHARE = 5, 0.8


def concentration(
    distances: Sequence[NDArray[np.floating]], *, temperature: float = TEMPERATURE
) -> NDArray[np.float64]:
    """(K,) PCL's phi (Li et al., 2021, eq. 12, as their code scales it).

    Mean distance to the centre over log(n + 10); a prototype of one point takes the largest value;
    cut at the 10th and 90th percentile; scaled so that the mean is the temperature.

    Args:
        distances: For each prototype, Euclidean distances of its points to their mean.
        temperature: Mean of the result, > 0.

    >>> concentration([np.array([1.0, 1.0]), np.array([1.0, 1.0])]).tolist()
    [0.2, 0.2]
    """
    raw = np.array([d.mean() / np.log(len(d) + _SMOOTH) if len(d) > 1 else 0.0 for d in distances])
    raw[[len(d) <= 1 for d in distances]] = raw.max(initial=0.0)
    if not raw.size or raw.max() <= 0:
        return np.full(raw.shape, temperature)
    raw = raw.clip(*np.percentile(raw, (10, 90)))
    return np.asarray(temperature * raw / raw.mean(), dtype=np.float64)


def position_shares(likeness: Float32, places: Float32) -> NDArray[np.float64]:
    """(K,) share of the variance of each column that a cubic polynomial of place explains, [0, 1].

    Args:
        likeness: (N, K) cosine of every point with every prototype.
        places: (N, 2) x and y of the points, each in [0, 1].
    """
    x, y = (places.astype(np.float64) - 0.5).T
    powers = [(i, j) for i in range(_DEGREE + 1) for j in range(_DEGREE + 1 - i)]
    terms = np.stack([x**i * y**j for i, j in powers], axis=1)
    values = likeness.astype(np.float64)
    fitted = terms @ np.linalg.lstsq(terms, values, rcond=None)[0]
    variance = values.var(axis=0)
    explained = 1 - (values - fitted).var(axis=0) / np.maximum(variance, 1e-12)
    return np.where(variance > 1e-12, explained.clip(0, 1), 0.0)


def purity_of(
    members: NDArray[np.intp], findings: Sequence[tuple[str, ...] | None]
) -> Purity | None:
    """The finding that sets members apart: the largest excess over its share of all points.

    Args:
        members: Rows.
        findings: Of every point; points with None do not count.
    """
    known = [found for found in findings if found is not None]
    inside = [found for row in members if (found := findings[row]) is not None]
    if not inside or not any(known):
        return None
    everywhere = Counter(name for found in known for name in set(found))
    here = Counter(name for found in inside for name in set(found))
    shares = {n: (here[n] / len(inside), everywhere[n] / len(known)) for n in sorted(everywhere)}
    name = max(shares, key=lambda n: shares[n][0] - shares[n][1])
    return Purity(name, *shares[name])


def stability(
    vectors: Float32,
    assignments: Assignments,
    cluster: Callable[[Float32, int], Assignments],
    *,
    seed: int,
) -> float:
    """Mean adjusted Rand index with clusterings of five samples of four fifths of the points.

    Samples are drawn without putting back: the same point twice would be a cluster of its own.

    Args:
        vectors: (N, D) that were clustered.
        assignments: What came of it.
        cluster: Clusters vectors with a seed.
        seed: Of the samples.

    Returns:
        1 when samples give the same prototypes, about 0 when they agree by chance.
    """
    from sklearn.metrics import adjusted_rand_score

    rng = np.random.default_rng([seed, 5])
    found = []
    for number in range(_SAMPLES):
        rows = np.sort(rng.permutation(len(vectors))[: round(_SAMPLE_SHARE * len(vectors))])
        again = cluster(vectors[rows], seed + 1 + number)
        in_both = (again != NOWHERE) & (assignments[rows] != NOWHERE)
        if in_both.any():
            found.append(adjusted_rand_score(assignments[rows][in_both], again[in_both]))
    return float(np.mean(found)) if found else 0.0
