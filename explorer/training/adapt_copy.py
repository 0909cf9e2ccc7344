"""Adapt a copy of a checkpoint to films of another site, without labels; method `mi_uda`."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.encoders.alignment import LocalAlignmentModel
from explorer.encoders.files import CARD_FILE, WEIGHTS_FILE, sha256_of
from explorer.methods._base import Shapes
from explorer.methods._heads import descend, require
from explorer.methods.mi_uda import MiUda, MiUdaOptions, median_distance, squared_mmd
from explorer.training.checkpoint import load_start
from explorer.training.config import TrainingConfig
from explorer.training.copies import (
    PlacedPhrase,
    Progress,
    as_inputs,
    finish,
    phrase_vectors,
    pointing,
)

UInt8 = NDArray[np.uint8]
_MEASURED = 64  # films of each site that the figures are measured on
_BATCH = 4
_CRITIC_STEPS = 300
_LEARNED = ("lateral", "context", "position")  # of the neck


def adapt_copy(
    folder: Path,
    source: Sequence[UInt8],
    target: Sequence[UInt8],
    phrases: Sequence[str],
    options: MiUdaOptions,
    *,
    held_out: Sequence[UInt8],
    placed: Sequence[PlacedPhrase],
    out: Path,
    work: Path,
    progress: Progress = lambda *_: None,
) -> dict[str, float]:
    """Train a copy and write it as a checkpoint of its own; resumes in `work`.

    The trunk and all running statistics stay; the neck and the projection of patches move.

    Args:
        folder: Of a local_alignment checkpoint.
        source: Films of a site that the checkpoint knows.
        target: Films of the new site; nothing else is known of them.
        phrases: Whose maps on source films are to stay.
        options: Of the method.
        held_out: Source films to measure on.
        placed: Phrases of those films with their place.
        out: Checkpoint folder.
        work: Folder of the state.
        progress: Told how far each stage is.

    Returns:
        Divergence of the sites, information that target films leave in their vectors, and
        pointing on source films, before and after.
    """
    for name, films in (("source", source), ("target", target)):
        require(
            len(films) >= 2,
            f"mi_uda needs at least two films of each site, got {len(films)} of the {name}. Give "
            "more.",
        )
    before, tokenizer = load_start(folder)
    copy, _ = load_start(folder)
    before.eval().requires_grad_(requires_grad=False)
    copy.eval().requires_grad_(requires_grad=False)
    torch.manual_seed(options.seed)
    method = MiUda(options, Shapes(dimension=copy.config.dimension, features=copy.config.dimension))
    named = copy.image_encoder.named_modules()  # a twin has each of them twice
    neck = [m for name, m in named if name.rpartition(".")[2] in _LEARNED]
    learned = nn.ModuleDict(
        {"neck": nn.ModuleList(neck), "projection": copy.patch_projection, "method": method}
    )
    learned.requires_grad_()
    vectors = phrase_vectors(copy, tokenizer, phrases[: options.phrases])
    images = [as_inputs(films, copy.config.image_size) for films in (source, target)]
    scale, bias = copy.log_scale.exp(), copy.bias

    def loss_of(_: int, generator: torch.Generator) -> dict[str, Tensor]:
        copy.eval()  # running statistics are those of the checkpoint
        rows = [torch.randperm(len(site), generator=generator)[: options.batch] for site in images]
        batch = torch.cat([site[r] for site, r in zip(images, rows, strict=True)])
        count = len(rows[0])
        with torch.no_grad():
            known = before.encode_image(batch)[0]
        patches = copy.encode_image(batch)[0]
        latent = _whole(patches)
        parts: dict[str, Tensor] = method(latent[:count], latent[count:], _whole(known[count:]))
        answers = [
            torch.einsum("bhwd,pd->bphw", each[:count], vectors) * scale + bias
            for each in (patches, known)
        ]
        wanted = torch.sigmoid(answers[1])
        task = F.binary_cross_entropy_with_logits(answers[0], wanted)
        task = task - F.binary_cross_entropy_with_logits(answers[1], wanted)
        return parts | {"source answers": options.task_weight * task}

    descend(
        learned, loss_of, steps=options.steps, rate=options.rate, seed=options.seed, work=work,
        settings={"options": asdict(options), "start": _digest(folder), "source": len(source),
                  "target": len(target), "phrases": list(phrases)},
        progress=lambda done, total: progress("Copy", done, total),
    )  # fmt: skip
    copy.eval()
    progress("Figures", 0, 1)
    figures: dict[str, float] = {}
    some = [site[:_MEASURED] for site in images]
    inputs = _latent(before, some[1])
    sigma = float(median_distance(_latent(before, some[0]), inputs))
    for name, model in (("before", before), ("after", copy)):
        latents = [_latent(model, site) for site in some]
        figures[f"divergence {name}"] = float(squared_mmd(latents[0], latents[1], sigma=sigma))
        figures[f"information {name}"] = _information(inputs, latents[1], options)
        figures[f"pointing {name}"] = pointing(model, tokenizer, held_out, placed)
    finish(
        out, copy, tokenizer, source, config=_config(out, copy, options), check_views=0,
        card=_card(folder, len(source), len(target), figures),
    )  # fmt: skip
    progress("Figures", 1, 1)
    return figures


def _whole(patches: Tensor) -> Tensor:
    """Mean direction (B, D) of patches (B, h, w, D)."""
    return F.normalize(patches.flatten(1, 2).mean(1), dim=-1)


def _latent(model: LocalAlignmentModel, images: Tensor) -> Tensor:
    with torch.inference_mode():
        found = [_whole(model.encode_image(part)[0]) for part in images.split(_BATCH)]
        whole = torch.cat(found)
    return whole.clone()


def _information(inputs: Tensor, latent: Tensor, options: MiUdaOptions) -> float:
    """Bound of I(X; Z) in nats on films that a fresh critic did not learn from: every second."""
    torch.manual_seed(options.seed)
    method = MiUda(options, Shapes(dimension=latent.shape[1], features=inputs.shape[1]))
    if len(inputs) < 4:
        return float("nan")

    def loss_of(_: int, __: torch.Generator) -> dict[str, Tensor]:
        return {"bound": -method.information(inputs[::2], latent[::2])}

    descend(method, loss_of, steps=_CRITIC_STEPS, rate=1e-3, seed=0, weight_decay=0.1, settings={})
    with torch.no_grad():
        return float(method.information(inputs[1::2], latent[1::2]))


def _digest(folder: Path) -> str:
    return sha256_of(folder / WEIGHTS_FILE)


def _config(out: Path, copy: LocalAlignmentModel, options: MiUdaOptions) -> TrainingConfig:
    return TrainingConfig(
        name=out.name,
        title=f"{out.name}, adapted to another site",
        method="mi_uda",
        options=asdict(options),
        tower=copy.config.tower,
        image_size=copy.config.image_size,
        width=copy.config.width,
        dimension=copy.config.dimension,
        pooling=copy.config.pooling,
        both_views=copy.config.mirror,
        steps=options.steps,
        seed=options.seed,
    )


def _card(folder: Path, source: int, target: int, figures: dict[str, float]) -> dict[str, Any]:
    said = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
    return {
        "licence": said["licence"],
        "training_data": f"{folder.name}, adapted with {source} known films and {target} films of "
        f"another site without labels. {folder.name}: {said['training_data']}",
        "validation": {k: round(v, 4) for k, v in figures.items() if np.isfinite(v)},
        "adapted_from": {"name": folder.name, "sha256": _digest(folder)},
    }
