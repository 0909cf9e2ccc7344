"""From data on disk to a checkpoint folder: stages in a list, each resumable."""

import logging
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenizers import Tokenizer

from explorer.corpora import CorpusImage
from explorer.encoders.alignment import LocalAlignmentModel
from explorer.encoders.text_share import SharedTower
from explorer.methods._base import Method
from explorer.text import NULL_PHRASES
from explorer.training import calibrate, image_check
from explorer.training.checkpoint import write_checkpoint
from explorer.training.config import TrainingConfig
from explorer.training.drawing import Pools
from explorer.training.loop import train
from explorer.training.parallel import process_group
from explorer.training.phrase_memory import PhraseMemory
from explorer.training.phrasing import usual_phrase
from explorer.training.platt import fit_scores
from explorer.training.pools import make_pools
from explorer.training.report_validation import report_ranking
from explorer.training.samples import TrainingStudy, from_corpus
from explorer.training.self_training import with_placed_labels
from explorer.training.towers import Progress, RunInputs, starting_towers

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

log = logging.getLogger(__name__)

_FRONTALS = 4_000  # of each kind, to learn the image check from
_WATCHED = 1_000  # validation images looked at after a training
_TYPICAL = 200  # training images that scores are fitted on


@dataclass(slots=True)
class Run:
    """What the stages hand on to each other.

    Attributes:
        config, start, work, out, progress: As given to `run`.
        model, tokenizer: From the first stage on; the model is changed in place.
        shared: The text tower, where it stays in the folder it came from.
        memory: Of the text tower.
        pools: Training studies.
        method: With what it learned.
        figures: On the validation split, by name.
        calibration: Of the card.
    """

    config: TrainingConfig
    start: RunInputs
    work: Path
    out: Path
    progress: Progress
    model: LocalAlignmentModel
    tokenizer: Tokenizer
    shared: SharedTower | None
    memory: PhraseMemory
    pools: Pools
    method: Method | None = None
    figures: dict[str, float] = field(default_factory=dict)
    calibration: dict[str, float] = field(default_factory=dict)


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
        out: Folder to write.
        progress: Told how far each stage is.

    Returns:
        Figures on the validation split, by name; none in a process that is not the first.
    """
    model, tokenizer, shared = starting_towers(config, start, work=work, progress=progress)
    memory = PhraseMemory(model.text_encoder, tokenizer, kept=start.text_memory)
    train_images = [i for i in start.images if i.split == "train"]
    pools = replace(make_pools(train_images, start.phantoms), statements=start.statements)
    log.info(
        "%d boxed, %d labelled or reported, %d phantoms.",
        *map(len, (pools.boxed, pools.weak, pools.phantoms)),
    )
    under_way = Run(config, start, work, out, progress, model, tokenizer, shared, memory, pools)
    train_towers(under_way)
    if not process_group().first:
        return {}
    memory.save()
    for done, (title, stage) in enumerate(STAGES):
        progress("After the training", done, len(STAGES))
        log.info(title)
        stage(under_way)
    progress("After the training", len(STAGES), len(STAGES))
    return under_way.figures


def train_towers(run: Run) -> None:
    """Run the loop and write what it says to the TensorBoard log of the first process."""
    config = run.config
    with ExitStack() as stack:
        writer = _open_log(run.work / "log") if process_group().first else None
        if writer is not None:
            stack.enter_context(writer)

        def report(step: int, figures: dict[str, float]) -> None:
            if writer is not None:
                for name, value in figures.items():
                    writer.add_scalar(name, value, step)
            if step % 50 == 0:
                log.info("%d %s", step, {k: float(f"{v:.3g}") for k, v in figures.items()})
            run.progress("Towers", step + 1, config.steps)

        run_steps = partial(
            train, run.model, config=config, memory=run.memory, folder=run.work, report=report
        )
        placing_step = round(config.place_labels_at * config.steps)
        if placing_step:
            run.method = run_steps(run.pools, until=placing_step)
        if placing_step < config.steps:
            kept = run.work / "placing.pt"
            run.pools = with_placed_labels(run.model, run.pools, run.memory, kept=kept)
            run.method = run_steps(run.pools)


def check_images(run: Run) -> None:
    """Fit the image check on the finished towers."""
    if not run.config.image_check_views:
        run.model.config.checks_images = False
        return
    # Phantoms too: the laterals and slices are phantoms, and that must not be what tells them.
    real = (*run.pools.boxed[:_FRONTALS], *run.pools.weak[:_FRONTALS])
    run.figures["image_check_accuracy"] = image_check.fit_image_check(
        run.model,
        frontal=[s.film for s in (*real, *run.pools.phantoms[::4])],
        lateral=run.start.laterals,
        strange=run.start.strange,
        views=run.config.image_check_views,
    )


def fit_scale(run: Run) -> None:
    """Scale and biases, for objectives that learned cosines only."""
    if run.method is None or run.method.trains_scores:
        return
    pools = run.pools
    placed = (*pools.phantoms[:_TYPICAL], *pools.boxed[:_TYPICAL], *pools.weak[:_TYPICAL])
    run.figures |= fit_scores(run.model, placed[:_TYPICAL], run.memory, seed=run.config.seed)


def validate(run: Run) -> None:
    """Figures on the validation split; scores brighten to what covers its masks best."""
    run.figures |= _validate(run.model, run.start.images, run.memory)


def calibrate_threshold(run: Run) -> None:
    """Threshold and null statistics from maps of phrases that say nothing."""
    pools, model = run.pools, run.model
    typical = (*pools.weak[:_TYPICAL], *pools.boxed[:_TYPICAL], *pools.phantoms[:_TYPICAL])
    run.calibration = calibrate.calibrate(
        model,
        calibrate.patch_grids(model, typical[:_TYPICAL]),
        calibrate.phrase_embeddings(model, run.memory, NULL_PHRASES),
    )
    log.info("%s %s", run.figures, run.calibration)


def write(run: Run) -> None:
    """The checkpoint folder."""
    card: dict[str, Any] = {"calibration": run.calibration, "validation": run.figures}
    write_checkpoint(
        run.out,
        run.model,
        run.tokenizer,
        config=run.config,
        card=card | run.config.extra,
        shared=run.shared,
        method=run.method,
    )


Stage = tuple[str, Callable[[Run], None]]
STAGES: tuple[Stage, ...] = (
    ("Image check", check_images),
    ("Scale and biases", fit_scale),
    ("Validation", validate),
    ("Threshold", calibrate_threshold),
    ("Checkpoint", write),
)


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
