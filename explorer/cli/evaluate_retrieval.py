"""`explorer evaluate retrieval`: films for texts, as CheXpert 8 x 200 and 5 x 200 are measured."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from explorer.cli._console import consoles, staged, working
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


def retrieval(
    candidates: Annotated[
        Path, typer.Argument(help="CSV of films with labels.", exists=True, dir_okay=False)
    ],
    queries: Annotated[
        Path,
        typer.Argument(help="CSV of texts: Variable (label), Text.", exists=True, dir_okay=False),
    ],
    images: Annotated[
        Path | None, typer.Option(help="Folder of the images; default: that of the table.")
    ] = None,
    split: Annotated[str, typer.Option(help='Split of the films, or "all".')] = "all",
    checkpoint: CheckpointOption = None,
    device: DeviceOption = Device.auto,
    dtype: DtypeOption = Dtype.auto,
    bootstrap: BootstrapOption = 1000,
    json_file: FiguresOption = None,
) -> None:
    """Share of films with the asked label among the first k found for a text."""
    from explorer import pipeline

    console, log = consoles()
    films = pipeline.read_labelled(candidates, images=images, split=split)
    asked = pipeline.read_queries(queries)
    with working(log, "Loading the checkpoint"):
        engine = pipeline.open_engine(checkpoint, device=device.value, precision=dtype.value)
    with staged(log) as progress:
        found = pipeline.evaluate_text_retrieval(
            engine,
            films,
            asked,
            replicates=bootstrap,
            progress=lambda done, total: progress("Films", done, total),
        )
    write_figures(json_file, found)
    _print(console, found)


def _print(console: "Console", found: dict[str, Any]) -> None:
    ranks = [name for name in found["labels"]["macro"] if name != "chance"]
    table = figure_table(
        "label",
        *(name.replace("p_at_", "P@") for name in ranks),
        "chance",
        title=f"{found['protocol']}: {found['queries']} texts, {found['films']} films, "
        f"checkpoint {found['checkpoint']['name']}",
        caption="In brackets: 95 % interval, bootstrap by query.",
    )
    for label, values in found["labels"].items():
        spans = (values[name] for name in ranks)
        cells = (cell(v["mean"], [v["low"], v["high"]], digits=2) for v in spans)
        table.add_row(label, *cells, short(values["chance"], 2))
    console.print(table)
