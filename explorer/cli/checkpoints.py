"""`explorer checkpoints`: what is on the shelf."""

import json
from typing import Annotated

import typer

from explorer.cli._console import consoles, say


def checkpoints(
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List the checkpoints in assets/checkpoints, the default first."""
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
            f"{card.input_size} px",
            f"{card.grid_size} x {card.grid_size}",
            f"{card.size_bytes / 1e6:.1f} MB",
            card.sha256[:12],
        )
    consoles()[0].print(table)
