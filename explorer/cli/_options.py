"""Options that several commands share."""

from enum import StrEnum
from typing import Annotated

import typer


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


CheckpointOption = Annotated[
    str | None,
    typer.Option(
        "--checkpoint",
        help="Name on the shelf, or folder (./NAME where both exist); default: the bundled one.",
    ),
]
DeviceOption = Annotated[Device, typer.Option(help="Where to compute.")]
DtypeOption = Annotated[Dtype, typer.Option(help="Number format of the towers.")]
