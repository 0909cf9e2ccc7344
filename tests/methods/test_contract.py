"""One battery for every method: each file of `explorer/methods` is found and held to it."""

import ast
import copy
import dataclasses
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import explorer.methods
from explorer.errors import TrainingError
from explorer.methods import find_method, list_methods
from explorer.methods._base import Method, MethodBatch, MethodOptions, read_options
from explorer.methods._options import range_words
from explorer.registry import module_names

from . import toy
from .batches import SHAPES, make_batch, permuted, shuffled

NAMES = module_names(explorer.methods)
HERE = Path(__file__).parent
TRAINED_STEPS = 150  # for methods whose critic knows nothing at first
LEARNED = [n for n in NAMES if issubclass(list_methods()[n], Method)]
every = pytest.mark.parametrize("name", NAMES)
learned = pytest.mark.parametrize("name", ["toy", *LEARNED])


def method_class(name: str) -> Any:
    return toy.METHOD if name == "toy" else find_method(name)


def build(name: str, *, dtype: torch.dtype = torch.float32) -> Method:
    torch.manual_seed(0)
    kind = method_class(name)
    method: Method = kind(kind.Options(), SHAPES)
    return method.to(dtype)


def step_of(name: str, seed: int = 0, **changes: Any) -> MethodBatch:
    paired = "laterals" in method_class(name).card.needs
    return make_batch(seed, **({"paired": paired} | changes))


def loss(method: Method, batch: MethodBatch) -> Tensor:
    torch.manual_seed(batch.seed)
    return torch.stack(list(method(batch).values())).sum()


def train(method: Method, name: str, *, steps: int) -> None:
    """The method's own parameters, and the scale and biases of the scorer; embeddings stay."""
    scorer = step_of(name).scorer
    parameters = [*method.parameters(), *scorer.parameters()]  # type: ignore[attr-defined]
    optimizer = torch.optim.Adam(parameters, lr=1e-2)
    for step in range(steps):
        batch = replace(step_of(name, 1_000 + step), scorer=scorer, step=step, steps=steps)
        optimizer.zero_grad()
        total = loss(method, batch)
        if total.requires_grad:
            total.backward()
            optimizer.step()
        with torch.no_grad():
            method.after_step(batch.detach())


def costs(method: Method, name: str) -> tuple[float, float]:
    """Mean loss of matched and of shuffled steps."""
    batches = [step_of(name, seed) for seed in range(4)]
    with torch.no_grad():
        matched = sum(loss(method, b).item() for b in batches)
        apart = sum(loss(method, shuffled(b, seed=b.seed)).item() for b in batches)
    return matched / 4, apart / 4


@every
def test_the_card_is_complete(name: str) -> None:
    card = method_class(name).card
    assert card.title
    assert card.intuition.endswith(".")
    assert card.equation
    assert str(card.year) in card.paper
    assert 1990 <= card.year <= 2026


@every
def test_a_method_has_a_test_of_its_own(name: str) -> None:
    assert (HERE / f"test_{name}.py").is_file()


@every
def test_a_method_imports_no_other_method(name: str) -> None:
    source = Path(str(explorer.methods.__path__[0]), f"{name}.py").read_text(encoding="utf-8")
    imported = {
        node.module or ""
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom)
    }
    below = {m.rpartition(".")[2] for m in imported if m.startswith("explorer.methods.")}
    assert {m for m in below if not m.startswith("_")} == set()


@every
def test_every_option_says_what_it_does_and_refuses_what_it_cannot_be(name: str) -> None:
    kind = method_class(name).Options
    kind()
    assert issubclass(kind, MethodOptions)
    for field in dataclasses.fields(kind):
        assert field.metadata["help"].endswith("."), field.name
        assert range_words(field)
        with pytest.raises(TrainingError, match=f"Option {field.name} must be"):
            read_options(kind, {field.name: None}, method=name)
    with pytest.raises(TrainingError, match=f"{name} has no option 'no_such_option'"):
        read_options(kind, {"no_such_option": "1"}, method=name)


@learned
def test_the_loss_is_finite_and_pulls(name: str) -> None:
    method, batch = build(name), step_of(name)
    leaves = [
        t.requires_grad_() for t in (batch.patches, batch.features, batch.phrases, batch.images)
    ]
    parts = method(batch)
    assert parts
    assert all(part.ndim == 0 and part.isfinite() for part in parts.values()), parts
    torch.stack(list(parts.values())).sum().backward()
    gradients = [p.grad for p in (*leaves, *method.parameters()) if p.grad is not None]
    assert all(g.isfinite().all() for g in gradients)
    assert sum(g.abs().sum().item() for g in gradients) > 0


