"""Adapt a copy of a checkpoint to films of another site, without labels; method `mi_uda`."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.encoders.alignment import LocalAlignmentModel
from explorer.methods._base import Shapes
from explorer.methods._heads import descend, require
from explorer.methods.mi_uda import MiUda, MiUdaOptions, median_distance, squared_mmd
from explorer.training.config import TrainingConfig
from explorer.training.copies import (
    PlacedPhrase,
    Progress,
    as_inputs,
    card_from,
    digest_of,
    finish,
    load_frozen,
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
    _require_films(source, target)
    before, tokenizer = load_frozen(folder)
    copy, _ = load_frozen(folder)
    torch.manual_seed(options.seed)
    method = MiUda(options, Shapes(dimension=copy.config.dimension, features=copy.config.dimension))
    learned = _learned(copy, method)
    vectors = phrase_vectors(copy, tokenizer, phrases[: options.phrases])
    sites = [as_inputs(films, copy.config.image_size) for films in (source, target)]
    descend(
        learned, _Lesson(before, copy, method, sites, vectors),
        steps=options.steps, rate=options.rate, seed=options.seed, work=work,
        settings={"options": asdict(options), "start": digest_of(folder), "source": len(source),
                  "target": len(target), "phrases": list(phrases)},
        progress=lambda done, total: progress("Copy", done, total),
    )  # fmt: skip
    copy.eval()
    progress("Figures", 0, 1)
    some = [site[:_MEASURED] for site in sites]
    known = [_latent(before, site) for site in some]
    moved = [_latent(copy, site) for site in some]
    figures: dict[str, float] = {}
    for name, model, latents in (("before", before, known), ("after", copy, moved)):
        found = _figures(latents, known, options)
        found["pointing"] = pointing(model, tokenizer, held_out, placed)
        figures |= {f"{what} {name}": value for what, value in found.items()}
    how = (
        f"{folder.name}, adapted with {len(source)} known films and {len(target)} films of another "
        "site without labels."
    )
    finish(
        out, copy, tokenizer, source, config=_config(out, copy, options), check_views=0,
        card=card_from(folder, figures, how=how, origin="adapted_from"),
    )  # fmt: skip
    progress("Figures", 1, 1)
    return figures


def _require_films(source: Sequence[UInt8], target: Sequence[UInt8]) -> None:
    for name, films in (("source", source), ("target", target)):
        require(
            len(films) >= 2,
            f"mi_uda needs at least two films of each site, got {len(films)} of the {name}. Give "
            "more.",
        )


def _learned(copy: LocalAlignmentModel, method: MiUda) -> nn.ModuleDict:
    """What moves: the neck and the projection of patches of a frozen copy, and the method."""
    named = copy.image_encoder.named_modules()  # a twin has each of them twice
    neck = [m for name, m in named if name.rpartition(".")[2] in _LEARNED]
    learned = nn.ModuleDict(
        {"neck": nn.ModuleList(neck), "projection": copy.patch_projection, "method": method}
    )
    return learned.requires_grad_()


@dataclass(frozen=True, slots=True)
class _Lesson:
    """The loss of a step: what the method asks of both sites, and answers on source films kept.

    Attributes:
        before: The checkpoint, whose answers are to stay.
        copy: The copy of it that learns.
        method: The method, which learns beside it.
        sites: Inputs (N, 1, S, S) of source and target films.
        vectors: (P, D) of the phrases whose answers are to stay.
    """

    before: LocalAlignmentModel
    copy: LocalAlignmentModel
    method: MiUda
    sites: Sequence[Tensor]
    vectors: Tensor

    def __call__(self, _: int, generator: torch.Generator) -> dict[str, Tensor]:
        options = self.method.options
        self.copy.eval()  # running statistics are those of the checkpoint
        rows = [
            torch.randperm(len(site), generator=generator)[: options.batch] for site in self.sites
        ]
        batch = torch.cat([site[r] for site, r in zip(self.sites, rows, strict=True)])
        count = len(rows[0])
        with torch.no_grad():
            known = self.before.encode_image(batch)[0]
        patches = self.copy.encode_image(batch)[0]
        own, others = _whole(patches).split([count, len(batch) - count])
        parts: dict[str, Tensor] = self.method(own, others, _whole(known[count:]))
        moved = self._moved(patches[:count], known[:count])
        return parts | {"source answers": options.task_weight * moved}

    def _moved(self, patches: Tensor, known: Tensor) -> Tensor:
        """Divergence of the copy's answers from the checkpoint's, of patches (B, h, w, D) each."""
        scale, bias = self.copy.log_scale.exp(), self.copy.bias
        own, wanted = (
            torch.einsum("bhwd,pd->bphw", each, self.vectors) * scale + bias
            for each in (patches, known)
        )
        shares = torch.sigmoid(wanted)
        cross = F.binary_cross_entropy_with_logits(own, shares)
        return cross - F.binary_cross_entropy_with_logits(wanted, shares)


def _whole(patches: Tensor) -> Tensor:
    """Mean direction (B, D) of patches (B, h, w, D)."""
    return F.normalize(patches.flatten(1, 2).mean(1), dim=-1)


def _latent(model: LocalAlignmentModel, images: Tensor) -> Tensor:
    with torch.inference_mode():
        found = [_whole(model.encode_image(part)[0]) for part in images.split(_BATCH)]
        whole = torch.cat(found)
    return whole.clone()


def _figures(
    latents: Sequence[Tensor], known: Sequence[Tensor], options: MiUdaOptions
) -> dict[str, float]:
    """How far apart the sites are, and what target films leave in their vectors, in nats.

    Args:
        latents: Vectors (N, D) of source and of target films.
        known: Those that the checkpoint gives to the same films.
        options: Of the method.
    """
    sigma = float(median_distance(*known))
    return {
        "divergence": float(squared_mmd(*latents, sigma=sigma)),
        "information": _information(known[1], latents[1], options),
    }


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
