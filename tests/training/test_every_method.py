"""Every method with a loss trains in the real loop, on a small tower, and resumes to the bit."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from explorer.encoders.alignment import LocalAlignmentConfig, LocalAlignmentModel
from explorer.encoders.text import shape_of
from explorer.methods import list_methods
from explorer.methods._base import Method
from explorer.training.config import TrainingConfig
from explorer.training.drawing import Pools
from explorer.training.loop import train
from explorer.training.phrase_memory import PhraseMemory

from .. import tiny_model  # noqa: TID252 - "tests" may be another package elsewhere
from .studies import square_study

NAMES = [n for n, kind in list_methods().items() if issubclass(kind, Method)]
REPORTS = (
    "FINDINGS: Right mass. No pneumothorax. IMPRESSION: Right lung mass.",
    "FINDINGS: Left effusion. The heart is normal. IMPRESSION: Left pleural effusion.",
    "FINDINGS: No effusion. Right upper nodule. IMPRESSION: Right nodule.",
    "FINDINGS: Pneumonia in the left base. No mass. IMPRESSION: Left lower pneumonia.",
    "FINDINGS: Cardiomegaly. No effusion. IMPRESSION: Cardiomegaly.",
    "FINDINGS: Right pneumothorax. No mass. IMPRESSION: Right pneumothorax.",
)
POOLS = Pools(
    boxed=[],
    weak=[],
    phantoms=[
        replace(
            square_study(
                label,
                column=40 + 50 * i,
                exact=True,
                labels=None,
                texts=(f"right {label.lower()}",),
            ),
            report=report,
        )
        for i, (label, report) in enumerate(
            zip(
                ("Mass", "Effusion", "Nodule", "Pneumonia", "Cardiomegaly", "Pneumothorax"),
                REPORTS,
                strict=True,
            )
        )
    ],
)


def settings(name: str) -> TrainingConfig:
    return TrainingConfig(
        method=name,
        tower="small",
        image_size=64,
        warm_size=64,
        steps=2,
        phantoms=6,
        warm_up=1,
        precision="float32",
        place_labels_at=1.0,
        statements=0,
        save_every=1,
    )


def small_model() -> LocalAlignmentModel:
    torch.manual_seed(0)
    encoder = tiny_model.text_encoder()
    made = LocalAlignmentModel(
        LocalAlignmentConfig(
            image_size=64, width=16, dimension=12, tower="small", text=shape_of(encoder)
        )
    )
    made.text_encoder.load_state_dict(encoder.state_dict())
    made.text_encoder.requires_grad_(requires_grad=False)
    return made


def run(
    name: str, folder: Path, *, until: int | None = None
) -> tuple[LocalAlignmentModel, Method, list[dict[str, float]]]:
    model, said = small_model(), list[dict[str, float]]()
    method = train(
        model,
        POOLS,
        settings(name),
        memory=PhraseMemory(model.text_encoder, tiny_model.tokenizer()),
        folder=folder,
        report=lambda _, figures: said.append(figures),
        until=until,
    )
    return model, method, said


def different(one: dict[str, Any], two: dict[str, Any]) -> list[str]:
    assert one.keys() == two.keys()
    return [k for k, v in one.items() if not torch.equal(v, two[k])]


@pytest.mark.parametrize("name", NAMES)
def test_it_trains_and_a_resumed_run_gives_the_same_bits(name: str, tmp_path: Path) -> None:
    whole, method, said = run(name, tmp_path / "whole")
    assert all(torch.tensor(list(figures.values())).isfinite().all() for figures in said)
    before = small_model().state_dict()
    assert "image_encoder.trunk.fine.0.0.weight" in different(whole.state_dict(), before)
    run(name, tmp_path / "cut", until=1)
    again, other, _ = run(name, tmp_path / "cut")
    assert different(again.state_dict(), whole.state_dict()) == []
    assert different(other.state_dict(), method.state_dict()) == []
