"""`explorer ground`: the region of each phrase in one radiograph, as JSON and a figure."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from explorer.cli._console import consoles, say, working
from explorer.cli._files import write_whole
from explorer.cli._options import CheckpointOption, Device, DeviceOption, Dtype, DtypeOption

if TYPE_CHECKING:
    from rich.console import Console

    from explorer import pipeline
    from explorer.entities import GroundedPhrase, ImageEmbeddings, Radiograph, Report, Sentence


class Rule(StrEnum):
    """How the threshold of regions is found."""

    calibrated = "calibrated"
    otsu = "otsu"
    fixed = "fixed"


class Preset(StrEnum):
    """Published pipelines that can be run beside ours."""

    hi_ml = "hi-ml"
    hi_ml_notebook = "hi-ml-notebook"


def ground(
    image: Annotated[
        Path, typer.Argument(help="DICOM, PNG, JPEG or TIFF file.", exists=True, dir_okay=False)
    ],
    out: Annotated[Path, typer.Option(help="Folder for grounding.json and grounding.png.")],
    phrase: Annotated[
        list[str] | None, typer.Option(help="Phrase to look for; may be given several times.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            help="Report text file; every sentence is grounded.", exists=True, dir_okay=False
        ),
    ] = None,
    checkpoint: CheckpointOption = None,
    device: DeviceOption = Device.auto,
    dtype: DtypeOption = Dtype.auto,
    rule: Annotated[Rule | None, typer.Option(help="Threshold rule for regions.")] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Score for the rule fixed.", min=0.0, max=1.0)
    ] = None,
    preset: Annotated[
        Preset | None,
        typer.Option(
            help="Also as microsoft/hi-ml does it for BioViL: OUT/hi_ml.npz (maps in the original, "
            "NaN outside the crop) and OUT/hi_ml.json (scores; all phrases are prompts of one "
            "ensemble). hi-ml spreads maps by the nearest patch, hi-ml-notebook linearly.",
        ),
    ] = None,
    invert: Annotated[
        bool, typer.Option("--invert", help="Exchange bright and dark before encoding.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite earlier results.")] = False,
) -> None:
    """Find the region of each phrase, or of each sentence of a report, in one radiograph.

    Writes OUT/grounding.json (boxes in original pixels, controls, provenance) and
    OUT/grounding.png (a figure). Neither holds the file name or data of the patient.
    """
    _check(phrase, report, preset)
    chosen = _chosen_rule(rule, threshold)
    targets = _targets(out, preset, force=force)
    from explorer import pipeline

    console, log = consoles()
    radiograph, said = _read(image, report, log, invert=invert)
    with working(log, "Loading the checkpoint"):
        engine = pipeline.open_engine(checkpoint, device=device.value, precision=dtype.value)
    with working(log, "Encoding the image"):
        embeddings = pipeline.embed(engine, radiograph)
    pipeline.check_image(embeddings, radiograph)
    if embeddings.check.message:
        say(log, embeddings.check.message)
    published = [] if preset is None else _published(engine, embeddings, phrase or [], preset)
    with working(log, "Grounding"):
        how: dict[str, Any] = {"rule": chosen.value, "threshold": threshold}
        sentences = None
        if said is not None:
            found = pipeline.ground_report(engine, embeddings, said, **how)
            grounded, sentences = _spoken(said, found)
        else:
            grounded = pipeline.ground(engine, embeddings, phrase or [], **how)
        document = pipeline.grounding_document(
            engine, radiograph, embeddings, grounded, sentences=sentences
        )
        written = pipeline.to_json_text(document).encode()
        picture = pipeline.grounding_figure(engine, radiograph, grounded)
    _write_results(targets, [written, picture, *published])
    _print_grounding(console, grounded)
    names = ", ".join(str(target) for target in targets[:-1])
    say(log, f"Wrote {names} and {targets[-1]}. Research use, not for diagnosis.")


def _check(phrase: list[str] | None, report: Path | None, preset: Preset | None) -> None:
    if bool(phrase) == bool(report):
        raise typer.BadParameter("Give either --phrase (once or more) or --report FILE.")
    if preset and not phrase:
        raise typer.BadParameter("--preset goes with --phrase.")
    if any(not one.strip() for one in phrase or []):
        raise typer.BadParameter("--phrase needs at least one word.")


def _chosen_rule(rule: Rule | None, threshold: float | None) -> Rule:
    """The rule in force: a threshold alone means "fixed"."""
    if threshold is not None and rule not in (None, Rule.fixed):
        raise typer.BadParameter("--threshold goes with --rule fixed only.")
    if rule is Rule.fixed and threshold is None:
        raise typer.BadParameter("--rule fixed needs --threshold SCORE, between 0 and 1.")
    return Rule.fixed if threshold is not None else rule or Rule.calibrated


def _targets(out: Path, preset: Preset | None, *, force: bool) -> tuple[Path, ...]:
    """Paths to write, refused before any work when they would overwrite something."""
    if out.exists() and not out.is_dir():
        raise typer.BadParameter(f"--out must be a folder, got the file {out.name}.")
    targets: tuple[Path, ...] = (out / "grounding.json", out / "grounding.png")
    if preset:
        targets += (out / "hi_ml.json", out / "hi_ml.npz")
    present = [target.name for target in targets if target.exists()]
    if present and not force:
        raise typer.BadParameter(
            f"{' and '.join(present)} already exist in {out}; add --force to overwrite."
        )
    return targets


def _read(
    image: Path, report: Path | None, log: "Console", *, invert: bool
) -> "tuple[Radiograph, Report | None]":
    """The radiograph and the report, having said what is unusual about them."""
    from explorer import pipeline

    with working(log, "Reading the image and the report"):
        text = pipeline.read_report_file(report.read_bytes()) if report else None
        study = pipeline.read_study([image.read_bytes()], text)
    radiograph = study.radiographs[0]
    if invert:
        radiograph = pipeline.invert(radiograph)
    for note in (*radiograph.notes, *(study.report.notes if study.report else ())):
        say(log, note)
    return radiograph, study.report


def _published(
    engine: "pipeline.Engine", embeddings: "ImageEmbeddings", phrases: list[str], preset: Preset
) -> list[bytes]:
    """hi_ml.json and hi_ml.npz."""
    from explorer import pipeline

    interpolation: Literal["nearest", "linear"] = "nearest" if preset is Preset.hi_ml else "linear"
    found = pipeline.ground_as_hi_ml(engine, embeddings, phrases, interpolation=interpolation)
    return [pipeline.to_json_text(found.document(engine)).encode(), found.as_npz()]


def _write_results(targets: "Sequence[Path]", contents: "Sequence[bytes]") -> None:
    for target, content in zip(targets, contents, strict=True):
        write_whole(target, content)


def _spoken(
    report: "Report", found: "Sequence[GroundedPhrase | None]"
) -> "tuple[tuple[GroundedPhrase, ...], tuple[Sentence, ...]]":
    """Sentences that speak of the image, each beside its grounding."""
    pairs = [
        (item, sentence)
        for item, sentence in zip(found, report.sentences, strict=True)
        if item is not None
    ]
    return tuple(item for item, _ in pairs), tuple(sentence for _, sentence in pairs)


def _print_grounding(console: "Console", grounded: "Sequence[GroundedPhrase]") -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(title="Grounding")
    table.add_column("phrase", overflow="fold")
    for name in ("score", "regions", "sensitivity"):
        table.add_column(name, justify="right")
    table.add_column("reading", overflow="fold")
    for item in grounded:
        # The first reason; grounding.json has them all.
        reading = f"abstains: {item.controls.reasons[0]}" if item.controls.abstain else "shown"
        table.add_row(
            # Phrases come from outside: brackets in them are not markup.
            Text(item.phrase),
            f"{item.score:.2f}",
            str(len(item.regions)),
            f"{item.controls.sensitivity:.2f}",
            Text(reading),
        )
    console.print(table)
