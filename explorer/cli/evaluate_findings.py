"""`explorer evaluate findings`: zero-shot AUROC and AUPRC on any table of labelled films."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from explorer.cli._console import consoles, staged, working
from explorer.cli._figures import cell, figure_table, short
from explorer.cli._options import (
    BootstrapOption,
    CheckpointOption,
    Device,
    DeviceOption,
    Dtype,
    DtypeOption,
    FiguresOption,
    write_figures,
)

if TYPE_CHECKING:
    from rich.console import Console


def findings(
    labels: Annotated[
        Path,
        typer.Argument(
            help="CSV: path, and findings joined by | or a column of 1 and 0 a label.",
            exists=True,
            dir_okay=False,
        ),
    ],
    images: Annotated[
        Path | None, typer.Option(help="Folder of the images; default: that of the table.")
    ] = None,
    split: Annotated[str, typer.Option(help='Split to measure on, or "all".')] = "all",
    finding: Annotated[
        list[str] | None, typer.Option("--finding", help="Only these labels; default: all.")
    ] = None,
    ensemble: Annotated[
        bool, typer.Option("--ensemble", help="Four wordings of each label instead of one.")
    ] = False,
    prompts: Annotated[
        Path | None,
        typer.Option(help='JSON of prompts: {"Effusion": ["pleural fluid"]}.', exists=True),
    ] = None,
    checkpoint: CheckpointOption = None,
    against: Annotated[
        str | None, typer.Option(help="Another checkpoint, compared on the same films.")
    ] = None,
    device: DeviceOption = Device.auto,
    dtype: DtypeOption = Dtype.auto,
    bootstrap: BootstrapOption = 1000,
    json_file: FiguresOption = None,
) -> None:
    """Is a finding on the film? AUROC and AUPRC of phrases alone, with calibration.

    Nothing is fitted. Intervals are 95 % bootstrap, by patient.
    """
    from explorer import pipeline

    console, log = consoles()
    films = pipeline.read_labelled(labels, images=images, split=split, findings=finding)
    with working(log, "Loading the checkpoint"):
        engines = [
            pipeline.open_engine(name, device=device.value, precision=dtype.value)
            for name in ([checkpoint] if against is None else [checkpoint, against])
        ]
    asked = pipeline.prompts_of(
        films.findings,
        templates=pipeline.ENSEMBLE if ensemble else pipeline.TEMPLATES,
        own=_own(prompts),
    )
    with staged(log) as progress:
        found = pipeline.evaluate_findings(
            engines[0],
            films,
            prompts=asked,
            against=engines[1] if against else None,
            replicates=bootstrap,
            progress=lambda done, total: progress("Films", done, total),
        )
    write_figures(json_file, found)
    _print(console, found)


def _own(path: Path | None) -> dict[str, list[str]]:
    from explorer.errors import DataSetError

    if path is None:
        return {}
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return {str(label): [str(text) for text in texts] for label, texts in data.items()}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise DataSetError(
            f"{path.name!r} must be a JSON object of label and list of prompts, it is not."
        ) from error


def _print(console: "Console", found: dict[str, Any]) -> None:
    compared = found.get("comparison", {}).get("second minus first", {})
    table = figure_table(
        "finding",
        "with",
        "without",
        "AUROC",
        "AUPRC",
        *(("difference", "Holm") if compared else ()),
        title=f"{found['protocol']}: {found['films']} films of {found['patients']} patients, "
        f"checkpoint {found['checkpoint']['name']}",
        caption="In brackets: 95 % interval, bootstrap by patient. Macro: mean over findings.",
    )
    for finding, entry in found["findings"].items():
        other = compared.get(finding)
        table.add_row(
            finding,
            *("" if entry[n] is None else str(entry[n]) for n in ("positive", "negative")),
            *(_span(entry[name]) for name in ("auroc", "auprc")),
            *((_span(other["difference"]), short(other["p_holm"], 3)) if other else ()),
        )
    console.print(table)
    if fit := found.get("calibration"):
        console.print(
            f"All pairs of film and finding: ECE {short(fit['ece'], 3)}, "
            f"Brier {short(fit['brier'], 3)}.",
            highlight=False,
        )


def _span(value: dict[str, float]) -> str:
    return cell(value["mean"], [value["low"], value["high"]], digits=3)
