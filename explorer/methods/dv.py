"""Donsker-Varadhan: the bound of MINE; on a batch too high where the information is high.

Paper: Belghazi, Baratin, Rajeswar, Ozair, Bengio, Courville, Hjelm: Mutual Information Neural
Estimation. ICML 2018, arXiv 1801.04062; Donsker and Varadhan, 1983.

Equation: mean S+ - log mean exp S-.

Intuition: matched scores should exceed what mismatched pairs reach on average of e^S.

Deviations: without the moving average of MINE, so its gradient is that of the batch.
"""

from explorer.methods._base import MethodCard, MethodOptions
from explorer.methods._bounds import dv


class DonskerVaradhan:
    """See the first lines of this file; objectives take it as `estimator`."""

    card = MethodCard(
        title="Donsker-Varadhan (MINE)",
        paper=(
            "Belghazi, Baratin, Rajeswar, Ozair, Bengio, Courville, Hjelm: Mutual Information "
            "Neural Estimation. ICML 2018, arXiv 1801.04062; Donsker and Varadhan, 1983"
        ),
        year=2018,
        kind="estimator",
        equation=r"\mathrm{mean}\, S^+ - \log \mathrm{mean}\, e^{S^-}",
        intuition="Matched scores against the soft maximum of mismatched; a batch errs upwards.",
        ours=("No moving average: the gradient is that of the batch.",),
    )
    Options = MethodOptions
    bound = staticmethod(dv)


METHOD = DonskerVaradhan
