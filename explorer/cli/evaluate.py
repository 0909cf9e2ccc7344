"""`explorer evaluate grounding`: pinned grounding figures with intervals, beside the prior."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from explorer.cli._console import consoles, tracked, working
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


def evaluate_grounding(
    images: Annotated[
        Path,
        typer.Option(
            help="CSV: path (relative to it), split, patient, width, height.",
            exists=True,
            dir_okay=False,
        ),
    ],
    boxes: Annotated[
        Path,
        typer.Option(help="CSV: path, label, x, y, w, h, reader.", exists=True, dir_okay=False),
    ],
    split: Annotated[str, typer.Option(help='Split to measure on, or "all".')] = "val",
    checkpoint: CheckpointOption = None,
    json_file: FiguresOption = None,
    device: DeviceOption = Device.auto,
    dtype: DtypeOption = Dtype.auto,
    bootstrap: BootstrapOption = 1000,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.", min=0)] = 0,
) -> None:
    """Pointing game, CNR and mIoU on NIH boxes, plain and located phrases, beside the prior.

    The protocol is pinned (docs/command_line.md). Intervals are 95 % bootstrap, by patient.
    """
    from explorer import pipeline

    console, log = consoles()
    with working(log, "Loading the checkpoint"):
        engine = pipeline.open_engine(checkpoint, device=device.value, precision=dtype.value)
    found = pipeline.evaluate_grounding(
        engine,
        images=images,
        boxes=boxes,
        split=split,
        replicates=bootstrap,
        seed=seed,
        track=lambda items: tracked(log, items),
    )
    write_figures(json_file, found)
    _print_evaluation(console, found)


def _print_evaluation(console: "Console", found: dict[str, Any]) -> None:
    number, spans = found["n"], found["intervals"]
    table = figure_table(
        "finding",
        "row",
        "n",
        "pointing",
        "CNR",
        "mIoU(.1-.5)",
        words=2,
        title=f"{found['protocol']}, split {found['split']}: {number['images']} images of "
        f"{number['patients']} patients, checkpoint {found['checkpoint']['name']}",
        caption="In brackets: 95 % interval, bootstrap by patient. "
        f"Prior: {found['prior_source']}.",
    )
    for finding, rows in (*found["findings"].items(), ("macro", found["macro"])):
        whole = finding == "macro"
        for row, values in rows.items():
            span = spans["macro"][row] if whole else spans["findings"][finding][row]
            count = number["samples"] if whole else number["findings"][finding]
            table.add_row(
                finding if row == "plain" else "",
                row,
                str(count[row]),
                cell(values["pointing"], span["pointing"], digits=3),
                cell(values["cnr"], span["cnr"], digits=2),
                cell(values["miou"], span["miou"], digits=3),
                end_section=row == "prior",
            )
    console.print(table)
