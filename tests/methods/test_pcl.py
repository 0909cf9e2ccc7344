"""PCL: ProtoNCE and concentration as published, no prototype twice, and clusters that mean more."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.metrics import normalized_mutual_info_score
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.methods._banks import UNKNOWN, match_among
from explorer.methods._base import Shapes, View
from explorer.methods.pcl import METHOD, PCL, PCLOptions, concentration, prototype_contrast

from .by_hand import batch, unit

ORACLE = np.load(Path(__file__).parents[1] / "data" / "pcl_protonce.npz")
SHAPES = Shapes(dimension=8, features=8, images=40)


def of_oracle(name: str) -> Tensor:
    return torch.from_numpy(ORACLE[name])


def published_parts() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return tuple(of_oracle(n) for n in ("q", "protos", "phi", "batch_assign"))  # type: ignore[return-value]


def test_instance_contrast_is_the_authors() -> None:
    q, k, queue = (of_oracle(n) for n in ("q", "k", "queue"))
    scores = torch.cat([(q * k).sum(1, keepdim=True), q @ queue], 1)
    loss = match_among(scores, temperature=0.2).mean()
    assert loss.item() == pytest.approx(float(ORACLE["infonce"]), abs=1e-8)


def test_prototype_contrast_is_the_authors_and_the_papers() -> None:
    """With the negatives they drew, and over all prototypes as the formula says."""
    q, prototypes, phi, own = published_parts()
    drawn = prototype_contrast(q, prototypes, phi, own, among=of_oracle("neg_ids"))
    assert drawn.mean().item() == pytest.approx(float(ORACLE["protonce_ref"]), abs=1e-8)
    full = prototype_contrast(q, prototypes, phi, own)
    assert full.mean().item() == pytest.approx(float(ORACLE["protonce_full"]), abs=1e-8)


def test_concentration_is_the_authors() -> None:
    found = concentration(
        of_oracle("feats").double(), of_oracle("km_assign"), clusters=6, temperature=0.2
    )
    torch.testing.assert_close(found, of_oracle("km_density_slow"), atol=1e-6, rtol=0)
    assert found.mean().item() == pytest.approx(0.2)


@settings(max_examples=30, deadline=None)
@given(
    own=st.lists(st.integers(0, 4), min_size=1, max_size=6),
    again=st.lists(st.integers(0, 4), max_size=8),
    seed=st.integers(0, 99),
)
def test_a_prototype_counts_once_however_often_it_is_named(
    own: list[int], again: list[int], seed: int
) -> None:
    """The authors' code counts it twice where two of a batch share a cluster."""
    queries, prototypes = unit(len(own), 4, seed=seed), unit(5, 4, seed=seed + 1)
    phi, assignment = torch.linspace(0.1, 0.5, 5), torch.tensor(own)
    among = torch.tensor(again, dtype=torch.long)
    found = prototype_contrast(queries, prototypes, phi, assignment, among=among)
    named = sorted({*own, *again})
    logits = (queries @ prototypes[named].T) / phi[named]
    place = torch.tensor([named.index(o) for o in own])
    torch.testing.assert_close(found, F.cross_entropy(logits, place, reduction="none"))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=2, max_size=20), st.booleans(), st.integers(0, 99))
def test_concentration_is_finite_for_singletons_empty_and_equal_members(
    assignment: list[int], equal: bool, seed: int
) -> None:
    vectors = unit(len(assignment), 3, seed=seed)
    if equal:
        vectors[:] = vectors[0]
    found = concentration(vectors, torch.tensor(assignment), clusters=5, temperature=0.2)
    assert found.isfinite().all()
    assert (found >= 0).all()
    assert found.mean().item() == pytest.approx(0.2, rel=1e-4)


def remembered(method: PCL, *, step: int, steps: int = 10) -> None:
    """Forty images in five batches, all at this step."""
    for part in range(5):
        rows = torch.arange(8) + 8 * part
        method.after_step(
            batch([], images=8, index=rows, study=rows, seed=part, step=step, steps=steps)
        )


def test_nothing_is_clustered_before_the_warm_up_ends() -> None:
    method = METHOD(PCLOptions(clusters=4, warm_up=0.5, every=1), SHAPES)
    remembered(method, step=3)
    assert (method.levels()[0].assignment == UNKNOWN).all()
    remembered(method, step=4)
    assert (method.levels()[0].assignment != UNKNOWN).all()
    assert [len(c.centres) for c in method.levels()] == [4, 8, 10]  # at least 4 members each


