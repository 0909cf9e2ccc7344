"""SMILE: Donsker-Varadhan with mismatched scores clipped, trained like Jensen-Shannon.

Paper: Song, Ermon: Understanding the Limitations of Variational Mutual Information Estimators. ICLR
2020, arXiv 1910.06222.

Equation: mean S+ - log mean exp clip(S-, -c, c), gradient of jsd.

Intuition: few mismatched pairs with huge scores make the spread; clip them and take the bias.

Deviations: the gradient is that of the released code, checked in copies of it.
"""

from dataclasses import dataclass

from explorer.methods._base import MethodCard, MethodOptions, option
from explorer.methods._bounds import smile


@dataclass(frozen=True)
class SMILEOptions(MethodOptions):
    """Of SMILE."""

    clip: float = option(5.0, "Largest mismatched score that counts.", above=0)


class SMILE:
    """See the first lines of this file; objectives take it as `estimator`."""

    card = MethodCard(
        title="SMILE",
        paper=(
            "Song, Ermon: Understanding the Limitations of Variational Mutual Information "
            "Estimators. ICLR 2020, arXiv 1910.06222"
        ),
        year=2020,
        kind="estimator",
        equation=r"\mathrm{mean}\, S^+ - \log \mathrm{mean}\, e^{\mathrm{clip}(S^-, -c, c)}",
        intuition="Clip mismatched scores: less spread, some bias, and no bound any more.",
        ours=("Clip at 5.",),
    )
    Options = SMILEOptions
    bound = staticmethod(smile)


METHOD = SMILE
