"""Evaluation runs of the app: a data set, the runs on it, and which of them are on screen.

A run measures in pieces, and every piece takes a turn. Who presses cancel, leaves the page or
closes the tab ends it between two pieces: what was measured is kept and goes on when asked again.
"""

import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from explorer.errors import DataSetError
from explorer.placed import PlacedCorpus, PlacedPhrase
from explorer.ui import engines
from explorer.ui.door import pipeline
from explorer.ui.fields import fill_fields
from explorer.ui.loaded import LoadedStudy, Reference
from explorer.ui.sharing import Told, turn
from explorer.ui.state import session

if TYPE_CHECKING:
    from explorer.pipeline import Run

SOURCES = ("Bundled phantoms", "A folder", "Your files")
_LOCK = threading.Lock()
_MEASURED_NOW: set[Path] = set()
MOST_FILES, MOST_BYTES = 5_000, 2_000_000_000
_IMAGES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".dcm", ".dicom")


@dataclass(frozen=True, slots=True)
class Variant:
    """A checkpoint with the precision that it is run in."""

    checkpoint: str
    precision: str = "auto"

    @property
    def title(self) -> str:
        """What a list calls it."""
        return (
            self.checkpoint if self.precision == "auto" else f"{self.checkpoint}, {self.precision}"
        )


@dataclass(slots=True)
class Evaluations:
    """What one tab remembers of the page.

    Attributes:
        kind: Where data sets are looked for, of `SOURCES`.
        variants: Titles of what is measured; None before anything was chosen.
        protocols: What it is measured with; None before anything was chosen.
        source: Names the data set that was read: its kind, path and split.
        corpus: The data set; None before one was read.
        shown: Folders of the runs on screen, the first against the others.
        deleted: How many runs were just deleted; said once.
        unpacked: Keeps an uploaded zip on disk while the tab is open.
    """

    kind: str = SOURCES[0]
    variants: tuple[str, ...] | None = None
    protocols: tuple[str, ...] | None = None
    source: tuple[str, ...] = ()
    corpus: PlacedCorpus | None = None
    shown: tuple[Path, ...] = ()
    deleted: int = 0
    unpacked: "tempfile.TemporaryDirectory[str] | None" = field(default=None, repr=False)


def evaluations() -> Evaluations:
    """What this tab remembers, made on first use."""
    memory = session()
    if memory.evaluations is None:
        memory.evaluations = Evaluations()
    return memory.evaluations


def fill_form(memory: Evaluations, *, again: bool) -> None:
    """Say in the fields of the page what is remembered.

    Args:
        memory: What is remembered.
        again: As in `fill_fields`.
    """
    titles = [variant.title for variant in variants()]
    protocols = (pipeline.DEFAULT_PROTOCOL, "phrase_trust")
    folder = memory.source[1:] if memory.source[:1] == ("folder",) else ("", "", "all")
    held = {
        "evaluate_source": memory.kind,
        "evaluate_variants": [
            title
            for title in (titles[:1] if memory.variants is None else memory.variants)
            if title in titles
        ],
        "evaluate_protocols": list(protocols if memory.protocols is None else memory.protocols),
        **dict(zip(("evaluate_data", "evaluate_images", "evaluate_split"), folder, strict=True)),
    }
    fill_fields(held, again=again)


def variants() -> list[Variant]:
    """Every checkpoint, as it runs best here and in full precision."""
    names = [card.name for card in engines.checkpoints()]
    return [Variant(name) for name in names] + [Variant(name, "float32") for name in names]


def bundled_corpus() -> PlacedCorpus:
    """The bundled phantom studies.

    Raises:
        DataSetError: They are not there.
    """
    return replace(pipeline.read_placed(pipeline.bundled_folder()), title="Bundled phantoms")


def unpack(memory: Evaluations, table: bytes, pictures: bytes) -> PlacedCorpus:
    """Read an uploaded table of phrases with its zip of images.

    Raises:
        DataSetError: The zip is none, or holds too much; or the table does not fit.
    """
    place = tempfile.TemporaryDirectory(prefix="explorer-evaluate-")
    folder = Path(place.name)
    (folder / "phrases.csv").write_bytes(table)
    _unzip(pictures, folder)
    corpus = pipeline.read_placed(folder / "phrases.csv", images=folder)
    memory.unpacked = place
    return corpus


