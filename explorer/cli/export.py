"""`explorer export`: a checkpoint for a processor, with what that cost and won."""

import json
from pathlib import Path
from typing import Annotated

import typer

from explorer.cli._console import consoles, say, staged


def export(
    checkpoint: Annotated[
        str | None, typer.Argument(help="Checkpoint on the shelf, or a folder.")
    ] = None,
    to: Annotated[str, typer.Option("--to", help="openvino.")] = "openvino",
    precision: Annotated[str, typer.Option(help="float32, bfloat16 or int8.")] = "bfloat16",
    images: Annotated[
        Path | None,
        typer.Option(
            help="CSV: path (relative to it), split, findings; rows of the split train are used. "
            "Needed for int8.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    boxes: Annotated[
        Path | None,
        typer.Option(
            help="CSV of boxes of --images: grounding is measured on its split val, before and "
            "after; on the bundled phantoms without it.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the export.")] = None,
) -> None:
    """Write a checkpoint as graphs for a processor, and measure them beside the original.

    Needs the extra openvino. What is measured is printed and kept on the card of the export.
    """
    from explorer import pipeline

    with staged(consoles()[1]) as told:
        card = pipeline.export_checkpoint(
            checkpoint,
            to=to,
            precision=precision,
            images=images,
            boxes=boxes,
            out=name,
            progress=told,
        )
    say(consoles()[1], f"Exported to {card.folder}, {card.size_bytes / 1e6:.1f} MB.")
    typer.echo(json.dumps(card.extra["export"], indent=2))
