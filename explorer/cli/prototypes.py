"""`explorer prototypes`: build the prototypes of an index, show them, write them to a file."""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from explorer.cli._console import consoles, say, working
from explorer.cli._files import write_whole
from explorer.cli._options import CheckpointOption, Device, DeviceOption, Dtype, DtypeOption

if TYPE_CHECKING:
    from explorer import pipeline


class LevelChoice(StrEnum):
    """What is clustered."""

    regions = "regions"
    films = "films"
    sentences = "sentences"


class Format(StrEnum):
    """Of an exported file."""

    json = "json"
    csv = "csv"


IndexOption = Annotated[str | None, typer.Option(help="Default: the bundled index.")]
LevelOption = Annotated[LevelChoice, typer.Option(help="What is clustered.")]
MethodOption = Annotated[str, typer.Option(help="kmeans, sinkhorn or hdbscan.")]
GranularityOption = Annotated[
    int, typer.Option(help="Number of prototypes; for hdbscan, how fine.", min=2, max=2000)
]
SeedOption = Annotated[int, typer.Option(help="The same seed gives the same prototypes.", min=0)]
JsonOption = Annotated[bool, typer.Option("--json", help="Print as JSON.")]


def build(
    index: IndexOption = None,
    level: LevelOption = LevelChoice.regions,
    method: MethodOption = "kmeans",
    granularity: GranularityOption = 48,
    seed: SeedOption = 0,
    stability: Annotated[
        bool, typer.Option(help="Cluster five samples as well and say how far they agree.")
    ] = True,
    as_json: JsonOption = False,
    checkpoint: CheckpointOption = None,
    device: DeviceOption = Device.auto,
    dtype: DtypeOption = Dtype.auto,
) -> None:
    """Cluster what an index holds, and list the prototypes with names and measures."""
    points, found = _built(
        index, level, method, granularity, seed, checkpoint, device, dtype, stability=stability
    )
    document = _document(points, found)
    if as_json:
        typer.echo(json.dumps(document, indent=2, allow_nan=False))
        return
    _print_all(document)


def show(
    number: Annotated[int, typer.Argument(help="Id of a prototype.", min=0)],
    index: IndexOption = None,
    level: LevelOption = LevelChoice.regions,
    method: MethodOption = "kmeans",
    granularity: GranularityOption = 48,
    seed: SeedOption = 0,
    image: Annotated[
        Path | None,
        typer.Option(help="Say where this film looks like it.", exists=True, dir_okay=False),
    ] = None,
    as_json: JsonOption = False,
    checkpoint: CheckpointOption = None,
    device: DeviceOption = Device.auto,
    dtype: DtypeOption = Dtype.auto,
) -> None:
    """Show one prototype: its exemplars and neighbours, and where a film of yours uses it."""
    from explorer import pipeline

    _, log = consoles()
    points, found = _built(
        index, level, method, granularity, seed, checkpoint, device, dtype, stability=False
    )
    found.prototype(number)  # says which there are before a film is read
    document = _document(points, found)
    room = next(p for p in document["prototypes"] if p["id"] == number)
    if image is not None:
        with working(log, "Reading the film"):
            engine = pipeline.open_engine(checkpoint, device=device.value, precision=dtype.value)
            study = pipeline.read_study([image.read_bytes()])
            embeddings = pipeline.embed(engine, study.radiographs[0])
            pipeline.check_image(embeddings)
            (use,) = pipeline.prototypes_of_study(found, points, engine, embeddings, ids=[number])
        room["use"] = pipeline.use_document(use)
    if as_json:
        typer.echo(json.dumps(room, indent=2, allow_nan=False))
        return
    _print_room(room)


