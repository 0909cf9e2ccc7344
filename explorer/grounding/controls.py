"""Controls beside every map: does it depend on its phrase, and does it stand out from null ones?"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explorer.entities import (
    NO_REFERENCE,
    NOT_CHECKED,
    Assertion,
    ImageCheck,
    PhraseControls,
    SimilarityMap,
    Standing,
)

# Below this many standard deviations a peak does not stand out: about 1 null phrase in 40.
MIN_NULL_Z = 2.0
# A map closer than this to that of a nonsense phrase says more about the image than the phrase.
MAX_NONSENSE_CORRELATION = 0.8
# Null peaks of a clear image may all lie within a hair of 0; without a floor any peak, however
# low, would count as far away from them. In units of the calibrated score.
MIN_NULL_STD = 0.02
# A map whose values differ by less is the same everywhere.
_LEAST_SPREAD = 1e-6


def measure_controls(
    map: SimilarityMap,
    *,
    nonsense: SimilarityMap,
    negated: SimilarityMap | None,
    swapped: SimilarityMap | None,
    null_peaks: ArrayLike,
    assertion: Assertion = "present",
    check: ImageCheck | None = None,
    standing: Standing = NO_REFERENCE,
) -> PhraseControls:
    """Compare a map with the maps of control phrases and decide whether to abstain.

    Args:
        map: Of the phrase in question.
        nonsense: Of a nonsense phrase on the same image.
        negated: Of the negated phrase; None when it cannot be negated.
        swapped: Of the side-swapped phrase; None when no side is said.
        null_peaks: (N,) peak scores of null phrases on the same image, at least one.
        assertion: What the phrase states of its finding.
        check: What the image looks like; None leaves this rule out.
        standing: Among the reference films of the checkpoint.

    Returns:
        The controls, with one sentence for each reason to abstain.
    """
    controls = (nonsense, negated, swapped)
    others = [control.cosine for control in controls if control is not None]
    found = iter(correlations(map.cosine, others))
    to_nonsense = next(found)
    to_negated, to_swapped = (None if c is None else next(found) for c in controls[1:])
    peak, z = map.peak, null_z(map, null_peaks)
    constant = _is_constant(map.cosine)
    reasons = (
        *_phrase_reasons(assertion),
        *_image_reasons(check),
        *(_standing_reasons(standing) if assertion != "absent" else ()),
        *_map_reasons(
            map, constant=constant, peak=peak, z=z, to_nonsense=to_nonsense, standing=standing
        ),
    )
    return PhraseControls(
        nonsense=to_nonsense,
        negated=to_negated,
        swapped=to_swapped,
        sensitivity=sensitivity([to_nonsense, to_negated, to_swapped], constant=constant),
        null_z=z,
        abstain=bool(reasons),
        reasons=reasons,
        calibrated=map.calibrated,
    )


def correlation(first: NDArray[np.floating], second: NDArray[np.floating]) -> float:
    """Pearson correlation of two maps of one shape, in [-1, 1].

    Places where either is NaN are left out; 0 when fewer than two remain or one is constant.
    """
    if first.shape != second.shape:
        raise ValueError(f"Maps must have one shape, got {first.shape} and {second.shape}.")
    a, b = first.astype(np.float64).ravel(), second.astype(np.float64).ravel()
    if not np.isfinite(a.sum() + b.sum()):  # one sum finds what is missing quicker than a look
        both = np.isfinite(a) & np.isfinite(b)
        a, b = a[both], b[both]
    if a.size < 2 or _is_constant(a) or _is_constant(b):
        return 0.0
    a, b = a - a.mean(), b - b.mean()
    r = float(a @ b / np.sqrt((a @ a) * (b @ b)))
    return min(1.0, max(-1.0, r))


def correlations(
    first: NDArray[np.floating], others: Sequence[NDArray[np.floating]]
) -> list[float]:
    """As `correlation`, of a map with several others, which are looked at all at once."""
    if any(other.shape != first.shape for other in others):
        return [correlation(first, other) for other in others]  # raises
    maps = np.stack([first, *others], dtype=np.float64).reshape(1 + len(others), -1)
    spread = maps.max(axis=1) - maps.min(axis=1) if first.size > 1 else np.zeros(len(maps))
    if not (np.isfinite(spread).all() and (spread >= _LEAST_SPREAD).all()):
        return [correlation(first, other) for other in others]
    maps -= maps.mean(axis=1, keepdims=True)
    products = maps @ maps[0]
    squares = np.einsum("mp,mp->m", maps, maps)
    r = products[1:] / np.sqrt(squares[0] * squares[1:])
    return [float(value) for value in np.clip(r, -1.0, 1.0)]


def sensitivity(correlations: Sequence[float | None], *, constant: bool = False) -> float:
    """Roll control correlations into one gauge, in [0, 1].

    sensitivity = 1 - mean(max(0, r)) over the controls that exist: 0 when every control phrase
    gives the same map, 1 when none gives a similar one. Correlations below 0 count as 0: an
    opposite map is as good a sign as an unrelated one. A constant map is 0, it shows nothing.
    """
    known = [max(0.0, r) for r in correlations if r is not None]
    if constant or not known:
        return 0.0
    return 1.0 - sum(known) / len(known)


def null_z(map: SimilarityMap, null_peaks: ArrayLike) -> float:
    """Peak score of a map above the mean of null peaks, in their standard deviations.

    The standard deviation (population) is taken as at least `MIN_NULL_STD`.
    """
    peaks = np.asarray(null_peaks, dtype=np.float64).ravel()
    if peaks.size == 0 or not np.isfinite(peaks).all():
        raise ValueError(f"null_peaks must hold at least one finite score, got {peaks}.")
    return float((map.peak - peaks.mean()) / max(peaks.std(), MIN_NULL_STD))


def _is_constant(values: NDArray[np.floating]) -> bool:
    if not np.isfinite(values.sum()):
        values = values[np.isfinite(values)]
    return values.size == 0 or float(values.max() - values.min()) < _LEAST_SPREAD


def _phrase_reasons(assertion: Assertion) -> tuple[str, ...]:
    if assertion == "absent":
        return ("The phrase says that the finding is absent, so there is no region to show.",)
    if assertion == "not about the image":
        return ("The phrase does not speak of anything that a radiograph shows.",)
    return ()


def _image_reasons(check: ImageCheck | None) -> tuple[str, ...]:
    if check is None or check.verdict in ("frontal", NOT_CHECKED.verdict):
        return ()
    return (check.message or f"The image looks like this: {check.verdict}.",)


def _standing_reasons(standing: Standing) -> tuple[str, ...]:
    if standing.grade in ("not above normal films", "unknown phrase"):
        return (standing.reason,)
    return ()


def _map_reasons(
    map: SimilarityMap,
    *,
    constant: bool,
    peak: float,
    z: float,
    to_nonsense: float,
    standing: Standing,
) -> tuple[str, ...]:
    if constant:
        return ("The map is the same everywhere, so it points nowhere.",)
    reasons = []
    kind = "" if map.calibrated else " (not calibrated)"
    # Where there are reference films they know better what a usual score is.
    if standing.grade == "no reference" and z < MIN_NULL_Z:
        reasons.append(
            f"The map does not stand out: its peak of {peak:.2f}{kind} lies {abs(z):.1f} standard "
            f"deviations {'above' if z >= 0 else 'below'} phrases about nothing; "
            f"{MIN_NULL_Z:g} above are needed."
        )
    if to_nonsense > MAX_NONSENSE_CORRELATION:
        reasons.append(
            f"The map is nearly the one of a nonsense phrase (correlation {to_nonsense:.2f}, at "
            f"most {MAX_NONSENSE_CORRELATION:g} is accepted), so it hardly depends on the words."
        )
    return tuple(reasons)
