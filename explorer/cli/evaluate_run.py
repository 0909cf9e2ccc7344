"""`explorer evaluate run | compare | runs | export | delete | protocols`: placed phrases."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from explorer.cli._console import consoles, say, staged, working
from explorer.cli._figures import cell, figure_table
from explorer.cli._options import (
    BootstrapOption,
    CheckpointOption,
    Device,
    DeviceOption,
    Dtype,
    DtypeOption,
    FiguresOption,
    write_figures,
)

if TYPE_CHECKING:
    from rich.console import Console

_WIDE = 150
RunArgument = Annotated[Path, typer.Argument(help="Folder of a run.", exists=True, file_okay=False)]
ProtocolOption = Annotated[
    str, typer.Option("--protocol", help="Name or id; `explorer evaluate protocols` lists them.")
]


def run(
    data: Annotated[
        Path, typer.Argument(help="Annotation file or folder, or phantom studies.", exists=True)
    ],
    images: Annotated[
        Path | None,
        typer.Option(help="Folder of the images; default: that of the data.", file_okay=False),
    ] = None,
    reader: Annotated[str | None, typer.Option(help="Reader; found by the files.")] = None,
    split: Annotated[str, typer.Option(help='Split to measure on, or "all".')] = "all",
    protocol: Annotated[
        list[str] | None, typer.Option("--protocol", help="Several are allowed; default: all.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the run; one that was killed goes on.")
    ] = None,
    checkpoint: CheckpointOption = None,
    pooling: Annotated[str | None, typer.Option(help="Of the score of a phrase.")] = None,
    batch: Annotated[int, typer.Option(help="Images of a step.", min=1)] = 16,
    device: DeviceOption = Device.auto,
    dtype: DtypeOption = Dtype.auto,
    bootstrap: BootstrapOption = 1000,
    json_file: FiguresOption = None,
) -> None:
    """Measure a checkpoint on phrases whose place is known, with pinned protocols.

    The run is kept and printed; a second call with the same run measures nothing again.
    """
    from explorer import pipeline

    console, log = consoles()
    with working(log, "Reading the data set"):
        corpus = pipeline.read_placed(data, images=images, reader=reader, split=split)
    with working(log, "Loading the checkpoint"):
        engine = pipeline.open_engine(checkpoint, device=device.value, precision=dtype.value)
    chosen = protocol or list(pipeline.protocol_names())
    name = pipeline.run_name(engine, corpus, pooling=pooling)
    folder = out or pipeline.runs_root() / name
    with staged(log) as progress:
        pipeline.evaluate_placed(
            engine,
            corpus,
            folder=folder,
            protocols=chosen,
            batch=batch,
            pooling=pooling,
            progress=lambda done, total: progress("Images", done, total),
        )
    found = pipeline.read_run(folder)
    tables = [pipeline.summarise_run(found, protocol=one, replicates=bootstrap) for one in chosen]
    write_figures(json_file, {"card": found.card, "tables": tables})
    say(log, f"The run is kept in {folder}")
    for table in tables:
        _print_summary(console, table, found.card)


def boxes(
    data: Annotated[Path, typer.Argument(help="Annotation file or folder.", exists=True)],
    predictions: Annotated[
        Path,
        typer.Argument(help="JSON list of image, phrase, boxes.", exists=True, dir_okay=False),
    ],
    numbers: Annotated[
        str, typer.Option(help="What they mean: pixels, unit, maira2 or percent.")
    ] = "pixels",
    images: Annotated[
        Path | None, typer.Option(help="Folder of the images; default: that of the data.")
    ] = None,
    reader: Annotated[str | None, typer.Option(help="Reader; found by the files.")] = None,
    split: Annotated[str, typer.Option(help='Split to measure on, or "all".')] = "all",
    bootstrap: BootstrapOption = 1000,
    json_file: FiguresOption = None,
) -> None:
    """Measure boxes that another program predicted for the phrases of a data set."""
    from explorer import pipeline

    console, _ = consoles()
    corpus = pipeline.read_placed(data, images=images, reader=reader, split=split)
    found = pipeline.evaluate_boxes(corpus, predictions, numbers=numbers, replicates=bootstrap)
    write_figures(json_file, found)
    about = {
        "corpus": {
            "images": len({phrase.image for phrase in corpus.phrases}),
            "patients": len({phrase.patient for phrase in corpus.phrases}),
        },
        "checkpoint": {"name": predictions.name},
    }
    _print_summary(console, found, {"about": about})


def compare(
    first: RunArgument,
    second: RunArgument,
    protocol: ProtocolOption = "original_pixels",
    metric: Annotated[
        str | None, typer.Option(help="Lists the images that differ most by this metric.")
    ] = None,
    order: Annotated[str, typer.Option(help='"apart", "lost" or "won" by the second.')] = "apart",
    bootstrap: BootstrapOption = 1000,
    json_file: FiguresOption = None,
) -> None:
    """Paired differences of two runs on one data set, by finding, corrected for their number."""
    from explorer import pipeline

    console, _ = consoles()
    runs = [pipeline.read_run(folder) for folder in (first, second)]
    found = pipeline.compare_runs(*runs, protocol=protocol, replicates=bootstrap)
    if metric is not None:
        apart = pipeline.most_apart(*runs, protocol=protocol, metric=metric, order=order)
        found["apart"] = apart.head(20).to_dict("records")
    write_figures(json_file, found)
    _print_comparison(console, found)


def runs(
    root: Annotated[Path | None, typer.Argument(help="Folder of runs; default: the cache.")] = None,
) -> None:
    """List the runs that are kept, newest first."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from explorer import pipeline

    console, log = consoles()
    place = root or pipeline.runs_root()
    cards = pipeline.describe_cards(pipeline.list_runs(place))
    if not cards:
        say(log, f"No run is kept in {place}. Make one: explorer evaluate run DATA")
        return
    table = Table(box=SIMPLE_HEAD, show_edge=False)
    for name in cards[0]:
        table.add_column(name, overflow="fold")
    for card in cards:
        table.add_row(*(str(value) for value in card.values()))
    console.print(table)


