"""NWJ: right on average, and wild: its spread grows like the exponential of the information.

Paper: Nguyen, Wainwright, Jordan: Estimating Divergence Functionals and the Likelihood Ratio by
Convex Risk Minimization. IEEE Trans. Information Theory 56(11), 2010.

Equation: 1 + mean (S+ - 1) - mean exp(S- - 1).

Intuition: a bound without a normaliser has no bias, and pays with variance.

Deviations: beyond 10 nats the exponential goes on as a straight line.
"""

from explorer.methods._base import MethodCard, MethodOptions
from explorer.methods._bounds import nwj


class NWJ:
    """See the first lines of this file; objectives take it as `estimator`."""

    card = MethodCard(
        title="NWJ (f-GAN KL, MINE-f)",
        paper=(
            "Nguyen, Wainwright, Jordan: Estimating Divergence Functionals and the Likelihood "
            "Ratio by Convex Risk Minimization. IEEE Trans. Information Theory 56(11), 2010"
        ),
        year=2010,
        kind="estimator",
        equation=r"1 + \mathrm{mean} (S^+ - 1) - \mathrm{mean}\, e^{S^- - 1}",
        intuition="No normaliser, no bias, and a spread that grows with e to the information.",
        ours=("Beyond 10 nats the exponential goes on as a straight line.",),
    )
    Options = MethodOptions
    bound = staticmethod(nwj)


METHOD = NWJ