def export(
    out: Annotated[Path, typer.Option(help="File to write.", dir_okay=False)],
    index: IndexOption = None,
    level: LevelOption = LevelChoice.regions,
    method: MethodOption = "kmeans",
    granularity: GranularityOption = 48,
    seed: SeedOption = 0,
    form: Annotated[
        Format, typer.Option("--format", help="JSON holds assignments, CSV a line a prototype.")
    ] = Format.json,
    as_json: JsonOption = False,
    checkpoint: CheckpointOption = None,
    device: DeviceOption = Device.auto,
    dtype: DtypeOption = Dtype.auto,
) -> None:
    """Write prototypes to a file: names, measures, exemplars, and every point's prototype."""
    from explorer import pipeline

    points, found = _built(
        index, level, method, granularity, seed, checkpoint, device, dtype, stability=True
    )
    if form is Format.csv:
        text = pipeline.prototypes_csv(found, points)
    else:
        document = pipeline.prototypes_document(found, points, with_points=True)
        text = json.dumps(document, indent=2, allow_nan=False) + "\n"
    write_whole(out, text.encode())
    if as_json:
        typer.echo(json.dumps({"file": str(out), "prototypes": len(found.prototypes)}))
    else:
        say(consoles()[1], f"{len(found.prototypes)} prototypes written to {out}.")


def _built(
    index: str | None,
    level: LevelChoice,
    method: str,
    granularity: int,
    seed: int,
    checkpoint: str | None,
    device: Device,
    dtype: Dtype,
    *,
    stability: bool,
) -> "tuple[pipeline.Points, pipeline.Clustering]":
    from explorer import pipeline

    _, log = consoles()
    with working(log, "Loading the checkpoint and the index"):
        engine = pipeline.open_engine(checkpoint, device=device.value, precision=dtype.value)
        opened = pipeline.open_index(index, engine=engine)
        points = pipeline.points_of(opened, engine, level=level.value)
    with working(log, f"Clustering {len(points):,} {level.value}"):
        found = pipeline.build_prototypes(
            points, method=method, granularity=granularity, seed=seed, with_stability=stability
        )
    return points, found


def _document(points: "pipeline.Points", found: "pipeline.Clustering") -> dict[str, Any]:
    from explorer import pipeline

    return pipeline.prototypes_document(found, points)


def _print_all(document: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    stable = document["stability"]
    title = (
        f"{len(document['prototypes'])} prototypes of {document['points']:,} {document['level']}"
    )
    if stable is not None:
        title += f"; samples agree to {stable:.2f} (adjusted Rand index)"
    table = Table(title=title)
    for name in ("id", "size", "tightness", "position"):
        table.add_column(name, justify="right")
    for name in ("name", "films with"):
        table.add_column(name, overflow="fold")
    for room in document["prototypes"]:
        # Names may come from outside: brackets in them are no markup.
        table.add_row(
            str(room["id"]),
            f"{room['size']:,}",
            f"{room['tightness']:.2f}",
            _share(room["position_share"]),
            Text(room["name"]),
            Text(_purity(room["purity"])),
        )
    consoles()[0].print(table)


def _print_room(room: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(f"Prototype {room['id']}: {room['name']}"), show_header=False)
    rows = [
        ("size", f"{room['size']:,}"),
        ("tightness (mean cosine)", f"{room['tightness']:.3f}"),
        ("concentration (PCL's phi)", f"{room['concentration']:.3f}"),
        ("mere position", _share(room["position_share"])),
        ("films with", _purity(room["purity"])),
        ("neighbours", ", ".join(f"{n['id']} {n['name']}" for n in room["neighbours"])),
        ("exemplars", "\n".join(_exemplar(e) for e in room["exemplars"])),
    ]
    if use := room.get("use"):
        boxes = ", ".join(str([round(edge) for edge in box]) for box in use["boxes_xyxy"])
        rows.append(("in your film", f"peak {use['peak']:.2f}, {use['share']:.1%}, boxes {boxes}"))
    for name, value in rows:
        table.add_row(name, Text(value))
    consoles()[0].print(table)


def _exemplar(exemplar: dict[str, Any]) -> str:
    box = exemplar["box_xyxy"]
    where = "" if box is None else f" {[round(edge) for edge in box]}"
    return f"{exemplar['film'][:12]}{where} {exemplar['text']}".rstrip()


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"


def _purity(purity: dict[str, Any] | None) -> str:
    if purity is None:
        return ""
    return f"{purity['finding']} {purity['share']:.0%} (of all {purity['base']:.0%})"
