"""A graph in two views: the oracle of every term, and a gain where both views are informative."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from explorer.errors import TrainingError
from explorer.methods import mvmi_ft
from explorer.methods._base import Shapes
from explorer.methods.mvmi_ft import MvmiFt, MvmiFtOptions
from tests.methods.toy_heads import head_data, unit

ORACLE = np.load(Path(__file__).parent.parent / "data" / "mvmi_ft.npz")
TOLERANCE = json.loads(str(ORACLE["meta"]))["tol"]


def tensor(name: str) -> Tensor:
    return torch.from_numpy(ORACLE[name])


def close(found: Tensor, name: str) -> None:
    assert found.item() == pytest.approx(float(ORACLE[name]), abs=TOLERANCE)


def test_every_term_agrees_with_the_oracle() -> None:
    information = mvmi_ft.node_information
    parts = [
        information(tensor("pos_z_f"), tensor("neg_z_f"), tensor("s_t"), tensor("W_f")),
        information(tensor("pos_z_t"), tensor("neg_z_t"), tensor("s_f"), tensor("W_t")),
        information(tensor("pos_z_cft"), tensor("neg_z_cft"), tensor("s_cft"), tensor("W_c")),
    ]
    for found, name in zip(parts, ("mi_f", "mi_t", "mi_c"), strict=True):
        close(found, name)
    nodes, none = tensor("pos_z_cft"), tensor("edges_neg")
    edges = [mvmi_ft.edge_loss(nodes, tensor(n), none) for n in ("edges_f", "edges_t")]
    close(edges[0] + edges[1], "rec")
    alike = [mvmi_ft.likeness(tensor(f"pos_z_{v}"), tensor(f"pos_z_c{v}")) for v in ("f", "t")]
    close(alike[0] + alike[1], "cosine")
    whole = parts[0] + parts[1] + 0.5 * (parts[2] - sum(edges)) - sum(alike)
    close(-whole, "loss")
    graph = torch.zeros(7, 7, dtype=torch.float64)
    graph[tuple(tensor("edges_t"))] = 1
    graph = torch.maximum(graph, graph.T)
    expected = ORACLE["gcn_adj_sym_norm_of_edges_t"]
    assert mvmi_ft.normalised(graph).numpy() == pytest.approx(expected, abs=TOLERANCE)


def planted(seed: int) -> tuple[Tensor, Tensor, np.ndarray]:
    """300 nodes of five groups: noisy vectors, and edges that mostly stay inside a group."""
    rng = np.random.default_rng(seed)
    groups = np.arange(300) % 5
    x = rng.normal(size=(5, 16))[groups] + 2.2 * rng.normal(size=(300, 16))
    chance = np.where(groups[:, None] == groups, 0.1, 0.012)
    graph = np.triu(rng.random((300, 300)) < chance, 1).astype(np.float32)
    return torch.tensor(x, dtype=torch.float32), torch.from_numpy(graph + graph.T), groups


def right(vectors: np.ndarray, groups: np.ndarray) -> float:
    """Share of every second node that is told right by a linear fit to the others."""
    design = np.c_[vectors, np.ones(len(vectors))]
    target = np.eye(5)[groups]
    even = np.arange(len(vectors)) % 4 < 2  # not a multiple of the five groups
    gram = design[even].T @ design[even] + 1e-2 * np.eye(design.shape[1])
    fit = np.linalg.solve(gram, design[even].T @ target[even])
    return float(((design[~even] @ fit).argmax(1) == groups[~even]).mean())


def test_where_both_views_tell_the_graph_tells_more_than_the_vectors() -> None:
    gains, learned = [], []
    for seed in range(2):
        x, topology, groups = planted(seed)
        torch.manual_seed(0)
        head = MvmiFt(MvmiFtOptions(size=32, steps=120, rate=5e-3), Shapes(dimension=16))
        feature = mvmi_ft.nearest_graph(x, 5)
        with torch.no_grad():
            before = head.embed(x, feature, topology).numpy()
        head.learn(x, feature, topology, settings={})
        with torch.no_grad():
            found = head.embed(x, feature, topology).numpy()
        gains.append(right(found, groups) - right(x.numpy(), groups))
        learned.append(right(found, groups) - right(before, groups))
    assert min(gains) >= 0.1
    assert np.mean(learned) >= 0.02  # not the convolution alone


def test_films_are_joined_by_phrases_that_are_not_common() -> None:
    rng = np.random.default_rng(0)
    data = head_data(
        unit(rng.normal(size=(4, 3))), unit(rng.normal(size=(5, 3))),
        owner=np.array([0, 1, 2, 3, 3]), text=np.array([0, 0, 0, 0, 1]),
        region=np.full(5, -1),
    )  # fmt: skip
    assert mvmi_ft.shared_phrases(data).sum() == 0  # all say the first, one says the other
    joined = head_data(
        data.images, data.phrases, owner=data.owner, region=data.region,
        text=np.array([2, 1, 2, 0, 1]),
    )  # fmt: skip
    graph = mvmi_ft.shared_phrases(joined)
    assert graph.nonzero().tolist() == []  # each is said by half of the films
    with pytest.raises(TrainingError, match="none share a phrase"):
        MvmiFt.fit(joined, MvmiFtOptions(steps=1))


def test_a_graph_of_films_is_learned_and_measured() -> None:
    rng = np.random.default_rng(1)
    images = unit(rng.normal(size=(30, 8)))
    labels = (np.arange(30)[:, None] % 5 == np.arange(5)).astype(np.float32)
    data = head_data(
        images, images, text=np.arange(30) % 5, labels=labels, names=tuple("abcde"),
        name_vectors=unit(rng.normal(size=(5, 8))),
    )  # fmt: skip
    head = MvmiFt.fit(data, MvmiFtOptions(steps=60, size=16, rate=5e-3))
    figures = head.figures(data)
    assert figures["same finding, graph"] > figures["same finding, image alone"] + 0.1
    assert head.vectors(data).shape == (30, 16)
