"""TUBA: NWJ with a baseline of one's own that takes some of its spread.

Paper: Poole, Ozair, van den Oord, Alemi, Tucker: On Variational Bounds of Mutual Information. ICML
2019, arXiv 1905.06922.

Equation: 1 + mean (S+ - log a_i) - mean exp(S- - log a_i).

Intuition: what an image scores with any text at all is no information: a baseline a(y) takes it
out.

Deviations: in objectives the baseline is one learned number, for the network of y in the paper.
"""

from explorer.methods._base import MethodCard, MethodOptions
from explorer.methods._bounds import tuba


class TUBA:
    """See the first lines of this file; objectives take it as `estimator`."""

    card = MethodCard(
        title="TUBA",
        paper=(
            "Poole, Ozair, van den Oord, Alemi, Tucker: On Variational Bounds of Mutual "
            "Information. ICML 2019, arXiv 1905.06922"
        ),
        year=2019,
        kind="estimator",
        equation=r"1 + \mathrm{mean} (S^+ - \log a_i) - \mathrm{mean}\, e^{S^-} / a_i",
        intuition="A baseline for each image takes out what it scores with any text.",
        ours=("In objectives the baseline is one learned number.",),
    )
    Options = MethodOptions
    bound = staticmethod(tuba)


METHOD = TUBA
