"""`explorer evaluate grounding`: pinned grounding figures with intervals, beside the prior."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from explorer.cli._console import consoles, tracked, working
from explorer.cli._options import CheckpointOption, Device, DeviceOption, Dtype, DtypeOption

if TYPE_CHECKING:
    from rich.console import Console


def evaluate_grounding(
    images: Annotated[
        Path,
        typer.Option(
            help="CSV: path (relative to it), split, patient, width, height.",
            exists=True,
            dir_okay=False,
        ),
    ],
    boxes: Annotated[
        Path,
        typer.Option(help="CSV: path, label, x, y, w, h, reader.", exists=True, dir_okay=False),
    ],
    split: Annotated[str, typer.Option(help='Split to measure on, or "all".')] = "val",
    checkpoint: CheckpointOption = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write all figures to this file.", dir_okay=False)
    ] = None,
    device: DeviceOption = Device.auto,
    dtype: DtypeOption = Dtype.auto,
    bootstrap: Annotated[int, typer.Option(help="Bootstrap replicates.", min=0)] = 1000,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.", min=0)] = 0,
) -> None:
    """Pointing game, CNR and mIoU on NIH boxes, plain and located phrases, beside the prior.

    The protocol is pinned (docs/command_line.md). Intervals are 95 % bootstrap, by patient.
    """
    from explorer import pipeline

    console, log = consoles()
    with working(log, "Loading the checkpoint"):
        engine = pipeline.open_engine(checkpoint, device=device.value, precision=dtype.value)
    found = pipeline.evaluate_grounding(
        engine,
        images=images,
        boxes=boxes,
        split=split,
        replicates=bootstrap,
        seed=seed,
        track=lambda items: tracked(log, items),
    )
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(json.dumps(found, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    _print_evaluation(console, found)


def _print_evaluation(console: "Console", found: dict[str, Any]) -> None:
    from rich.table import Table

    number, checkpoint = found["n"], found["checkpoint"]
    table = Table(
        title=f"{found['protocol']}, split {found['split']}: {number['images']} images of "
        f"{number['patients']} patients, checkpoint {checkpoint['name']}",
        caption=f"95 % intervals: bootstrap by patient. Prior: {found['prior_source']}.",
    )
    for name, justify in (("finding", "left"), ("row", "left"), ("n", "right")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for name in ("pointing", "CNR", "mIoU(.1-.5)"):
        table.add_column(name, justify="right")
    parts = [*found["findings"].items(), ("macro", found["macro"])]
    for finding, rows in parts:
        for row, values in rows.items():
            spans = found["intervals"]
            span = spans["macro"][row] if finding == "macro" else spans["findings"][finding][row]
            count = number["samples"] if finding == "macro" else number["findings"][finding]
            cells = [_cell(values[metric], span[metric]) for metric in ("pointing", "cnr", "miou")]
            label = finding if row == "plain" else ""
            table.add_row(label, row, str(count[row]), *cells, end_section=row == "prior")
    console.print(table)


def _cell(value: float | None, span: Sequence[float | None]) -> str:
    if value is None:
        return "-"
    if None in span:
        return f"{value:.3f}"
    return f"{value:.3f} [{span[0]:.2f}, {span[1]:.2f}]"
