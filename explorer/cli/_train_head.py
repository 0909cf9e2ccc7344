"""The part of `explorer train` that trains a head on a frozen checkpoint."""

from pathlib import Path
from typing import Annotated

import typer

from explorer.cli._console import consoles, say, staged, working
from explorer.cli._options import Device, Dtype

OptionsOption = Annotated[
    list[str] | None,
    typer.Option("--option", help="NAME=VALUE of the method; may be given several times."),
]


def train_head(
    method: str,
    options: list[str],
    *,
    out: Path,
    work: Path | None,
    checkpoint: str | None,
    index: str | None,
    phantoms: Path | None,
    data: Path | None,
    layout: str | None,
    films: int | None,
    target: Path | None,
    device: Device,
    dtype: Dtype,
    force: bool,
) -> None:
    """Fit a head, write it, and print its figures on films it did not learn from."""
    for name, kind in (("head.json", "head"), ("card.json", "checkpoint")):
        if (out / name).exists() and not force:
            raise typer.BadParameter(f"{out.name} holds a {kind}; add --force to overwrite it.")
    given = dict(pair(text, flag="--option") for text in options)
    from explorer import pipeline

    console, log = consoles()
    sources = pipeline.HeadSources(
        index=index, phantoms=phantoms, data=data, layout=layout, films=films, target=target
    )
    with working(log, "Loading the checkpoint"):
        engine = pipeline.open_engine(checkpoint, device=device.value, precision=dtype.value)
    with staged(log) as progress:
        figures = pipeline.train_head(
            method, sources, engine=engine, out=out, options=given, work=work, progress=progress
        )
    for name, value in figures.items():
        say(console, f"{name} {value:.3f}")
    say(log, f"Wrote {out}. Research use, not for diagnosis.")


def pair(text: str, *, flag: str) -> tuple[str, str]:
    """Name and value of NAME=VALUE."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise typer.BadParameter(f"{flag} is NAME=VALUE, got {text!r}.")
    return name.strip(), value.strip()
