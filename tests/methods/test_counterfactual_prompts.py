"""Prompts from a few films: the oracle, the solver, and what a few films add to a name."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import TrainingError
from explorer.methods._heads import HeadData
from explorer.methods.counterfactual_prompts import (
    CounterfactualOptions,
    CounterfactualPrompts,
    contrast_loss,
    counterfactual,
    fewest_swaps,
)
from tests.methods.toy_heads import head_data, unit

ORACLE = np.load(Path(__file__).parent.parent / "data" / "cpl.npz")
TOLERANCE = json.loads(str(ORACLE["meta"]))["tol"]


def tensor(name: str) -> torch.Tensor:
    return torch.from_numpy(ORACLE[name])


def test_agrees_with_the_oracle() -> None:
    loss = contrast_loss(tensor("text"), tensor("img"), tensor("img_cf"))
    assert loss.numpy() == pytest.approx(ORACLE["xloss"], abs=TOLERANCE)
    assert loss.mean().item() == pytest.approx(float(ORACLE["xloss_mean"]), abs=TOLERANCE)
    u = tensor("u")[:, int(ORACLE["y"])]
    changed = counterfactual(tensor("x")[0], tensor("nx")[0], u)
    assert changed.numpy() == pytest.approx(ORACLE["cf_intended_unit"], abs=TOLERANCE)


@given(st.integers(0, 999))
def test_the_solver_flips_the_answer_and_needs_every_feature(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    image, other, text, wanted = torch.randn(4, 12, generator=generator, dtype=torch.float64)
    text, wanted = (text, wanted) if image @ text > image @ wanted else (wanted, text)

    def wins(chosen: torch.Tensor) -> bool:
        changed = torch.where(chosen, other, image)
        return bool(changed @ wanted > changed @ text)

    chosen = fewest_swaps(image, other, text, wanted)
    gains = (other - image) * (wanted - text) > 0
    assert wins(chosen) == wins(gains)  # flipped where it can be
    if wins(chosen):
        for feature in chosen.nonzero()[:, 0]:
            fewer = chosen.clone()
            fewer[feature] = False
            assert not wins(fewer)


def films(seed: int, *, count: int = 400, bias: float = 1.0) -> HeadData:
    """Ten patches a film; one may show a finding whose name's vector is off by `bias`.

    The first finding comes with a similar one half of the time: "mass" and "nodule" share a part.
    """
    rng = np.random.default_rng(seed)
    size = 24
    true = unit(rng.normal(size=(2, size)))
    true[1] = unit(0.6 * true[0] + 0.8 * true[1])
    names = unit(true + bias * unit(rng.normal(size=(2, size))))
    labels = (rng.random((count, 2)) < 0.4).astype(np.float32)
    patches = rng.normal(size=(count, 10, size)) * 0.15
    patches += unit(rng.normal(size=size)) * 0.5  # what all patches share
    for row, column in zip(*np.nonzero(labels), strict=True):
        patches[row, 2 * column] += 0.55 * true[column]
    regions = unit(patches)
    images = unit(regions.mean(1))
    return head_data(
        images, images, patches=regions, counts=np.ones((count, 10), np.float32), labels=labels,
        names=("mass", "nodule"), name_vectors=names,
    )  # fmt: skip


def learned(data: HeadData, **changes) -> tuple[CounterfactualPrompts, dict[str, float]]:
    head = CounterfactualPrompts.fit(
        data.of_films(np.arange(200)), CounterfactualOptions(finding="mass", **changes)
    )
    return head, head.figures(data.of_films(np.arange(200, 400)))


def test_sixteen_films_of_each_kind_beat_the_name_alone() -> None:
    gains = []
    for seed in range(3):
        _, figures = learned(films(seed))
        gains.append(figures["few-shot AUROC"] - figures["zero-shot AUROC"])
    assert min(gains) > 0
    assert np.mean(gains) >= 0.03


def test_the_changed_film_no_longer_looks_like_the_finding() -> None:
    data = films(0)
    head, figures = learned(data)
    assert 0 < figures["features that would change"] < 24
    patches, counts = (torch.from_numpy(e[200:]) for e in (data.patches, data.counts))
    shown = head.attended(patches, counts, head.get_buffer("name"))[data.labels[200:, 0] == 1]
    changed = counterfactual(shown, head.get_buffer("other"), head.u)
    toward = head.get_buffer("similar") - head.get_buffer("name")
    assert (changed @ toward).mean() > (shown @ toward).mean()


def test_evidence_lies_where_the_finding_is_more_often_than_by_chance() -> None:
    """Few features change, so it is a hint and not a map: .45 here, the prompt itself .89."""
    found = []
    for seed in range(3):
        data = films(seed)
        head, _ = learned(data)
        shown = data.patches[(data.labels[:, 0] == 1) & (data.labels[:, 1] == 0)]
        found.append((head.evidence(shown).argmax(1) == 0).mean())
    assert np.mean(found) > 0.25  # one of ten by chance


def test_what_it_cannot_learn_from_is_told() -> None:
    data = films(0)
    with pytest.raises(TrainingError, match=r"must be one of mass, nodule, got 'hernia'"):
        CounterfactualPrompts.fit(data, CounterfactualOptions(finding="hernia"))
    with pytest.raises(TrainingError, match="Set option shots to"):
        CounterfactualPrompts.fit(data, CounterfactualOptions(finding="mass", shots=300))
    bare = head_data(
        data.images, data.phrases, labels=data.labels, names=data.names,
        name_vectors=data.name_vectors,
    )  # fmt: skip
    with pytest.raises(TrainingError, match="needs the patches"):
        CounterfactualPrompts.fit(bare, CounterfactualOptions(finding="mass"))
