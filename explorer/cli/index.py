"""`explorer index`: build an index of films, add to it, take studies out, say what it holds."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from explorer.cli._console import consoles, say, working
from explorer.cli._options import CheckpointOption, Device, DeviceOption, Dtype, DtypeOption

if TYPE_CHECKING:
    from rich.console import Console

    from explorer.pipeline import BuildReport, IndexInfo

CorpusArgument = Annotated[
    Path,
    typer.Argument(help="Folder: study folders, a known layout, or images.", exists=True),
]
LayoutOption = Annotated[
    str | None, typer.Option(help='Of the corpus, or "images"; found by its files.')
]
PathsOption = Annotated[
    bool, typer.Option("--keep-paths", help="Keep the path of every film below CORPUS.")
]
_SHOWN = 20


class _Mode(StrEnum):
    build = "build"
    add = "add"
    update = "update"


def build(
    corpus: CorpusArgument,
    out: Annotated[str, typer.Option(help="Folder of the index, or s3://bucket/name.")],
    checkpoint: CheckpointOption = None,
    layout: LayoutOption = None,
    keep_paths: PathsOption = False,
    part: Annotated[
        str | None, typer.Option(help="K/N: the Kth of N parts of CORPUS, for an index in shards.")
    ] = None,
    batch: Annotated[
        int, typer.Option(help="Studies of a commit; what a kill can cost.", min=1)
    ] = 16,
    workers: Annotated[
        int, typer.Option(help="Processes that read and encode; above 1 on Ray.", min=1)
    ] = 1,
    cluster: Annotated[
        str | None, typer.Option(help="Ray cluster of the workers; default: this machine.")
    ] = None,
    device: DeviceOption = Device.auto,
    dtype: DtypeOption = Dtype.auto,
) -> None:
    """Make an index of a corpus; stopped at any time, the same command goes on where it was.

    Kept are vectors, sentences, small pictures, view, age by decade, sex and findings. Names,
    dates, identifiers and paths are not kept.
    """
    _fill(
        _Mode.build, corpus, out, checkpoint, layout=layout, keep_paths=keep_paths,
        device=device, dtype=dtype, part=_read_part(part), batch=batch, workers=workers,
        cluster=cluster,
    )  # fmt: skip


def add(
    corpus: CorpusArgument,
    index: Annotated[str, typer.Option(help="An index that is there.")],
    checkpoint: CheckpointOption = None,
    layout: LayoutOption = None,
    keep_paths: PathsOption = False,
    device: DeviceOption = Device.auto,
    dtype: DtypeOption = Dtype.auto,
) -> None:
    """Add the studies of a corpus to an index; those that are in stay as they are."""
    _fill(
        _Mode.add, corpus, index, checkpoint, layout=layout, keep_paths=keep_paths,
        device=device, dtype=dtype,
    )  # fmt: skip


def update(
    corpus: CorpusArgument,
    index: Annotated[str, typer.Option(help="An index that is there.")],
    checkpoint: CheckpointOption = None,
    layout: LayoutOption = None,
    keep_paths: PathsOption = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Take out studies that the corpus no longer has.")
    ] = False,
    device: DeviceOption = Device.auto,
    dtype: DtypeOption = Dtype.auto,
) -> None:
    """Bring an index up to date: new studies go in, those with a new report or labels change."""
    _fill(
        _Mode.update, corpus, index, checkpoint, layout=layout, keep_paths=keep_paths,
        prune=prune, device=device, dtype=dtype,
    )  # fmt: skip


def remove(
    index: Annotated[str, typer.Option(help="An index that is there.")],
    study: Annotated[
        list[str] | None, typer.Option(help="Id of a study; may be given several times.")
    ] = None,
    where: Annotated[
        str, typer.Option("--filter", help="Studies that it keeps, e.g. source=phantoms.")
    ] = "",
) -> None:
    """Take studies out of an index, by id or by filter."""
    if not study and not where.strip():
        raise typer.BadParameter("Give --study ID (once or more) or --filter.")
    from explorer import pipeline

    gone = pipeline.remove_studies(index, study_ids=study or [], where=pipeline.parse_filter(where))
    say(consoles()[1], f"{gone} {'study' if gone == 1 else 'studies'} taken out.")


def info(
    index: Annotated[str | None, typer.Argument(help="Default: the bundled index.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Say what an index holds, and with which checkpoint it was made."""
    from explorer import pipeline

    found = pipeline.index_info(index)
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=2))
        return
    from rich.table import Table

    table = Table(title=f"Index {found.uri}", show_header=False)
    plain = found.as_json()
    rows: list[tuple[str, Any]] = [
        *((name, f"{plain[name]:,}") for name in ("studies", "films", "regions", "sentences")),
        ("checkpoint", f"{found.space.checkpoint}, sha256 {found.space.sha256[:12]}"),
        ("search", _how_exact(found)),
        ("sources", _listed(found.sources)),
        ("findings", _listed(found.findings)),
    ]
    for name, value in rows:
        table.add_row(name, str(value))
    consoles()[0].print(table)


