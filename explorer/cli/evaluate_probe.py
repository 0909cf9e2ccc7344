"""`explorer evaluate probe`: the evaluation card of a checkpoint's vectors."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from explorer.cli._console import consoles, staged, working
from explorer.cli._figures import cell, figure_table
from explorer.cli._options import (
    BootstrapOption,
    CheckpointArgument,
    DataOption,
    Device,
    DeviceOption,
    Dtype,
    DtypeOption,
    FiguresOption,
    FilmsOption,
    LayoutOption,
    PhantomsOption,
    SeedOption,
    write_figures,
)

if TYPE_CHECKING:
    from rich.console import Console


def evaluate_probe(
    checkpoint: CheckpointArgument = None,
    data: DataOption = None,
    layout: LayoutOption = None,
    phantoms: PhantomsOption = None,
    films: FilmsOption = None,
    work: Annotated[
        Path | None, typer.Option(help="Folder that keeps the vectors of films.")
    ] = None,
    json_file: FiguresOption = None,
    device: DeviceOption = Device.auto,
    dtype: DtypeOption = Dtype.auto,
    bootstrap: BootstrapOption = 1000,
    seed: SeedOption = 0,
) -> None:
    """Linear probe and k-NN at 1, 10 and 100 % of the labels, robustness, attacks, spread.

    Learned from the split train, measured on val; of phantoms every fifth is val. The protocol is
    pinned (docs/command_line.md). Intervals are 95 % bootstrap, by patient.
    """
    from explorer import pipeline

    console, log = consoles()
    chosen = pipeline.known_films(phantoms=phantoms, data=data, layout=layout)
    with working(log, "Loading the checkpoint"):
        engine = pipeline.open_engine(checkpoint, device=device.value, precision=dtype.value)
    with staged(log) as progress:
        found = pipeline.evaluate_probe(
            engine,
            pipeline.few_of_each(chosen, films),
            replicates=bootstrap,
            seed=seed,
            work=work,
            progress=progress,
        )
    write_figures(json_file, found)
    _print(console, found)


def _print(console: "Console", found: dict[str, Any]) -> None:
    count = found["n"]
    table = figure_table(
        "reader", "1 %", "10 %", "100 %",
        title=f"{found['protocol']}: macro AUROC of {len(found['findings'])} findings, from "
        f"{count['train']} films, measured on {count['val']} of {count['patients']} patients, "
        f"checkpoint {found['checkpoint']['name']}",
        caption="In brackets: 95 % interval, bootstrap by patient. Chance: .5.",
    )  # fmt: skip
    for name, row in (("linear probe", found["linear"]), ("k-NN", found["nearest"])):
        table.add_row(name, *(_cell(entry) for entry in row.values()))
    console.print(table)
    worse = found["corruption"]
    table = figure_table(
        "made worse", "mild", "more", "severe",
        caption=f"Linear probe on {worse['films']} films; as they are: {_cell(worse['clean'])}.",
    )  # fmt: skip
    for kind, entry in worse["kinds"].items():
        table.add_row(kind, *(f"{r['strength']:g}: {_cell(r)}" for r in entry["strengths"]))
    console.print(table)
    _print_attacks(console, found["attacks"])
    near = found["alignment"]
    for what, value in (*near.items(), ("uniformity of films", found["uniformity"])):
        name = what if what.startswith("uniformity") else f"alignment, {what}"
        console.print(f"{name}: {'-' if value is None else f'{value:.3f}'}")


def _print_attacks(console: "Console", attacks: dict[str, Any]) -> None:
    for place in ("vectors", "pixels"):
        entry = attacks[place]
        if entry is None:
            console.print(f"Attacks on {place}: not for this family of checkpoints.")
            continue
        table = figure_table(
            f"attack on {place}", *(f"{row['budget']:.3g}" for row in entry["FGSM"]),
            caption=f"Budget {entry['unit']}; without: {_cell(entry['clean'])}.",
        )  # fmt: skip
        for attack in ("FGSM", "PGD"):
            table.add_row(attack, *(_cell(row) for row in entry[attack]))
        console.print(table)


def _cell(entry: dict[str, Any]) -> str:
    return cell(entry["auroc"], entry["interval"], digits=3)