def test_prototypes_are_made_anew_every_so_many_steps() -> None:
    method = METHOD(PCLOptions(clusters=4, warm_up=0, every=5), SHAPES)
    remembered(method, step=0)
    first = method.levels()[0].centres.clone()
    remembered(method, step=1)
    assert (method.levels()[0].centres == first).all()
    remembered(method, step=4)
    assert not (method.levels()[0].centres == first).all()


def test_images_that_were_never_clustered_have_no_prototype() -> None:
    method = METHOD(PCLOptions(clusters=4, warm_up=0, every=5), SHAPES)
    remembered(method, step=4)
    method.levels()[0].assignment[:] = UNKNOWN
    method.levels()[1].assignment[:] = UNKNOWN
    method.levels()[2].assignment[1:] = UNKNOWN
    data = batch([], images=3)
    alone = method(replace(data, patches=data.patches[:1], index=data.index[:1]))["prototypes"]
    assert alone.item() > 0
    torch.testing.assert_close(method(data)["prototypes"], alone)


def test_state_holds_bank_queue_and_prototypes() -> None:
    method, again = (METHOD(PCLOptions(clusters=4, warm_up=0, every=5), SHAPES) for _ in range(2))
    remembered(method, step=4)
    again.load_state_dict(method.state_dict())
    data = batch([0, 1, 2], images=3, second=View(unit(3, 4, 4, 8), unit(3, 4, 4, 8)))
    for name, part in method(data).items():
        torch.testing.assert_close(part, again(data)[name])
        assert part.item() != 0


def test_own_examination_is_no_negative() -> None:
    """Two films of one study: the queue holds only looks of the same study."""
    method = METHOD(PCLOptions(), SHAPES)
    data = batch([], images=2, study=torch.tensor([3, 3]))
    data = replace(data, second=View(data.patches.flip(0), data.features))
    method.after_step(data)
    assert method(data)["instances"].item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_close(dtype: torch.dtype) -> None:
    method = METHOD(PCLOptions(clusters=4, warm_up=0, every=5), SHAPES)
    remembered(method, step=4)
    data = batch([0, 0, 1], images=2, second=View(unit(2, 4, 4, 8), unit(2, 4, 4, 8)))
    wanted = method(data)
    for name, part in method.to(dtype)(data.to(dtype)).items():
        assert part.item() == pytest.approx(wanted[name].item(), rel=0.05)


def meaning(*, prototypes: float, seed: int) -> float:
    """NMI of clusters of embeddings with eight classes, each of which has many instances."""
    draws = torch.Generator().manual_seed(seed)
    classes = torch.arange(8).repeat(40)
    films = torch.randn(8, 20, generator=draws)[classes]
    films = films + 1.2 * torch.randn(320, 20, generator=draws)
    torch.manual_seed(seed)
    tower = nn.Linear(20, 16)
    options = PCLOptions(prototypes=prototypes, clusters=8, levels=2, warm_up=0.3, every=10)
    method = METHOD(options, Shapes(dimension=16, images=320))
    optimiser = torch.optim.Adam(tower.parameters(), lr=0.01)
    for step in range(150):
        rows = torch.randperm(320, generator=draws)[:64]
        one, other = (
            F.normalize(tower(films[rows] + 0.5 * torch.randn(64, 20, generator=draws)), dim=1)
            for _ in range(2)
        )
        data = replace(
            batch([], images=64, index=rows, study=rows, step=step, steps=150, seed=step),
            patches=one[:, None, None],
            second=View(other[:, None, None], other[:, None, None]),
        )
        optimiser.zero_grad()
        torch.stack(list(method(data).values())).sum().backward()
        optimiser.step()
        method.after_step(data.detach())
    with torch.no_grad():
        vectors = F.normalize(tower(films), dim=1).numpy()
    found = KMeans(8, n_init=5, random_state=0).fit_predict(vectors)
    return float(normalized_mutual_info_score(classes.numpy(), found))


@pytest.mark.parametrize("seed", [0, *(pytest.param(s, marks=pytest.mark.slow) for s in (1, 2))])
def test_prototypes_make_clusters_mean_more(seed: int) -> None:
    with_them, without = meaning(prototypes=1.0, seed=seed), meaning(prototypes=0.0, seed=seed)
    assert with_them > without + 0.03, (with_them, without)
