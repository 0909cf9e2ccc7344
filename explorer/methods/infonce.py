"""InfoNCE: is the matched text told from the K - 1 others? At most log K, and steady.

Paper: van den Oord, Li, Vinyals: Representation Learning with Contrastive Predictive Coding. 2018,
arXiv 1807.03748.

Equation: mean_i (log K + S_ii - logsumexp_j S_ij).

Intuition: a critic that finds the matched column in a row of K knows log K nats of it, and no more.

Deviations: pairs that may match by chance are left out, so K is counted row by row.
"""

from explorer.methods._base import MethodCard, MethodOptions
from explorer.methods._bounds import infonce


class InfoNCE:
    """See the first lines of this file; objectives take it as `estimator`."""

    card = MethodCard(
        title="InfoNCE",
        paper=(
            "van den Oord, Li, Vinyals: Representation Learning with Contrastive Predictive "
            "Coding. 2018, arXiv 1807.03748"
        ),
        year=2018,
        kind="estimator",
        equation=r"\mathrm{mean}_i (\log K + S_{ii} - \log \sum_j e^{S_{ij}})",
        intuition="Find the matched text among K: steady, and never above log K.",
        ours=("K counts the pairs of a row that surely do not match, and the matched one.",),
    )
    Options = MethodOptions
    bound = staticmethod(infonce)


METHOD = InfoNCE
