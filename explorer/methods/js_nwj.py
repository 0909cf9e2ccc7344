"""JS-NWJ: trains like Jensen-Shannon, and says a value like NWJ.

Paper: Poole, Ozair, van den Oord, Alemi, Tucker: On Variational Bounds of Mutual Information. ICML
2019, arXiv 1905.06922.

Equation: gradient of jsd, value of nwj at S + 1.

Intuition: a classifier of pairs finds the log density ratio r steadily; 1 + r is what NWJ wants.

Deviations: the authors' notebook leaves the 1 out, and its value is then 1/e too low.
"""

from explorer.methods._base import MethodCard, MethodOptions
from explorer.methods._bounds import js_nwj


class JSNWJ:
    """See the first lines of this file; objectives take it as `estimator`."""

    card = MethodCard(
        title="Jensen-Shannon, read by NWJ",
        paper=(
            "Poole, Ozair, van den Oord, Alemi, Tucker: On Variational Bounds of Mutual "
            "Information. ICML 2019, arXiv 1905.06922"
        ),
        year=2019,
        kind="estimator",
        equation=r"\nabla\, \mathrm{JSD}(S), \; \mathrm{NWJ}(S + 1)",
        intuition="Learn the density ratio by classifying pairs, then read the bound off it.",
        ours=("Evaluated at S + 1, which the released notebook leaves out.",),
    )
    Options = MethodOptions
    bound = staticmethod(js_nwj)


METHOD = JSNWJ