def _how_exact(info: "IndexInfo") -> str:
    recalls = (
        ("text", info.recall),
        ("region", info.region_recall),
        ("report", info.report_recall),
    )
    told = [f"{kind} {recall:.3f}" for kind, recall in recalls if recall is not None]
    return f"{info.search}, recall@10 of exact search: {', '.join(told)}" if told else info.search


def _fill(
    mode: _Mode,
    corpus: Path,
    uri: str,
    checkpoint: str | None,
    *,
    layout: str | None,
    keep_paths: bool,
    device: Device,
    dtype: Dtype,
    prune: bool = False,
    part: tuple[int, int] | None = None,
    batch: int = 16,
    workers: int = 1,
    cluster: str | None = None,
) -> None:
    from explorer import pipeline

    _, log = consoles()
    if corpus.is_file():
        raise typer.BadParameter(f"CORPUS must be a folder, got the file {corpus.name}.")
    with working(log, "Loading the checkpoint"):
        engine = pipeline.open_engine(checkpoint, device=device.value, precision=dtype.value)
    with _studies(log) as progress:
        report = pipeline.build_index(
            corpus,
            uri,
            engine=engine,
            mode=mode.value,
            layout=layout,
            keep_paths=keep_paths,
            prune=prune,
            part=part,
            batch=batch,
            workers=workers,
            cluster=cluster,
            progress=progress,
        )
    _say_report(log, report, uri)


def _read_part(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    number, slash, parts = text.partition("/")
    if not (slash and number.isdigit() and parts.isdigit() and 1 <= int(number) <= int(parts)):
        raise typer.BadParameter(f"--part is K/N with K from 1 to N, e.g. 2/4, got {text!r}.")
    return int(number), int(parts)


@contextmanager
def _studies(log: "Console") -> Iterator[Callable[[int, int], None]]:
    """A progress bar with the rate and the time that is left."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Any) -> Text:
            speed = task.finished_speed or task.speed
            return Text("" if speed is None else f"{speed:.1f} studies/s")

    columns = (BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    with Progress(TextColumn("Studies"), *columns, console=log) as bar:
        task = bar.add_task("Studies", total=None)

        def tell(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield tell


def _say_report(log: "Console", report: "BuildReport", uri: str) -> None:
    for path, why in report.left_out[:_SHOWN]:
        say(log, f"Left out {path}: {why}")
    if len(report.left_out) > _SHOWN:
        say(log, f"... and {len(report.left_out) - _SHOWN} more.")
    counts = (
        (report.added, "added"),
        (report.replaced, "replaced"),
        (report.unchanged, "in already"),
        (report.duplicates, "merged as duplicates"),
        (report.removed, "taken out"),
        (len(report.left_out), "left out"),
    )
    told = ", ".join(f"{n:,} {what}" for n, what in counts if n) or "nothing to do"
    say(log, f"{uri}: {told}.")


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {n:,}" for name, n in counts.items()) or "none"
