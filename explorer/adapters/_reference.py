"""The file of reference films beside a checkpoint: small whole numbers, widened on opening."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from explorer.adapters._base import AdapterCard
from explorer.embeddings import SHOWN_FROM, ReferenceFilms, Taught
from explorer.encoders.files import CARD_FILE, REFERENCE_FILE, sha256_of
from explorer.entities import Float32
from explorer.errors import CheckpointError

_STEPS = 127  # a number is stored as a whole number of steps of its dimension


def read_reference(card: AdapterCard) -> ReferenceFilms | None:
    """Reference films of a checkpoint; None where its card names no such file.

    Raises:
        CheckpointError: The file is broken or belongs to other weights.
    """
    if REFERENCE_FILE not in card.extra.get("files", {}):
        return None
    try:
        with safe_open(card.folder / REFERENCE_FILE, framework="numpy") as file:
            about = json.loads(file.metadata()["about"])
            found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        films = ReferenceFilms(
            weights_sha256=about["weights_sha256"],
            basis=found["basis"].astype(np.float32),
            patches=found["patches"] * found["patch_step"],
            counts=found["counts"].astype(np.float32),
            normal=found["normal"].astype(bool),
            taught=Taught(tuple(about["taught_findings"]), tuple(about["taught_words"])),
            trust=found["trust"].astype(np.float32) if "trust" in found else None,
            rendered=found["rendered"].astype(bool) if "rendered" in found else None,
            evidence=found["evidence"].astype(np.float32) if "evidence" in found else None,
            shown_from=float(about.get("shown_from", SHOWN_FROM)),
        )
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise CheckpointError(
            f"{REFERENCE_FILE} of checkpoint {card.name!r} cannot be read ({error}). Copy the "
            f"folder again, or make it with `explorer checkpoints reference {card.name}`."
        ) from error
    if films.weights_sha256 != card.sha256:
        raise CheckpointError(
            f"{REFERENCE_FILE} of checkpoint {card.name!r} was made with the weights "
            f"{films.weights_sha256[:12]}, the card names {card.sha256[:12]}. Make it again with "
            f"`explorer checkpoints reference {card.name}`."
        )
    return films


def add_reference(card: AdapterCard, films: ReferenceFilms, *, about: Mapping[str, Any]) -> None:
    """Write films beside the checkpoint and name them in its card; nothing else is touched.

    Args:
        card: Of the checkpoint.
        films: Embedded with its weights.
        about: What the card says of them under "reference".
    """
    path = card.folder / REFERENCE_FILE
    write_reference(path, films)
    written = json.loads((card.folder / CARD_FILE).read_text(encoding="utf-8"))
    written["reference"] = dict(about)
    written["files"] = {**written["files"], REFERENCE_FILE: sha256_of(path)}
    text = json.dumps(written, indent=2, ensure_ascii=False) + "\n"
    (card.folder / CARD_FILE).write_text(text, encoding="utf-8")


def write_reference(path: Path, films: ReferenceFilms) -> None:
    """Write films in 8 bits a number (16 for the basis and the counts)."""
    patches, patch_step = _whole(films.patches)
    arrays: dict[str, NDArray[Any]] = {
        "basis": films.basis.astype(np.float16),
        "patches": patches,
        "patch_step": patch_step,
        "counts": films.counts.astype(np.uint16),
        "normal": films.normal.astype(np.uint8),
    }
    if films.trust is not None:
        arrays["trust"] = films.trust
    if films.rendered is not None:
        arrays["rendered"] = films.rendered.astype(np.uint8)
    if films.evidence is not None:
        arrays["evidence"] = films.evidence
    about = {
        "weights_sha256": films.weights_sha256,
        "taught_findings": films.taught.findings,
        "taught_words": films.taught.words,
        "shown_from": films.shown_from,
    }
    save_file(arrays, path, metadata={"about": json.dumps(about)})


def _whole(values: Float32) -> tuple[NDArray[np.int8], Float32]:
    """Whole steps (..., d) int8 and the step (d,) of each dimension."""
    largest = np.abs(values).reshape(-1, values.shape[-1]).max(0)
    step = (np.maximum(largest, 1e-6) / _STEPS).astype(np.float32)
    return np.ascontiguousarray(np.round(values / step), dtype=np.int8), step
