"""`explorer prototypes compare`: two checkpoints' maps of the same films over each other."""

import json
from typing import Annotated, Any

import typer

from explorer.cli._console import consoles, working
from explorer.cli._options import CheckpointOption, Device, DeviceOption, Dtype, DtypeOption
from explorer.cli.prototypes import IndexOption, JsonOption, LevelChoice, LevelOption, SeedOption


def compare(
    beside: Annotated[
        str, typer.Argument(help="Index of the same films, built with another checkpoint.")
    ],
    index: IndexOption = None,
    level: LevelOption = LevelChoice.films,
    way: Annotated[
        str, typer.Option("--map", help="pca, or localmap where the extra maps is installed.")
    ] = "pca",
    near: Annotated[int, typer.Option(help="Neighbours of a point that are compared.", min=1)] = 10,
    count: Annotated[int, typer.Option(help="Movers that are listed.", min=1)] = 20,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
    checkpoint: CheckpointOption = None,
    beside_checkpoint: Annotated[
        str | None,
        typer.Option(help="Checkpoint of the index beside. Default: the one that built it."),
    ] = None,
    device: DeviceOption = Device.auto,
    dtype: DtypeOption = Dtype.auto,
) -> None:
    """Lay the map of one checkpoint over that of another, and list what moved most."""
    from explorer import pipeline

    _, log = consoles()
    sides = []
    for uri, name in ((index, checkpoint), (beside, beside_checkpoint)):
        with working(log, "Loading a checkpoint and its index"):
            if name is None and uri is not None:
                name = pipeline.maker_of(uri).name
            engine = pipeline.open_engine(name, device=device.value, precision=dtype.value)
            opened = pipeline.open_index(uri, engine=engine)
            sides.append(pipeline.points_of(opened, engine, level=level.value))
    with working(log, "Laying one map over the other"):
        found = pipeline.compare_maps(sides[0], sides[1], way=way, seed=seed, near=near)
    document = pipeline.moves_document(found, count=count)
    if as_json:
        typer.echo(json.dumps(document, indent=2, allow_nan=False))
        return
    _print(document, near=found.moves.near)


def _print(document: dict[str, Any], *, near: int) -> None:
    from rich.table import Table
    from rich.text import Text

    overlap = document[f"neighbour_overlap_at_{near}"]
    table = Table(
        title=f"{document['points']:,} {document['level']} in both; of {near} neighbours "
        f"{overlap:.0%} are the same (chance {document['chance']:.0%}); the maps differ by "
        f"{document['disparity']:.2f} (0 is the same, 1 has nothing in common)"
    )
    for name in ("moved", "neighbours kept"):
        table.add_column(name, justify="right")
    of_films = document["level"] == "films"
    for name in ("film", "findings" if of_films else "text"):
        table.add_column(name, overflow="fold")
    for mover in document["movers"]:
        table.add_row(
            f"{mover['relative_move']:.1f}x",
            f"{mover['neighbours_kept']:.0%}",
            mover["film"][:12],
            Text(
                ", ".join(mover["findings"]) if of_films else mover["text"]
            ),  # words come from outside: brackets in them are no markup
        )
    consoles()[0].print(table)
