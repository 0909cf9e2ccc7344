"""`explorer evaluate phantoms`: figures on phantoms, whose truth is exact to the pixel."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from explorer.cli._console import consoles, say, staged, working
from explorer.cli._figures import cell, figure_table, short
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
    from rich.table import Table

_ROWS = ("plain", "located", "prior", "prior located")
_NAMES = {"prior located": "its place"}
_SHORT = ("hit", "CNR", "IoU")
_METRICS = ("pointing", "cnr", "miou")
_QUESTIONS = {
    "named side": "The maximum lies on the side that the phrase names",
    "swap moves": "... and in the other lung when left and right swap",
    "mirror follows": "Image mirrored and sides swapped: the maximum mirrors",
    "denied abstains": "A denied finding raises the abstain badge",
    "absent abstains": "The name of an absent finding raises it",
    "present stands": "The phrase of a finding that is there does not",
}


def evaluate_phantoms(
    studies: Annotated[
        int | None, typer.Option(help="The first so many; default: all 1000.", min=1)
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of the phantoms; default: PhantomCXR-v1.", min=0)
    ] = None,
    checkpoint: CheckpointOption = None,
    json_file: FiguresOption = None,
    device: DeviceOption = Device.auto,
    dtype: DtypeOption = Dtype.auto,
    workers: Annotated[
        int | None, typer.Option(help="Processes that render; default: one a core.", min=1)
    ] = None,
    bootstrap: BootstrapOption = 1000,
    ct_wheel: Annotated[
        Path | None,
        typer.Option("--ct-wheel", help="Folder or wheel with the chest CT.", exists=True),
    ] = None,
) -> None:
    """Grounding, trust and retrieval on PhantomCXR-v1: exact masks, true phrases.

    Nothing is written to disk but poses, once, in the user's cache. The protocol is pinned
    (docs/command_line.md). Intervals are 95 % bootstrap, by study.
    """
    from explorer import pipeline

    console, log = consoles()
    with working(log, "Loading the checkpoint"):
        engine = pipeline.open_engine(checkpoint, device=device.value, precision=dtype.value)
    with staged(log) as progress:
        found = pipeline.evaluate_phantoms(
            engine,
            studies=studies,
            seed=seed,
            workers=workers,
            ct=ct_wheel,
            replicates=bootstrap,
            progress=progress,
        )
    write_figures(json_file, found)
    _print(console, found)
    digest = found["phantoms"]["digest"]
    if digest is not None and not digest["holds"]:
        say(
            log,
            f"{len(digest['differing'])} of {digest['compared']} studies differ from the digest "
            "of PhantomCXR-v1, so these figures do not compare with others.",
        )


def _print(console: "Console", found: dict[str, Any]) -> None:
    """All tables of one run."""
    for table in (_findings(found), _summary(found), _trust(found), _retrieval(found)):
        console.print(table)


def _findings(found: dict[str, Any]) -> "Table":
    """Means of each finding: the model's two rows and the plain prior, metric by metric."""
    about = found["phantoms"]
    table = figure_table(
        "finding", "n", *(f"{m}\n{row}" for m in _SHORT for row in ("pl", "lo", "pr")),
        title=f"{found['protocol']}: {found['n']['studies']} studies of "
        f"{about['set'] or 'seed ' + str(about['seed'])}, checkpoint {found['checkpoint']['name']}",
        caption="hit: pointing game; IoU: mIoU(.1-.5); pl: plain phrase; lo: located phrase; "
        "pr: location prior of the finding.",
    )  # fmt: skip
    for finding, rows in found["findings"].items():
        cells = [
            "-" if value is None else short(value, 2)
            for metric in _METRICS
            for value in (rows.get(row, {}).get(metric) for row in _ROWS[:3])
        ]
        table.add_row(finding, str(found["n"]["findings"].get(finding, {}).get("plain", 0)), *cells)
    return table


def _summary(found: dict[str, Any]) -> "Table":
    """Groups, macro and overall, with intervals."""
    table = figure_table(
        "group", "row", "n", "pointing", "CNR", "mIoU(.1-.5)",
        words=2,
        caption="In brackets: 95 % interval, bootstrap by study. Prior: mean mask of the finding "
        "over the other phantoms; its place: of those at the same place.",
    )  # fmt: skip
    counts, spans = found["n"], found["intervals"]
    parts = [
        (name, rows, spans["groups"][name], counts["groups"].get(name, {}))
        for name, rows in found["groups"].items()
    ]
    parts += [(n, found[n], spans[n], counts["samples"]) for n in ("macro", "overall")]
    for name, rows, span, number in parts:
        for row, values in rows.items():
            cells = [cell(values[m], span[row][m], digits=2) for m in _METRICS]
            shown = name if row == _ROWS[0] else ""
            table.add_row(
                shown,
                _NAMES.get(row, row),
                str(number.get(row, 0)),
                *cells,
                end_section=row == _ROWS[-1],
            )
    return table


def _trust(found: dict[str, Any]) -> "Table":
    table = figure_table("question", "share", "n")
    for question, entry in found["trust"].items():
        share = cell(entry["share"], entry["interval"], digits=3)
        table.add_row(_QUESTIONS[question], share, str(entry["n"]))
    return table


def _retrieval(found: dict[str, Any]) -> "Table":
    entry = found["retrieval"]
    table = figure_table(
        "retrieval", "R@1", "R@5", "R@10", "R-precision",
        caption=f"{entry['studies']} images against {entry['studies']} reports as findings, "
        f"{entry['distinct_reports']} of them distinct; equal reports are equally right.",
    )  # fmt: skip
    for way in ("image to report", "report to image"):
        figures = entry[way].values()
        table.add_row(way, *(cell(f["mean"], f["interval"], digits=3) for f in figures))
        chances = ("-" if f["chance"] is None else short(f["chance"], 3) for f in figures)
        table.add_row("  by chance", *chances)
    return table
