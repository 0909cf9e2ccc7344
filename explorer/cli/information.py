"""`explorer information`: how much regions and phrases tell of each other in a checkpoint."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from explorer.cli._console import consoles, staged, working
from explorer.cli._figures import figure_table
from explorer.cli._options import (
    CheckpointArgument,
    DataOption,
    Device,
    DeviceOption,
    Dtype,
    DtypeOption,
    FiguresOption,
    FilmsOption,
    LayoutOption,
    PhantomsOption,
    SeedOption,
    write_figures,
)

if TYPE_CHECKING:
    from rich.console import Console


def information(
    checkpoint: CheckpointArgument = None,
    data: DataOption = None,
    layout: LayoutOption = None,
    phantoms: PhantomsOption = None,
    films: FilmsOption = None,
    estimator: Annotated[
        list[str] | None, typer.Option(help="A bound, may be given again; default: all.")
    ] = None,
    batch: Annotated[int, typer.Option(help="Films of a batch, K.", min=2)] = 32,
    batches: Annotated[int, typer.Option(help="Batches that are measured.", min=2)] = 50,
    side: Annotated[int, typer.Option(help="Regions along a side of the film.", min=1)] = 4,
    json_file: FiguresOption = None,
    device: DeviceOption = Device.auto,
    dtype: DtypeOption = Dtype.auto,
    seed: SeedOption = 0,
) -> None:
    """Mutual information between regions and phrases on held-out films, by several bounds.

    Scale and bias of the cosine are fitted on the split train, and val is measured; of phantoms
    every fifth is val. Values are nats, with the spread over batches.
    """
    from explorer import pipeline

    console, log = consoles()
    chosen = pipeline.known_films(phantoms=phantoms, data=data, layout=layout)
    with working(log, "Loading the checkpoint"):
        engine = pipeline.open_engine(checkpoint, device=device.value, precision=dtype.value)
    with staged(log) as progress:
        found = pipeline.measure_information(
            engine,
            pipeline.few_of_each(chosen, films),
            estimators=tuple(estimator or ()),
            size=batch,
            batches=batches,
            side=side,
            seed=seed,
            progress=progress,
        )
    write_figures(json_file, found)
    _print(console, found)


def _print(console: "Console", found: dict[str, Any]) -> None:
    count = found["n"]
    table = figure_table(
        "bound",
        "local",
        "global",
        "sum",
        "sum below global?",
        title=f"{found['protocol']}: nats, {found['batches']} batches of {found['batch']} of "
        f"{count['val']} held-out films, log K = {found['log_k']:.2f}, checkpoint "
        f"{found['checkpoint']['name']}",
        caption="local: a phrase and its best region; global: and the whole film; sum: of the "
        f"{found['regions']} bounds of single regions. In brackets: standard deviation over "
        "batches. infonce cannot exceed log K in any of them but the sum; jsd is a divergence, no "
        "information.",
    )
    for name, row in found["estimators"].items():
        cells = [f"{row[k]['mean']:.2f} ({row[k]['std']:.2f})" for k in ("local", "global", "sum")]
        table.add_row(name, *cells, _verdict(row.get("sum below global")))
    console.print(table)


def _verdict(claim: dict[str, Any] | None) -> str:
    if claim is None:
        return "-"
    return f"{claim['verdict']} ({claim['excess']:+.2f} +- {claim['error']:.2f})"
