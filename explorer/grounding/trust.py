"""How far a phrase can be trusted: what one standard deviation of its score is worth.

Scores of "endotracheal tube" hardly tell films with one from others, those of "cardiomegaly" do.
A logistic model of films whose findings are known says how much: the slope of a phrase is a linear
function of its text vector, so that free phrases have one too, and each phrase has an offset of the
same kind, which takes up how common it is and is not kept. Ridge regression holds both near the
mean of all phrases.
"""

import numpy as np
from numpy.typing import NDArray

from explorer.entities import Float32
from explorer.grounding.alignment import Float64

# Penalties of slopes and offsets, on the mean loss of a film and phrase. Chosen on phantoms of a
# training seed, as docs/retrieval.md says.
RIDGE = (1.2e-3, 3.5e-4)
# No phrase counts for nothing, or against what it says.
LEAST_SLOPE = 0.1
_ROUNDS = 60


def fit_trust(odds: Float64, text: Float32, truth: NDArray[np.bool_]) -> Float32:
    """Weights (D + 1,) of the slope, the constant last.

    Args:
        odds: (N, S) log-odds of films for phrases, as standard deviations over the films.
        text: (S, D) vectors of the phrases.
        truth: (N, S) whether the film shows it.
    """
    from scipy.optimize import minimize

    design = np.concatenate([text, np.ones((len(text), 1))], axis=1).astype(np.float64)
    width, cells = design.shape[1], truth.size
    shown = truth.astype(np.float64)
    penalty = np.repeat(RIDGE, width)
    penalty[[width - 1, -1]] = 0  # the means are free

    def loss(weights: Float64) -> tuple[float, Float64]:
        logits = odds * (design @ weights[:width]) + design @ weights[width:]
        wrong = (1 / (1 + np.exp(-logits)) - shown) / cells
        value = float((np.logaddexp(0.0, logits) - shown * logits).sum()) / cells
        gradient = [(wrong * odds).sum(0) @ design, wrong.sum(0) @ design]
        found = np.concatenate(gradient) + penalty * weights
        return value + float(penalty @ weights**2) / 2, found

    start = np.zeros(2 * width)
    start[width - 1], start[-1] = 1.0, -3.0
    best = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _ROUNDS})
    return np.asarray(best.x[:width], dtype=np.float32)


def slopes(trust: Float32 | None, text: Float32) -> Float64:
    """(S,) what log-odds of phrases (S, D) are multiplied by; 1 where nothing was learned."""
    if trust is None:
        return np.ones(len(text))
    found = text.astype(np.float64) @ trust[:-1] + float(trust[-1])
    return np.maximum(found, LEAST_SLOPE)
