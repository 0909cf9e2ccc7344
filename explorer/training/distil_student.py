"""Distil a checkpoint into a small tower for the CPU; method `mimkd`."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.encoders.alignment import LocalAlignmentConfig, LocalAlignmentModel
from explorer.methods._base import Shapes
from explorer.methods._heads import descend, require
from explorer.methods.mimkd import Mimkd, MimkdOptions
from explorer.text import side_swapped
from explorer.training.config import TrainingConfig
from explorer.training.copies import (
    PlacedPhrase,
    Progress,
    as_inputs,
    card_from,
    digest_of,
    finish,
    load_frozen,
    maps_from,
    patches_of,
    phrase_vectors,
    pointing,
)

UInt8 = NDArray[np.uint8]
_NOISE, _GAIN = 0.05, 0.1  # of standardised pixels
_TIMED = 5


def distil_student(
    teacher_folder: Path,
    films: Sequence[UInt8],
    phrases: Sequence[str],
    options: MimkdOptions,
    *,
    held_out: Sequence[UInt8],
    placed: Sequence[PlacedPhrase],
    out: Path,
    work: Path,
    progress: Progress = lambda *_: None,
) -> dict[str, float]:
    """Train a student on unlabelled films and write it as a checkpoint; resumes in `work`.

    Args:
        teacher_folder: Of a local_alignment checkpoint.
        films: To learn from; no label is used.
        phrases: Whose maps the student learns; their swapped forms are added.
        options: Of the method.
        held_out: Films to measure on.
        placed: Phrases of those films with their place.
        out: Checkpoint folder.
        work: Folder of the state.
        progress: Told how far each stage is.

    Returns:
        Pointing, parameters, size and time of an image of teacher and student.
    """
    require(len(films) >= 2, f"mimkd needs at least two films, got {len(films)}. Give more.")
    teacher, tokenizer = load_frozen(teacher_folder)
    torch.manual_seed(options.seed)
    student = _student(teacher, options)
    method = Mimkd(options, Shapes(dimension=teacher.config.dimension))
    words = list(dict.fromkeys(form for p in phrases for form in (p, side_swapped(p) or p)))
    taught = _Taught(teacher, tokenizer, films, words, student.config.grid_size, progress)
    images = as_inputs(films, options.image_size)
    lesson = _Lesson(student, method, taught, images, phrase_vectors(teacher, tokenizer, words))
    learned = nn.ModuleDict(
        {"tower": student.image_encoder, "projection": student.patch_projection, "method": method}
    )
    descend(
        learned, lesson, steps=options.steps, rate=options.rate, seed=options.seed,
        weight_decay=options.weight_decay, work=work,
        settings={"options": asdict(options), "teacher": digest_of(teacher_folder),
                  "films": len(films), "phrases": words},
        progress=lambda done, total: progress("Student", done, total),
    )  # fmt: skip
    student.eval()
    progress("Check and figures", 0, 1)
    figures = {
        f"{name} {what}": value
        for name, model in (("teacher", teacher), ("student", student))
        for what, value in _figures(model, tokenizer, held_out, placed).items()
    }
    how = f"Distilled from {teacher_folder.name} on {len(films)} films without their labels."
    told = finish(
        out, student, tokenizer, films,
        config=_config(out, options, student), check_views=options.check_views,
        card=card_from(teacher_folder, figures, how=how, origin="teacher"),
    )  # fmt: skip
    progress("Check and figures", 1, 1)
    return figures | {"image check": told}


def _student(teacher: LocalAlignmentModel, options: MimkdOptions) -> LocalAlignmentModel:
    """A small tower with the teacher's text side; it looks at one view."""
    config = teacher.config
    student = LocalAlignmentModel(
        LocalAlignmentConfig(
            image_size=options.image_size,
            width=options.width,
            dimension=config.dimension,
            pooling=config.pooling,
            pooling_temperature=config.pooling_temperature,
            mirror=False,
            tower="small",
            text=config.text,
        )
    )
    student.text_encoder.load_state_dict(teacher.text_encoder.state_dict())
    student.phrase_projection.load_state_dict(teacher.phrase_projection.state_dict())
    with torch.no_grad():
        for name in ("log_scale", "bias", "pooled_bias"):
            getattr(student, name).copy_(getattr(teacher, name))
    for part in (student.text_encoder, student.phrase_projection):
        part.eval().requires_grad_(requires_grad=False)
    for name in ("log_scale", "bias", "pooled_bias"):
        getattr(student, name).requires_grad_(requires_grad=False)
    return student.eval()  # what is not learned keeps its statistics