def export(
    run_folder: RunArgument,
    out: Annotated[Path, typer.Option(help="A .csv, .json or .parquet file.", dir_okay=False)],
) -> None:
    """Write every sample of a run with its figures for other programs."""
    from explorer import pipeline

    out.parent.mkdir(parents=True, exist_ok=True)
    pipeline.export_run(pipeline.read_run(run_folder), out)


def delete(
    run_folder: RunArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a run with all its figures; images and checkpoints stay."""
    from explorer import pipeline

    _, log = consoles()
    if not yes:
        typer.confirm(f"Delete the run {run_folder.name}? Nothing brings it back", abort=True)
    pipeline.delete_run(run_folder)
    say(log, f"The run {run_folder.name} is deleted.")


def protocols(
    name: Annotated[str | None, typer.Argument(help="Id of one; default: all.")] = None,
) -> None:
    """Print what each protocol measures, word for word."""
    from explorer import pipeline
    from explorer.errors import DataSetError

    console, _ = consoles()
    known = pipeline.definitions()
    chosen = [i for i in known if name is None or name in (i, i.split("/")[0])]
    if not chosen:
        raise DataSetError(f"A protocol must be one of {', '.join(known)}, got {name!r}.")
    for number, one in enumerate(chosen):
        title, words = known[one]
        console.print(f"{'' if number == 0 else chr(10)}{one}: {title}", style="bold", markup=False)
        console.print(words, markup=False, highlight=False)


def _print_summary(console: "Console", found: dict[str, Any], card: dict[str, Any]) -> None:
    about = card["about"]
    table = figure_table(
        "finding",
        "row",
        words=2,
        title=f"{found['protocol']}: {about['corpus']['images']} images of "
        f"{about['corpus']['patients']} patients, checkpoint {about['checkpoint']['name']}",
        caption="In brackets: 95 % interval, bootstrap by patient. Macro: mean over findings.",
    )
    for title in found["metrics"].values():
        table.add_column(title, justify="right", overflow="fold")
    findings = list(next(iter(found["rows"].values())))
    for finding in findings:
        rows = {row: values[finding] for row, values in found["rows"].items() if finding in values}
        shown = {r: v for r, v in rows.items() if any(m["mean"] is not None for m in v.values())}
        for number, (row, values) in enumerate(shown.items()):
            table.add_row(
                finding if number == 0 else "",
                row,
                *(_cell(value) for value in values.values()),
                end_section=number == len(shown) - 1,
            )
    # A file or a pipe has no width: six metrics with their intervals stay whole.
    console.print(table, width=None if console.is_terminal else _WIDE)


def _print_comparison(console: "Console", found: dict[str, Any]) -> None:
    table = figure_table(
        "metric",
        "finding",
        "n",
        "first",
        "second",
        "difference",
        "p",
        "Holm",
        "BH",
        words=2,
        title=f"{found['protocol']}: {found['second']} minus {found['first']}, "
        f"{found['samples']} samples",
        caption="In brackets: 95 % interval, bootstrap by patient. p: flips of sign by patient; "
        "Holm and BH over findings.",
    )
    for metric, findings in found["metrics"].items():
        for number, (finding, value) in enumerate(findings.items()):
            table.add_row(
                found["titles"][metric] if number == 0 else "",
                finding,
                str(value["samples"]),
                *(cell(value[n], [None, None], digits=3) for n in ("first", "second")),
                _cell(value),
                *(cell(value[n], [None, None], digits=3) for n in ("p", "p_holm", "p_bh")),
                end_section=number == len(findings) - 1,
            )
    console.print(table)
    for entry in found.get("apart", []):
        console.print(
            f"{entry['difference']:+.3f}  {entry['first']:.3f} -> {entry['second']:.3f}  "
            f"{entry['finding']}  {entry['phrase']}",
            markup=False,
            highlight=False,
        )


def _cell(value: dict[str, Any]) -> str:
    return cell(value["mean"], [value["low"], value["high"]], digits=2)