def _unzip(data: bytes, folder: Path) -> None:
    from io import BytesIO

    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            wanted = [i for i in archive.infolist() if i.filename.lower().endswith(_IMAGES)]
            size = sum(item.file_size for item in wanted)
            if len(wanted) > MOST_FILES or size > MOST_BYTES:
                raise DataSetError(
                    f"A zip may hold {MOST_FILES:,} images and {MOST_BYTES // 10**9} GB, this one "
                    f"holds {len(wanted):,} and {size / 1e9:.1f} GB. Give a folder instead."
                )
            for item in wanted:
                parts = [p for p in PurePosixPath(item.filename).parts if p not in ("..", "/")]
                target = folder.joinpath(*parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(item))
    except zipfile.BadZipFile as error:
        raise DataSetError("The images must come as a zip file, this is none.") from error


def run(
    corpus: PlacedCorpus,
    chosen: Sequence[Variant],
    protocols: Sequence[str],
    *,
    progress: Callable[[str, int, int], None],
    told: Told | None = None,
) -> tuple[Path, ...]:
    """Measure every variant on a data set, piece by piece; what is kept already costs nothing.

    Raises:
        ExplorerError: A checkpoint cannot be loaded or reads no text, an image cannot be read.
    """
    folders = []
    for variant in chosen:
        engine = engines.engine(variant.checkpoint, precision=variant.precision)
        names = sorted(protocols)
        name = f"{pipeline.run_name(engine, corpus)}-{'-'.join(names)}"
        folder = pipeline.runs_root() / name[:180]
        with _alone(folder):
            started = pipeline.start_evaluation(engine, corpus, folder=folder, protocols=names)
            steps = started.steps()
            while True:
                with turn(told):
                    state = next(steps, None)
                if state is None:
                    break
                progress(variant.title, state.done, state.total)
        folders.append(folder)
    return tuple(folders)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Measure a run in one tab only, and delete none that is being measured.

    Raises:
        DataSetError: Another tab measures it.
    """
    with _LOCK:
        if folder in _MEASURED_NOW:
            raise DataSetError(
                "A run is measured in one tab at a time, and another tab measures this one now. "
                "Wait until it is done, or cancel it there."
            )
        _MEASURED_NOW.add(folder)
    try:
        yield
    finally:
        _MEASURED_NOW.discard(folder)


def delete(memory: Evaluations, folders: Sequence[Path]) -> None:
    """Delete kept runs, and take them off the screen.

    Raises:
        DataSetError: One is being measured, is gone already, or its folder holds something else.
    """
    for folder in folders:
        with _alone(folder):
            pipeline.delete_run(folder)
    there_still(memory)


def there_still(memory: Evaluations) -> int:
    """Take runs off the screen that were deleted, here or elsewhere; say how many."""
    kept = tuple(folder for folder in memory.shown if folder.exists())
    gone = len(memory.shown) - len(kept)
    memory.shown = kept
    return gone


def phrase_of(corpus: PlacedCorpus, image: str, key: str) -> PlacedPhrase | None:
    """The phrase that a sample of a run is about."""
    return next((p for p in corpus.phrases if p.image_key == image and p.key == key), None)


def opened(phrase: PlacedPhrase) -> LoadedStudy:
    """The film of a phrase as a study, with the boxes that are known of it.

    Raises:
        ExplorerError: The image cannot be read.
    """
    study = pipeline.read_study([phrase.image.read_bytes()])
    rows, columns = study.radiographs[0].shape
    height, width = phrase.image_shape
    boxes = tuple(
        Reference(
            phrase.phrase,
            None,
            type(box)(
                box.x_min * columns / width,
                box.y_min * rows / height,
                box.x_max * columns / width,
                box.y_max * rows / height,
            ),
        )
        for box in phrase.boxes
    )
    return LoadedStudy(
        study=study, origin="upload", title="Film of the data set", labels=("Film",),
        references=boxes,
    )  # fmt: skip


def read_runs(folders: Sequence[Path]) -> "list[Run]":
    """Read kept runs back.

    Raises:
        DataSetError: One cannot be read.
    """
    return [pipeline.read_run(folder) for folder in folders]