class _Taught:
    """What the teacher makes of the films, on the student's grid, in half precision.

    Attributes:
        patches: Of the film and of its mirror image, (N, g, g, D) each; means of unit vectors.
        maps: (N, P, g, g) cosines as the checkpoint answers.
        swapped: (P,) place of the side-swapped form of each phrase.
    """

    def __init__(
        self,
        teacher: LocalAlignmentModel,
        tokenizer: Any,
        films: Sequence[UInt8],
        phrases: Sequence[str],
        grid: int,
        progress: Progress,
    ) -> None:
        others = [side_swapped(p) or p for p in phrases]
        self.swapped = torch.tensor([phrases.index(other) for other in others])
        vectors = [phrase_vectors(teacher, tokenizer, each) for each in (phrases, others)]
        patches: tuple[list[Tensor], list[Tensor]] = ([], [])
        maps = []
        for first in range(0, len(films), _TIMED):
            images = as_inputs(films[first : first + _TIMED], teacher.config.image_size)
            views = [patches_of(teacher, view) for view in (images, images.flip(-1))]
            for kept, view in zip(patches, views, strict=True):
                small = F.adaptive_avg_pool2d(view.permute(0, 3, 1, 2), grid)
                kept.append(small.permute(0, 2, 3, 1).half())
            answer = maps_from(views if teacher.config.mirror else views[:1], vectors)
            maps.append(F.adaptive_avg_pool2d(answer, grid).half())
            progress("Teacher", min(first + _TIMED, len(films)), len(films))
        self.patches = (torch.cat(patches[0]), torch.cat(patches[1]))
        self.maps = torch.cat(maps)

    def of(self, rows: Tensor, *, mirrored: bool) -> tuple[Tensor, Tensor]:
        """Patches (B, g, g, D) and maps (B, P, g, g) of some films, or of their mirror images."""
        maps = self.maps[rows].float()
        if mirrored:
            maps = maps[:, self.swapped].flip(-1)
        return self.patches[int(mirrored)][rows].float(), maps


@dataclass(frozen=True, slots=True)
class _Lesson:
    """The loss of a step: what the method asks of student and teacher, and the maps to learn.

    Attributes:
        student: The model that learns.
        method: The method, which learns beside it.
        taught: What the teacher makes of the films.
        images: Inputs (N, 1, S, S) of the student.
        vectors: (P, D) of the phrases whose maps are learned.
    """

    student: LocalAlignmentModel
    method: Mimkd
    taught: _Taught
    images: Tensor
    vectors: Tensor

    def __call__(self, step: int, generator: torch.Generator) -> dict[str, Tensor]:
        count = len(self.images)
        options: MimkdOptions = self.method.options
        drawn = torch.randint(count, (min(options.batch, count),), generator=generator).unique()
        rows = drawn if len(drawn) > 1 else torch.arange(2)
        mirrored = bool(torch.rand(1, generator=generator) < 0.5)
        torch.manual_seed(options.seed * 100_003 + step)  # for dropout
        patches, _ = self.student.encode_image(_changed(self.images[rows], mirrored, generator))
        own = patches.flatten(1, 2)
        taught, maps = self.taught.of(rows, mirrored=mirrored)
        scale, bias = self.student.log_scale.exp(), self.student.bias
        logits = torch.einsum("brd,pd->bpr", own, self.vectors) * scale + bias
        parts: dict[str, Tensor] = self.method(taught.flatten(1, 2), own)
        return parts | {"scores": self.method.task(logits, maps.flatten(2) * scale + bias)}


def _changed(images: Tensor, mirrored: bool, generator: torch.Generator) -> Tensor:
    """Mirrored or not, a little brighter or duller, a little noisy."""
    images = images.flip(-1) if mirrored else images
    gain = 1 + _GAIN * torch.randn(len(images), 1, 1, 1, generator=generator)
    return images * gain + _NOISE * torch.randn(images.shape, generator=generator)


def _figures(
    model: LocalAlignmentModel,
    tokenizer: Any,
    films: Sequence[UInt8],
    placed: Sequence[PlacedPhrase],
) -> dict[str, float]:
    side = model.config.image_size
    one = as_inputs(films[:1], side)
    if model.config.mirror:
        one = torch.cat([one, one.flip(-1)])
    times = []
    with torch.inference_mode():
        for _ in range(_TIMED):
            began = time.perf_counter()
            model.encode_image(one)
            times.append(time.perf_counter() - began)
    tower = [*model.image_encoder.parameters(), *model.patch_projection.parameters()]
    return {
        "pointing": pointing(model, tokenizer, films, placed),
        "ms an image": 1000 * float(np.median(times)),
        "image parameters (M)": sum(p.numel() for p in tower) / 1e6,
    }


def _config(out: Path, options: MimkdOptions, student: LocalAlignmentModel) -> TrainingConfig:
    return TrainingConfig(
        name=out.name,
        title=f"Student at {options.image_size} px",
        method="mimkd",
        options=asdict(options),
        tower="small",
        image_size=options.image_size,
        width=options.width,
        dimension=student.config.dimension,
        pooling=student.config.pooling,
        both_views=False,
        steps=options.steps,
        seed=options.seed,
    )