@learned
def test_what_belongs_together_costs_less_than_what_does_not(name: str) -> None:
    """As built, or after a short training of the method's own parameters."""
    method = build(name)
    matched, apart = costs(method, name)
    if matched >= apart:
        train(method, name, steps=TRAINED_STEPS)
        matched, apart = costs(method, name)
    assert matched < apart


@learned
def test_the_order_of_a_step_changes_nothing(name: str) -> None:
    """For a method whose draws depend on the order, the mean over orders is what stays."""
    method, batch = build(name, dtype=torch.float64), step_of(name, dtype=torch.float64)
    if not method.order_matters:
        expected = loss(method, batch)
        torch.testing.assert_close(loss(method, permuted(batch)), expected, rtol=1e-7, atol=1e-9)
        return
    losses = torch.tensor(
        [
            [loss(method, permuted(batch, seed=s + start)).item() for s in range(64)]
            for start in (0, 100)
        ]
    )
    error = losses.std(1).square().mean().sqrt() * (2 / 64) ** 0.5
    assert losses[0].mean().item() == pytest.approx(losses[1].mean().item(), abs=4 * error.item())


@learned
def test_single_precision_agrees_with_double(name: str) -> None:
    method = build(name)
    wide = copy.deepcopy(method).double()
    single = loss(method, step_of(name)).double()
    double = loss(wide, step_of(name, dtype=torch.float64))
    torch.testing.assert_close(single, double, rtol=1e-3, atol=1e-4)


@learned
def test_one_image_is_refused_in_words_or_gives_a_number(name: str) -> None:
    try:
        total = loss(build(name), step_of(name, images=1))
    except TrainingError as error:
        assert len(str(error)) > 20  # noqa: PT017 - either is right
    else:
        assert total.isfinite()


@learned
def test_a_saved_method_goes_on_as_it_was(name: str) -> None:
    """After a step, another instance takes over its state and says the same."""
    method = build(name)
    train(method, name, steps=1)
    torch.manual_seed(5)
    kind = method_class(name)
    other = kind(kind.Options(), SHAPES)
    other.load_state_dict(method.state_dict())
    torch.testing.assert_close(loss(other, step_of(name, 3)), loss(method, step_of(name, 3)))


@learned
def test_every_parameter_is_in_one_group_of_the_optimiser(name: str) -> None:
    method = build(name)
    grouped = [id(p) for group in method.parameter_groups() for p in group["params"]]
    assert sorted(grouped) == sorted(id(p) for p in method.parameters() if p.requires_grad)


def test_an_unknown_method_is_named_with_those_that_exist() -> None:
    with pytest.raises(TrainingError, match=r"Unknown method 'magic'\. Available:"):
        find_method("magic")


class _NotANumber(toy.Toy):
    def forward(self, batch: MethodBatch) -> dict[str, Tensor]:
        return {"part": batch.patches.sum() / 0}


class _NoPull(toy.Toy):
    def forward(self, batch: MethodBatch) -> dict[str, Tensor]:
        return {"part": batch.patches.detach().mean() * self.log_scale * 0}


class _Backwards(toy.Toy):
    def forward(self, batch: MethodBatch) -> dict[str, Tensor]:
        return {"part": -super().forward(replace(batch, patches=batch.patches.detach()))["toy"]}


class _FirstOnly(toy.Toy):
    def forward(self, batch: MethodBatch) -> dict[str, Tensor]:
        return {"part": batch.patches[0].sum() + self.log_scale}


class _HalfPrecision(toy.Toy):
    def forward(self, batch: MethodBatch) -> dict[str, Tensor]:
        return {"part": super().forward(batch)["toy"].to(torch.bfloat16).float()}


class _Forgets(toy.Toy):
    def after_step(self, batch: MethodBatch) -> None:
        self.log_scale.data += batch.patches.shape[0]

    def forward(self, batch: MethodBatch) -> dict[str, Tensor]:
        return {"part": batch.patches.sum() * 0 + torch.rand(1)[0] + id(self) % 997}


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        (_NotANumber, test_the_loss_is_finite_and_pulls),
        (_NoPull, test_the_loss_is_finite_and_pulls),
        (_Backwards, test_what_belongs_together_costs_less_than_what_does_not),
        (_FirstOnly, test_the_order_of_a_step_changes_nothing),
        (_HalfPrecision, test_single_precision_agrees_with_double),
        (_Forgets, test_a_saved_method_goes_on_as_it_was),
    ],
)
def test_the_battery_finds_faults(
    fault: type[Method], check: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toy, "METHOD", fault)
    monkeypatch.setitem(globals(), "TRAINED_STEPS", 5)
    with pytest.raises((AssertionError, RuntimeError)):
        check("toy")
