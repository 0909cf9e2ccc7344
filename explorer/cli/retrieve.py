"""`explorer retrieve`: search an index by text, film or region, as a table, JSON or CSV."""

import csv
import io
import json
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from explorer.cli._beside import print_beside
from explorer.cli._console import consoles, say, working
from explorer.cli._options import CheckpointOption, Device, DeviceOption, Dtype, DtypeOption

if TYPE_CHECKING:
    from rich.console import Console

    from explorer import pipeline
    from explorer.entities import Box


class Ranking(StrEnum):
    """What a text is compared with."""

    image = "image"
    words = "words"
    both = "both"


class Wanted(StrEnum):
    """What a film is compared with."""

    films = "films"
    reports = "reports"


def retrieve(
    context: typer.Context,
    text: Annotated[
        str | None, typer.Option(help="Phrase, sentences or a whole report; denials count.")
    ] = None,
    image: Annotated[
        Path | None,
        typer.Option(help="DICOM, PNG, JPEG or TIFF file.", exists=True, dir_okay=False),
    ] = None,
    film: Annotated[str | None, typer.Option(help="Id of a film of the index.")] = None,
    region: Annotated[
        str | None, typer.Option(help="Box of the film: x_min,y_min,x_max,y_max in its pixels.")
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option(help="Finding that films like the film should not show.")
    ] = None,
    index: Annotated[
        list[str] | None,
        typer.Option(help="Default: the bundled index. Several are searched as one, on Ray."),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(help="Ray cluster whose workers search the indices; default: this machine."),
    ] = None,
    ranking: Annotated[
        Ranking, typer.Option(help="For --text: films, words of reports, or both.")
    ] = Ranking.image,
    find: Annotated[
        Wanted, typer.Option(help="For a film: films like it, or reports that fit it.")
    ] = Wanted.films,
    where: Annotated[
        str, typer.Option("--filter", help='E.g. "view=PA, age=60-79, finding=nodule|mass".')
    ] = "",
    count: Annotated[int, typer.Option(help="Hits.", min=1, max=1000)] = 10,
    codes: Annotated[
        Path | None,
        typer.Option(
            help="Head of the method cmimh: for --text, its binary codes choose the films that "
            "are looked at exactly.",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    shortlist: Annotated[
        int, typer.Option(help="With --codes: films of a phrase that are looked at.", min=1)
    ] = 100,
    beside: Annotated[
        str | None,
        typer.Option(help="Index of the same films by another checkpoint: show both rankings."),
    ] = None,
    beside_checkpoint: Annotated[
        str | None,
        typer.Option(help="Checkpoint of --beside. Default: the one that built it."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print as CSV.")] = False,
    checkpoint: CheckpointOption = None,
    device: DeviceOption = Device.auto,
    dtype: DtypeOption = Dtype.auto,
) -> None:
    """Search an index of films, with the reason for every hit.

    Give --text, or a film (--image FILE or --film ID), with --region for its regions.
    """
    _check(text, image, film, region, without, as_json=as_json, as_csv=as_csv)
    _check_ways(
        text, codes, beside, as_csv=as_csv, shards=cluster is not None or len(index or []) > 1
    )
    query = _Query(
        text, image, film, None if region is None else _box(region), tuple(without or ()),
        ranking, find, where,
    )  # fmt: skip
    from explorer import pipeline

    open_engine = partial(pipeline.open_engine, device=device.value, precision=dtype.value)
    console, log = consoles()
    with working(log, "Loading the checkpoint and the index"):
        engine = open_engine(checkpoint)
        opened = _opened(index or [], cluster, engine, context)
    coder = None if codes is None else _coder(opened, engine, codes, shortlist, log)
    search = partial(_search, query, coder, log)
    with working(log, "Searching"):
        found = search(opened, engine, count)
    for note in found.notes:
        say(log, note)
    document = pipeline.results_document(found, opened.info())
    both = None
    if beside is not None:
        with working(log, "Searching the index beside it"):
            other = open_engine(beside_checkpoint or pipeline.maker_of(beside).name)
            there = pipeline.open_index(beside, engine=other), other
            both = pipeline.search_beside(search, (opened, engine), there, by=query.by)
        document["beside"] = pipeline.beside_document(both, beside)
    if as_json:
        typer.echo(json.dumps(document, indent=2))
    elif as_csv:
        typer.echo(_as_csv(document), nl=False)
    elif both is not None:
        print_beside(console, both, count)
    else:
        _print(console, found)


@dataclass(frozen=True, slots=True)
class _Query:
    """What is searched for, as the options of the command have it."""

    text: str | None
    image: Path | None
    film: str | None
    box: "Box | None"
    without: tuple[str, ...]
    ranking: Ranking
    find: Wanted
    where: str

    @property
    def by(self) -> "pipeline.By":
        """What two rankings of it are matched by."""
        return "film" if self.text is None and self.find is Wanted.films else "study"


def _search(
    query: _Query,
    coder: "pipeline.Coder | None",
    log: "Console",
    index: "pipeline.Index",
    engine: "pipeline.Engine",
    count: int,
) -> "pipeline.Results":
    from explorer import pipeline

    page: pipeline.WantedHits = {"where": query.where, "count": count}
    if query.text is not None:
        how: dict[str, Any] = {"ranking": query.ranking.value, "codes": coder}
        return pipeline.search_text(index, engine, query.text, **how, **page)
    film = query.film or _embedded(engine, query.image, log)
    if query.box is not None:
        return pipeline.search_region(index, engine, film, query.box, **page)
    if query.find is Wanted.reports:
        return pipeline.search_reports(index, engine, film, **page)
    return pipeline.search_film(index, engine, film, without=query.without, **page)


def _opened(
    uris: list[str], cluster: str | None, engine: "pipeline.Engine", context: typer.Context
) -> Any:
    """One index here, or several by workers that end with the command."""
    from explorer import pipeline

    if len(uris) <= 1 and cluster is None:
        return pipeline.open_index(uris[0] if uris else None, engine=engine)
    if not uris:
        raise typer.BadParameter("--cluster goes with --index URI, once or more.")
    shards = pipeline.open_shards(uris, engine=engine, cluster=cluster)
    context.call_on_close(shards.close)
    return shards


def _coder(
    index: "pipeline.Index",
    engine: "pipeline.Engine",
    folder: Path,
    shortlist: int,
    log: "Console",
) -> "pipeline.Coder":
    """What makes codes, having said what they find."""
    from explorer import pipeline

    with working(log, "Opening the codes"):
        coder, recall = pipeline.open_codes(index, engine, folder, shortlist=shortlist)
    say(
        log,
        f"Looked at the {shortlist} films that codes find for each phrase. Over the phrases of the "
        f"vocabulary such a list holds {recall:.0%} of the ten films that exact search puts first.",
    )
    return coder


def _check(
    text: str | None,
    image: Path | None,
    film: str | None,
    region: str | None,
    without: list[str] | None,
    *,
    as_json: bool,
    as_csv: bool,
) -> None:
    if sum(given is not None for given in (text, image, film)) != 1:
        raise typer.BadParameter("Give one of --text, --image FILE and --film ID.")
    if text is not None and (region or without):
        raise typer.BadParameter("--region and --without go with --image or --film.")
    if as_json and as_csv:
        raise typer.BadParameter("Give --json or --csv, not both.")


def _check_ways(
    text: str | None, codes: Path | None, beside: str | None, *, as_csv: bool, shards: bool
) -> None:
    if codes is not None and (text is None or beside is not None):
        raise typer.BadParameter("--codes goes with --text, and not with --beside.")
    if beside is not None and as_csv:
        raise typer.BadParameter("--beside goes with a table or --json.")
    if shards and beside is not None:
        raise typer.BadParameter("--beside goes with one index, and without --cluster.")


def _box(text: str) -> "Box":
    from explorer.entities import Box

    try:
        return Box(*(float(edge) for edge in text.split(",")))
    except (TypeError, ValueError) as error:
        raise typer.BadParameter(
            f"--region is x_min,y_min,x_max,y_max with larger maxima, got {text!r}."
        ) from error


def _embedded(engine: "pipeline.Engine", image: Path | None, log: "Console") -> Any:
    from explorer import pipeline

    assert image is not None
    study = pipeline.read_study([image.read_bytes()])
    embeddings = pipeline.embed(engine, study.radiographs[0])
    pipeline.check_image(embeddings)
    if embeddings.check.message:
        say(log, embeddings.check.message)
    return embeddings


def _as_csv(document: dict[str, Any]) -> str:
    """One line a hit; its reasons in one column."""
    columns = ("rank", "study", "film", "region", "score", "percentile", "view", "age_band", "sex")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*columns, "findings", "source", "path", "reasons"])
    for hit in document["hits"]:
        reasons = "; ".join(
            f"{p['text']} ({p['assertion']}) {p['gain']:+.2f}" for p in hit["parts"]
        )
        writer.writerow(
            [
                *(hit[name] for name in columns),
                "|".join(hit["findings"]),
                hit["source"],
                hit["path"],
                reasons,
            ]
        )
    return text.getvalue()


def _print(console: "Console", found: "pipeline.Results") -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"{len(found.hits)} of {found.total:,}, {found.seconds:.2f} s")
    for name in ("rank", "score", "above"):
        table.add_column(name, justify="right")
    for name in ("film", "findings", "why"):
        table.add_column(name, overflow="fold")
    for hit in found.hits:
        why = [f"{part.gain:+.2f} {part.text}" for part in hit.parts if part.text]
        table.add_row(
            str(hit.rank),
            f"{hit.score:.2f}",
            f"{hit.percentile:.0%}",
            hit.film_id[:12],
            # Words come from outside: brackets in them are no markup.
            Text(", ".join(hit.findings)),
            Text("\n".join(why[:6])),
        )
    console.print(table)
