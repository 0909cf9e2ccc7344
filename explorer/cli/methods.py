"""`explorer methods`: the published ways to learn that are here, and what can be set in each."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from explorer.cli._console import consoles, say

if TYPE_CHECKING:
    from explorer.pipeline.methods import MethodRecord


def methods(
    name: Annotated[str | None, typer.Argument(help="One method, with its options.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the table of docs/methods.md.")
    ] = False,
) -> None:
    """List the methods that `explorer train --method` and the other commands know."""
    from explorer import pipeline

    if name is not None:
        record = pipeline.find_method(name)
        if as_json:
            typer.echo(json.dumps(asdict(record), indent=2))
        else:
            _show(record)
        return
    records = pipeline.list_methods()
    if as_json:
        keys = ("id", "title", "paper", "year", "kind")
        rows = [{key: getattr(record, key) for key in keys} for record in records]
        typer.echo(json.dumps(rows, indent=2))
        return
    if markdown:
        typer.echo(pipeline.methods_table(records), nl=False)
        return
    from rich.table import Table

    table = Table(title="Methods")
    for column in ("id", "title", "kind", "year", "idea"):
        table.add_column(column, overflow="fold")
    for r in records:
        table.add_row(r.id, r.title, r.kind, str(r.year), r.intuition)
    consoles()[0].print(table)


def _show(record: "MethodRecord") -> None:
    from rich.table import Table

    results, _ = consoles()
    say(results, f"{record.title} ({record.kind}, {record.year})")
    say(results, record.paper)
    say(results, record.equation)
    say(results, record.intuition)
    for line in record.ours:
        say(results, f"Our choice: {line}.")
    if not record.options:
        return
    table = Table(title=f"Options of {record.id}: --option NAME=VALUE")
    for column in ("name", "default", "may be", "what"):
        table.add_column(column, overflow="fold")
    for option in record.options:
        table.add_row(option.name, str(option.default), option.rule, option.help)
    results.print(table)
