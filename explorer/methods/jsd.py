"""Jensen-Shannon: tells matched from mismatched pairs one by one; no value in nats of information.

Paper: Nowozin, Cseke, Tomioka: f-GAN: Training Generative Neural Samplers using Variational
Divergence Minimization. NIPS 2016, arXiv 1606.00709.

Equation: -mean softplus(-S+) - mean softplus(S-).

Intuition: a classifier of pairs learns the log density ratio, with steady gradients and few
negatives.

Deviations: no shift by 2 log 2, which Deep InfoMax adds.
"""

from explorer.methods._base import MethodCard, MethodOptions
from explorer.methods._bounds import jsd


class JSD:
    """See the first lines of this file; objectives take it as `estimator`."""

    card = MethodCard(
        title="Jensen-Shannon",
        paper=(
            "Nowozin, Cseke, Tomioka: f-GAN: Training Generative Neural Samplers using "
            "Variational Divergence Minimization. NIPS 2016, arXiv 1606.00709"
        ),
        year=2016,
        kind="estimator",
        equation=r"-\mathrm{mean}\, \mathrm{sp}(-S^+) - \mathrm{mean}\, \mathrm{sp}(S^-)",
        intuition="Classify pairs as matched or not: steady, but no estimate of information.",
        ours=("No shift by 2 log 2.",),
    )
    Options = MethodOptions
    bound = staticmethod(jsd)


METHOD = JSD
