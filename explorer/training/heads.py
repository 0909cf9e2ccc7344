"""Heads on disk: fit one on plain vectors, write it in a folder of its own, load it strictly."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from explorer.encoders.files import sha256_of
from explorer.errors import CheckpointError, TrainingError
from explorer.methods import find_method
from explorer.methods._base import Shapes, read_options
from explorer.methods._heads import Head, HeadData, Progress

HEAD_FILE, ABOUT_FILE = "head.safetensors", "head.json"
SCHEMA = "radiograph-head/1"


@dataclass(frozen=True, slots=True)
class StoredHead:
    """A head that was read back.

    Attributes:
        head: Ready to use, without gradient.
        method: Its id.
        checkpoint: Name of the checkpoint whose vectors it reads, for people.
        checkpoint_sha256: Of that checkpoint's weights, for the program.
        about: Everything else that head.json says.
    """

    head: Head
    method: str
    checkpoint: str
    checkpoint_sha256: str
    about: Mapping[str, Any]


def fit_head(
    method: str,
    data: HeadData,
    options: Mapping[str, Any],
    *,
    work: Path | None = None,
    progress: Progress = lambda *_: None,
) -> Head:
    """Fit the head of a method; a run that was stopped goes on from its state in `work`.

    Raises:
        TrainingError: The method is no head, an option is unknown, or the data does not allow it.
    """
    kind = find_method(method)
    if not issubclass(kind, Head):
        raise TrainingError(
            f"Method {method!r} is no head on a frozen checkpoint but an {kind.card.kind}. "
            "Train it with --config."
        )
    chosen = read_options(kind.Options, options, method=method)
    head = kind.fit(data, chosen, progress=progress, work=work)
    return head.eval().requires_grad_(requires_grad=False)


def write_head(
    folder: Path,
    head: Head,
    *,
    method: str,
    checkpoint: str,
    checkpoint_sha256: str,
    about: Mapping[str, Any],
) -> None:
    """Write head.safetensors, then head.json, which names its digest: a kill between is seen.

    Args:
        folder: Created when missing.
        head: Fitted.
        method: Its id.
        checkpoint: Name of the checkpoint.
        checkpoint_sha256: Of its weights.
        about: Figures, data and whatever else is worth saying.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ABOUT_FILE).unlink(missing_ok=True)
        save_file({k: v.contiguous() for k, v in head.state_dict().items()}, folder / HEAD_FILE)
        written = {
            "schema": SCHEMA,
            "method": method,
            "title": head.card.title,
            "options": asdict(head.options),
            "shapes": asdict(head.shapes),
            "checkpoint": {"name": checkpoint, "sha256": checkpoint_sha256},
            "sha256": sha256_of(folder / HEAD_FILE),
            **about,
        }
        text = json.dumps(written, indent=2, ensure_ascii=False) + "\n"
        (folder / ABOUT_FILE).write_text(text, encoding="utf-8")
    except (OSError, SafetensorError) as error:
        raise TrainingError(
            f"The head cannot be written to {folder.name!r} ({error}). Make room or choose another "
            "folder; the same command goes on where it was."
        ) from error


def read_head(folder: Path, *, checkpoint_sha256: str | None = None) -> StoredHead:
    """Load a head: every tensor must be there and none besides, and the digest must hold.

    Args:
        folder: As `write_head` writes it.
        checkpoint_sha256: Of the weights whose vectors it will be given; None does not ask.

    Raises:
        CheckpointError: A file is missing or damaged, or the head is of another checkpoint.
    """
    try:
        about = json.loads((folder / ABOUT_FILE).read_text(encoding="utf-8"))
        if about.pop("schema") != SCHEMA:
            raise ValueError(f"its schema must be {SCHEMA}")
        if about.pop("sha256") != sha256_of(folder / HEAD_FILE):
            raise ValueError(f"the digest of {HEAD_FILE} is another")
        method, said = str(about.pop("method")), dict(about.pop("checkpoint"))
        kind = find_method(method)
        if not issubclass(kind, Head):
            raise ValueError(f"{method} is no head")
        options = read_options(kind.Options, about.pop("options"), method=method)
        shapes = dict(about.pop("shapes"))
        head = kind(options, Shapes(**(shapes | {"grid": tuple(shapes["grid"])})))
        head.load_state_dict(load_file(folder / HEAD_FILE), strict=True)
        stored = StoredHead(head, method, str(said["name"]), str(said["sha256"]), about)
    except (
        OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, SafetensorError,
        TrainingError,
    ) as error:  # fmt: skip
        raise CheckpointError(
            f"The folder {folder.name!r} does not hold a head as explorer train writes it "
            f"({' '.join(str(error).split())[:160]}). Copy the folder again or train it again."
        ) from error
    if checkpoint_sha256 is not None and checkpoint_sha256 != stored.checkpoint_sha256:
        raise CheckpointError(
            f"A head reads the vectors of one checkpoint: {folder.name!r} was trained on "
            f"{stored.checkpoint!r} ({stored.checkpoint_sha256[:12]}), asked for was "
            f"{checkpoint_sha256[:12]}. Use that checkpoint, or train the head again."
        )
    head.eval().requires_grad_(requires_grad=False)
    return stored
