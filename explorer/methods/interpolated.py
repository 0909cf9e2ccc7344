"""I_alpha: between the steady InfoNCE and the unbiased TUBA.

Paper: Poole, Ozair, van den Oord, Alemi, Tucker: On Variational Bounds of Mutual Information. ICML
2019, arXiv 1905.06922.

Equation: tuba with a = alpha mean_{l != j} e^S_il + (1 - alpha) a(y_i); at most 1 + log((K - 1) /
alpha).

Intuition: the more of the baseline is made of the batch, the steadier and the lower the bound.

Deviations: the notebook's docstring has the limits of alpha the wrong way round; here 0 is tuba.
"""

from dataclasses import dataclass

from explorer.methods._base import MethodCard, MethodOptions, option
from explorer.methods._bounds import interpolated


@dataclass(frozen=True)
class InterpolatedOptions(MethodOptions):
    """Of the interpolated bound."""

    alpha: float = option(
        0.01,
        "Share of the batch in the baseline: 0 is tuba, 1 leave-one-out InfoNCE.",
        min=0,
        max=1,
    )


class Interpolated:
    """See the first lines of this file; objectives take it as `estimator`."""

    card = MethodCard(
        title="Interpolated bound (I alpha)",
        paper=(
            "Poole, Ozair, van den Oord, Alemi, Tucker: On Variational Bounds of Mutual "
            "Information. ICML 2019, arXiv 1905.06922"
        ),
        year=2019,
        kind="estimator",
        equation=(
            r"\mathrm{TUBA}, \; a = \alpha \mathrm{mean}_{l \ne j} e^{S_{il}}"
            r" + (1 - \alpha) a(y_i)"
        ),
        intuition="A dial between steady and low (InfoNCE) and unbiased and wild (TUBA).",
        ours=("Alpha .01, as the middle of the road of our Gaussian table.",),
    )
    Options = InterpolatedOptions
    bound = staticmethod(interpolated)


METHOD = Interpolated
