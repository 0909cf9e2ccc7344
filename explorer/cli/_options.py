"""Options that several commands share, and the file that `--json` names."""

import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from explorer.cli._files import write_whole


class Device(StrEnum):
    """Where to compute."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"
    mps = "mps"


class Dtype(StrEnum):
    """Number format of the towers."""

    auto = "auto"
    float32 = "float32"
    bfloat16 = "bfloat16"
    float16 = "float16"


def existing_file(text: str) -> Any:
    """An option that names a file that is there."""
    return typer.Option(help=text, exists=True, dir_okay=False)


def existing_folder(text: str) -> Any:
    """An option that names a folder that is there."""
    return typer.Option(help=text, exists=True, file_okay=False)


CheckpointArgument = Annotated[
    str | None, typer.Argument(help="Name on the shelf, or folder; default: the bundled one.")
]
CheckpointOption = Annotated[
    str | None,
    typer.Option(
        "--checkpoint",
        help="Name on the shelf, or folder (./NAME where both exist); default: the bundled one.",
    ),
]
DeviceOption = Annotated[Device, typer.Option(help="Where to compute.")]
DtypeOption = Annotated[Dtype, typer.Option(help="Number format of the towers.")]
FiguresOption = Annotated[
    Path | None, typer.Option("--json", help="Write all figures to this file.", dir_okay=False)
]
# Films of which something is known: of a data set, or phantoms.
DataOption = Annotated[Path | None, existing_folder("Folder of a data set, see docs/training.md.")]
LayoutOption = Annotated[
    str | None,
    typer.Option(
        help="boxed_csv, folder, mimic_cxr, nih, openi or vindr; found by the files when not given."
    ),
]
PhantomsOption = Annotated[Path | None, existing_folder("Folder of phantom shards.")]
FilmsOption = Annotated[int | None, typer.Option(help="Use at most so many films.", min=10)]
SeedOption = Annotated[int, typer.Option(help="Of everything random.", min=0)]
BootstrapOption = Annotated[int, typer.Option(help="Bootstrap replicates.", min=0)]


def write_figures(path: Path | None, figures: Mapping[str, Any]) -> None:
    """Write figures as JSON where `--json` asks for it."""
    if path is not None:
        write_whole(path, (json.dumps(figures, indent=2, allow_nan=False) + "\n").encode())
