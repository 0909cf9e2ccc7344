"""The command line: thin commands over the pipeline, one file each.

Heavy imports stay inside the commands, so that `explorer --version` and `--help` answer at once.
"""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from explorer import __version__
from explorer.cli import evaluate_run
from explorer.cli._files import file_trouble
from explorer.cli.checkpoints import accept, checkpoints, reference
from explorer.cli.checkpoints import add as add_checkpoint
from explorer.cli.evaluate import evaluate_grounding
from explorer.cli.evaluate_findings import findings
from explorer.cli.evaluate_phantoms import evaluate_phantoms
from explorer.cli.evaluate_probe import evaluate_probe
from explorer.cli.evaluate_retrieval import retrieval
from explorer.cli.export import export as export_checkpoint
from explorer.cli.ground import ground
from explorer.cli.index import add, build, info, remove, update
from explorer.cli.information import information
from explorer.cli.methods import methods
from explorer.cli.phantom import bundle, render
from explorer.cli.prototypes import build as build_prototypes
from explorer.cli.prototypes import export, show
from explorer.cli.prototypes_compare import compare as compare_prototypes
from explorer.cli.retrieve import retrieve
from explorer.cli.serve import serve
from explorer.cli.train import train
from explorer.cli.what_if import what_if
from explorer.errors import (
    CheckpointError,
    DataSetError,
    ExplorerError,
    NotARadiographError,
    PhraseError,
    PrototypeError,
    ReadingError,
    ReportError,
    RetrievalError,
    TrainingError,
)

# Error family -> exit code; the first that fits. 1 is an unexpected error, 2 a wrong call.
EXIT_CODES: tuple[tuple[type[ExplorerError], int], ...] = (
    (ReadingError, 3),
    (ReportError, 3),
    (PhraseError, 3),
    (CheckpointError, 4),
    (NotARadiographError, 5),
    (DataSetError, 6),
    (TrainingError, 7),
    (RetrievalError, 8),
    (PrototypeError, 9),
)
FILE_TROUBLE = 10
EXIT_CODE_HELP = (
    "Exit codes: 0 done; 1 unexpected error; 2 wrong call (unknown option, missing or existing "
    "file); 3 image, report or phrase cannot be used; 4 checkpoint cannot be loaded; 5 image "
    "refused, it is not a frontal chest radiograph; 6 data set tables or files are incomplete; "
    "7 a training cannot go on; 8 an index cannot be opened, written or searched; "
    "9 points cannot be clustered, or there is no such prototype; "
    "10 a file or folder cannot be read or written."
)

app = typer.Typer(
    name="explorer",
    help="Look inside image-text alignment on chest radiographs. Research use, not for diagnosis.",
    epilog=EXIT_CODE_HELP,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
evaluate_app = typer.Typer(
    help="Measure a checkpoint with a pinned protocol.", no_args_is_help=True
)
app.add_typer(evaluate_app, name="evaluate")
phantom_app = typer.Typer(
    help="Radiographs with exact truth, rendered from a CT.", no_args_is_help=True
)
app.add_typer(phantom_app, name="phantom")
index_app = typer.Typer(help="Build and keep an index of films to search.", no_args_is_help=True)
app.add_typer(index_app, name="index")
checkpoints_app = typer.Typer()
checkpoints_app.callback(invoke_without_command=True, epilog=EXIT_CODE_HELP)(checkpoints)
app.command("export", epilog=EXIT_CODE_HELP)(export_checkpoint)
checkpoints_app.command("reference", epilog=EXIT_CODE_HELP)(reference)
checkpoints_app.command("add", epilog=EXIT_CODE_HELP)(add_checkpoint)
checkpoints_app.command("accept", epilog=EXIT_CODE_HELP)(accept)
app.add_typer(checkpoints_app, name="checkpoints")
prototypes_app = typer.Typer(
    help="Cluster the regions, films or sentences of an index.", no_args_is_help=True
)
app.add_typer(prototypes_app, name="prototypes")
for _command in (ground, information, methods, retrieve, serve, train, what_if):
    app.command(epilog=EXIT_CODE_HELP)(_command)
evaluate_app.command("grounding", epilog=EXIT_CODE_HELP)(evaluate_grounding)
evaluate_app.command("phantoms", epilog=EXIT_CODE_HELP)(evaluate_phantoms)
evaluate_app.command("probe", epilog=EXIT_CODE_HELP)(evaluate_probe)
evaluate_app.command(epilog=EXIT_CODE_HELP)(findings)
evaluate_app.command(epilog=EXIT_CODE_HELP)(retrieval)
evaluate_app.command(epilog=EXIT_CODE_HELP)(evaluate_run.run)
evaluate_app.command(epilog=EXIT_CODE_HELP)(evaluate_run.boxes)
evaluate_app.command(epilog=EXIT_CODE_HELP)(evaluate_run.compare)
evaluate_app.command(epilog=EXIT_CODE_HELP)(evaluate_run.runs)
evaluate_app.command(epilog=EXIT_CODE_HELP)(evaluate_run.export)
evaluate_app.command(epilog=EXIT_CODE_HELP)(evaluate_run.delete)
evaluate_app.command(epilog=EXIT_CODE_HELP)(evaluate_run.protocols)
phantom_app.command("render", epilog=EXIT_CODE_HELP)(render)
phantom_app.command("bundle", epilog=EXIT_CODE_HELP)(bundle)
index_app.command(epilog=EXIT_CODE_HELP)(build)
index_app.command(epilog=EXIT_CODE_HELP)(add)
index_app.command(epilog=EXIT_CODE_HELP)(update)
index_app.command(epilog=EXIT_CODE_HELP)(remove)
index_app.command(epilog=EXIT_CODE_HELP)(info)
prototypes_app.command("build", epilog=EXIT_CODE_HELP)(build_prototypes)
prototypes_app.command(epilog=EXIT_CODE_HELP)(show)
prototypes_app.command(epilog=EXIT_CODE_HELP)(export)
prototypes_app.command("compare", epilog=EXIT_CODE_HELP)(compare_prototypes)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; an error meant for people is one line on stderr and an exit code."""
    try:
        app(args=None if arguments is None else list(arguments))
    except ExplorerError as error:
        sys.stderr.write(f"explorer: {' '.join(str(error).split())}\n")
        raise SystemExit(exit_code(error)) from None
    except OSError as error:
        line = file_trouble(error)
        if line is None:
            raise
        sys.stderr.write(f"explorer: {line}\n")
        raise SystemExit(FILE_TROUBLE) from None


def exit_code(error: ExplorerError) -> int:
    """Exit code of an error meant for people."""
    return next((code for family, code in EXIT_CODES if isinstance(error, family)), 1)


@app.callback(invoke_without_command=True)
def _about(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if version:
        typer.echo(f"explorer {__version__}")
        raise typer.Exit
