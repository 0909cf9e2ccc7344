"""`explorer what-if`: what would have to change on a film for a finding to be another one."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from explorer.cli._console import consoles, say, working
from explorer.cli._options import (
    CheckpointOption,
    Device,
    DeviceOption,
    Dtype,
    DtypeOption,
    FiguresOption,
    existing_folder,
    write_figures,
)

if TYPE_CHECKING:
    from explorer.pipeline.told_otherwise import WhatIf


def what_if(
    image: Annotated[
        Path, typer.Argument(help="DICOM, PNG, JPEG or TIFF file.", exists=True, dir_okay=False)
    ],
    head: Annotated[Path, existing_folder("Head of the method counterfactual_prompts.")],
    checkpoint: CheckpointOption = None,
    json_file: FiguresOption = None,
    device: DeviceOption = Device.auto,
    dtype: DtypeOption = Dtype.auto,
) -> None:
    """What a prompt learned from a few films says of a film, and what would turn its answer.

    The prompt contrasts its finding with the one whose name is nearest; named are the fewest
    features of the film's vector that, taken from films of that finding, would let it win, and
    where on the film they speak most for the finding. See docs/heads.md.
    """
    from explorer import pipeline

    console, log = consoles()
    with working(log, "Reading the image"):
        radiograph = pipeline.read_study([image.read_bytes()]).radiographs[0]
    with working(log, "Loading the checkpoint"):
        engine = pipeline.open_engine(checkpoint, device=device.value, precision=dtype.value)
    with working(log, "Encoding the image"):
        embeddings = pipeline.embed(engine, radiograph)
    pipeline.check_image(embeddings, radiograph)
    found = pipeline.what_if(engine, embeddings, head)
    write_figures(json_file, asdict(found))
    say(console, f"{found.finding}: {found.probability:.2f} by the learned prompt.")
    say(console, _changes(found))
    say(log, "A hint and no map. Research use, not for diagnosis.")


def _changes(found: "WhatIf") -> str:
    if not found.changes:
        return (
            f"The film is nearer to {found.similar} than to {found.finding}: nothing would change."
        )
    place = f"they speak most for {found.finding} at row {found.row}, column {found.column}."
    if not found.turned:
        return (
            f"No change turns it into {found.similar}; {found.changes} of {found.dimension} "
            f"features pull that way, {place}"
        )
    return (
        f"{found.changes} of {found.dimension} features, taken from films of {found.similar}, "
        f"would turn it into that; {place}"
    )
