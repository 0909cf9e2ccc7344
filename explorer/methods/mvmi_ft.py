"""MVMI-FT: studies as a graph, seen by what is said of them and by what they look like.

Paper: X. Fan, M. Gong, Y. Wu, H. Li, "Maximizing Mutual Information Across Feature and Topology
Views for Representing Graphs", IEEE TKDE 2023, arXiv 2105.06715.

Equation: -( MI_f + MI_t + w (MI_c - rec) - r cos ), MI = mean log D(z, s) + mean log(1 - D(z', s)),
D = sigmoid(z^T W s); nodes of the feature view against the summary of the topology and the other
way round, common nodes against their own; z' of shuffled rows; rec the cross-entropy of the edges
of both graphs; cos how alike each view and its common part are.

Intuition: what both the likeness of films and the likeness of their reports agree on is worth
keeping, and each view keeps something of its own.

Ours: nodes are studies, the topology joins those whose reports share a phrase, the features are
image vectors; graphs are dense (below some 5,000 nodes), encoders one graph convolution with PReLU.
It gains where both views are informative. Where only one is, that one alone does as well or better.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.entities import Float32
from explorer.methods._base import MethodCard, MethodOptions, Shapes, option
from explorer.methods._heads import (
    Head,
    HeadData,
    Progress,
    descend,
    require,
    settings_of,
)

_LEAST = 1e-7  # inside logarithms, as the released code has it
MOST_NODES = 5_000


def node_information(nodes: Tensor, shuffled: Tensor, summary: Tensor, weight: Tensor) -> Tensor:
    """`mean log D(z, s) + mean log(1 - D(z', s))` of nodes (N, D), summary (D,), weight (D, D).

    >>> zero = torch.zeros(2, 1)
    >>> round(node_information(zero, zero, torch.ones(1), torch.ones(1, 1)).item(), 4)
    -1.3863
    """
    own, other = (torch.sigmoid(z @ (weight @ summary)) for z in (nodes, shuffled))
    return (own + _LEAST).log().mean() + (1 - other + _LEAST).log().mean()


def edge_loss(nodes: Tensor, edges: Tensor, others: Tensor) -> Tensor:
    """Cross-entropy of edges (2, E) and of pairs without one (2, F), from products of nodes."""
    there, apart = (torch.sigmoid((nodes[a] * nodes[b]).sum(-1)) for a, b in (edges, others))
    return -(there + _LEAST).log().mean() - (1 - apart + _LEAST).log().mean()


def likeness(first: Tensor, second: Tensor) -> Tensor:
    """Mean cosine of the same nodes in two views."""
    return F.cosine_similarity(first, second, dim=-1).mean()


def normalised(adjacency: Tensor) -> Tensor:
    """`D^-1/2 (A + I) D^-1/2` of a dense symmetric graph (N, N), as a graph convolution reads it.

    >>> normalised(torch.zeros(2, 2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    looped = adjacency + torch.eye(len(adjacency), dtype=adjacency.dtype)
    root = looped.sum(1).rsqrt()
    return root[:, None] * looped * root


def nearest_graph(vectors: Tensor, count: int) -> Tensor:
    """(N, N) of 0 and 1: each node with its `count` nearest by cosine, made symmetric."""
    unit = F.normalize(vectors, dim=-1)
    cosine = unit @ unit.T
    cosine.fill_diagonal_(-2.0)
    near = cosine.topk(min(count, len(vectors) - 1), dim=1).indices
    graph = torch.zeros_like(cosine).scatter_(1, near, 1.0)
    return torch.maximum(graph, graph.T)


def shared_phrases(data: HeadData) -> Tensor:
    """(N, N) of 0 and 1: films whose reports share a phrase that fewer than half of them say."""
    said = np.zeros((len(data.images), int(data.text.max(initial=-1)) + 1), dtype=np.float32)
    said[data.owner, data.text] = 1.0
    said = said[:, said.mean(0) < _COMMON]
    graph = torch.from_numpy((said @ said.T > 0).astype(np.float32))
    return graph.fill_diagonal_(0.0)


_COMMON = 0.5


@dataclass(frozen=True)
class MvmiFtOptions(MethodOptions):
    """What decides the learning of a graph."""

    size: int = option(64, "Numbers of a node's vector.", min=2)
    neighbours: int = option(5, "Nearest films that a film is joined with.", min=1)
    common: float = option(0.5, "Weight of the part that both views share.", min=0)
    apart: float = option(1.0, "Weight of the likeness that views are to lose.", min=0)
    steps: int = option(200, "Steps.", min=1)
    rate: float = option(1e-3, "Learning rate.", above=0)
    seed: int = option(0, "Of everything random.", min=0)


class MvmiFt(Head):
    """One graph convolution a view, and one that both share."""

    card = MethodCard(
        title="MVMI-FT: a graph of studies",
        paper="X. Fan, M. Gong, Y. Wu, H. Li, Maximizing Mutual Information Across Feature and "
        "Topology Views for Representing Graphs, IEEE TKDE 2023, arXiv 2105.06715",
        year=2023,
        kind="head",
        equation="-( MI_f + MI_t + w (MI_c - rec) - r cos ), "
        "MI = mean log D(z,s) + mean log(1 - D(z',s))",
        intuition="What the likeness of films and the likeness of their reports agree on is worth "
        "keeping, and each view keeps something of its own.",
        ours=(
            "Nodes are studies; the topology joins those whose reports share a phrase.",
            "Dense graphs, one graph convolution with PReLU a view.",
            "It gains only where both views are informative.",
        ),
        needs=frozenset({"sentences"}),
        frozen=True,
        needs_batch=2,
    )
    Options = MvmiFtOptions

    def __init__(self, options: MvmiFtOptions, shapes: Shapes) -> None:
        super().__init__(options, shapes)
        size = options.size
        self.layers = nn.ModuleDict(
            {view: nn.Linear(shapes.dimension, size) for view in ("feature", "topology", "common")}
        )
        self.bend = nn.PReLU()
        self.summaries = nn.ModuleDict(
            {v: nn.Sequential(nn.Linear(size, size), nn.ReLU(), nn.Linear(size, size))
             for v in ("feature", "topology")}
        )  # fmt: skip
        self.critics = nn.ParameterDict(
            {v: nn.Parameter(torch.empty(size, size).uniform_(-(size**-0.5), size**-0.5))
             for v in ("feature", "topology", "common")}
        )  # fmt: skip

    def nodes(self, x: Tensor, feature: Tensor, topology: Tensor) -> dict[str, Tensor]:
        """Vectors (N, size) by view for inputs (N, D) and normalised graphs (N, N)."""
        common = self.layers["common"](x)
        found = {
            "feature": self.bend(feature @ self.layers["feature"](x)),
            "topology": self.bend(topology @ self.layers["topology"](x)),
            "common feature": self.bend(feature @ common),
            "common topology": self.bend(topology @ common),
        }
        return found | {"common": (found["common feature"] + found["common topology"]) / 2}

    def forward(
        self, x: Tensor, shuffled: Tensor, graphs: tuple[Tensor, Tensor], edges: tuple[Tensor, ...]
    ) -> dict[str, Tensor]:
        """Named parts of the loss.

        Args:
            x: (N, D) of the nodes.
            shuffled: The same rows in another order.
            graphs: Normalised, of features and of topology.
            edges: (2, E) of features, of topology, and pairs without one.
        """
        real, fake = self.nodes(x, *graphs), self.nodes(shuffled, *graphs)
        means = {view: torch.sigmoid(real[view].mean(0)) for view in self.critics}
        seen = {view: net(means[view]) for view, net in self.summaries.items()}
        against = {
            "feature": seen["topology"], "topology": seen["feature"], "common": means["common"]
        }  # fmt: skip
        parts = {
            view: -node_information(real[view], fake[view], against[view], self.critics[view])
            for view in self.critics
        }
        rebuilt = sum(edge_loss(real["common"], e, edges[2]) for e in edges[:2])
        alike = sum(likeness(real[v], real[f"common {v}"]) for v in ("feature", "topology"))
        return {
            "feature": parts["feature"],
            "topology": parts["topology"],
            "common": self.options.common * parts["common"],
            "edges": torch.as_tensor(self.options.common * rebuilt),
            "apart": torch.as_tensor(self.options.apart * alike),
        }

    def embed(self, x: Tensor, feature: Tensor, topology: Tensor) -> Tensor:
        """(N, size): the mean of both views and the common part."""
        found = self.nodes(x, normalised(feature), normalised(topology))
        return (found["feature"] + found["topology"] + found["common"]) / 3

    def learn(
        self,
        x: Tensor,
        feature: Tensor,
        topology: Tensor,
        *,
        settings: dict[str, object],
        work: Path | None = None,
        progress: Progress = lambda *_: None,
    ) -> None:
        """Fit to nodes x (N, D) and two graphs (N, N) of 0 and 1."""
        graphs = normalised(feature), normalised(topology)
        pairs = [graph.nonzero().T for graph in (feature, topology)]
        require(
            all(p.shape[1] for p in pairs),
            "mvmi_ft needs studies that are joined in both views, none share a phrase. Give more "
            "studies with reports.",
        )

        def loss_of(_: int, generator: torch.Generator) -> dict[str, Tensor]:
            order = torch.randperm(len(x), generator=generator)
            none = torch.randint(len(x), (2, pairs[0].shape[1]), generator=generator)
            joined = (feature + topology)[none[0], none[1]] > 0
            parts: dict[str, Tensor] = self(x, x[order], graphs, (*pairs, none[:, ~joined]))
            return parts

        descend(
            self, loss_of, steps=self.options.steps, rate=self.options.rate,
            seed=self.options.seed, settings=dict(settings), work=work, progress=progress,
        )  # fmt: skip

    @classmethod
    def fit(
        cls,
        data: HeadData,
        options: MvmiFtOptions,
        *,
        progress: Progress = lambda *_: None,
        work: Path | None = None,
    ) -> "MvmiFt":
        """Learn from films as nodes.

        Raises:
            TrainingError: There are too few or too many films, or no report shares a phrase.
        """
        require(
            2 < len(data.images) <= MOST_NODES,
            f"mvmi_ft takes 3 to {MOST_NODES} films, got {len(data.images)}. Set --films.",
        )
        torch.manual_seed(options.seed)
        head = cls(options, Shapes(dimension=data.dimension))
        head.learn(
            *_graph(data, options), settings=settings_of(options, data), work=work,
            progress=progress,
        )  # fmt: skip
        return head

    def vectors(self, data: HeadData) -> Float32:
        """(N, size) of films, each with its place among the others of `data`."""
        with torch.inference_mode():
            return np.asarray(self.embed(*_graph(data, self.options)).numpy())

    def figures(self, data: HeadData) -> dict[str, float]:
        """Share of nearest neighbours with a finding in common: by image alone, and by node."""
        return {
            "same finding, image alone": _agreement(data.images, data.labels),
            "same finding, graph": _agreement(self.vectors(data), data.labels),
        }


def _graph(data: HeadData, options: MvmiFtOptions) -> tuple[Tensor, Tensor, Tensor]:
    x = torch.from_numpy(data.images - data.images.mean(0))
    return x, nearest_graph(x, options.neighbours), shared_phrases(data)


def _agreement(vectors: Float32, labels: Float32, *, count: int = 5) -> float:
    """Mean share of the nearest films that have a finding in common, of films that have one."""
    near = nearest_rows(torch.from_numpy(vectors), count).numpy()
    present = np.nan_to_num(labels) > 0
    rows = np.flatnonzero(present.any(1))
    shared = [(present[near[r]] & present[r]).any(1).mean() for r in rows]
    return float(np.mean(shared)) if shared else float("nan")


def nearest_rows(vectors: Tensor, count: int) -> Tensor:
    """(N, count) rows of the nearest others by cosine."""
    unit = F.normalize(vectors, dim=-1)
    cosine = unit @ unit.T
    cosine.fill_diagonal_(-2.0)
    return cosine.topk(min(count, len(vectors) - 1), dim=1).indices


METHOD = MvmiFt
