"""Names and digests of the files in a checkpoint folder, and the check that they match the card."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from explorer.errors import CheckpointError

CARD_FILE = "card.json"
WEIGHTS_FILE = "model.safetensors"
TOKENIZER_FILE = "tokenizer.json"
CONFIG_FILE = "config.json"
# The image check may be fitted anew without touching the towers; then it lies beside them.
IMAGE_CHECK_FILE = "image_check.safetensors"
LOADED_FILES = (CONFIG_FILE, TOKENIZER_FILE, WEIGHTS_FILE)
REFERENCE_FILE = "reference.safetensors"  # may be absent


def sha256_of(path: Path) -> str:
    """Hex sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of(names: Sequence[str], *, files: Mapping[str, str]) -> str:
    """One sha256 for weights in one or several files: of the one, or of the list of digests."""
    if len(names) == 1:
        return files[names[0]]
    lines = "".join(f"{files[name]}  {name}\n" for name in sorted(names))
    return hashlib.sha256(lines.encode()).hexdigest()


def verify_hashes(
    folder: Path,
    *,
    files: Mapping[str, str],
    loaded: Sequence[str] = LOADED_FILES,
    optional: Sequence[str] = (IMAGE_CHECK_FILE,),
) -> None:
    """Compare the sha256 of every file the card names, those that are loaded among them.

    Args:
        folder: Checkpoint folder.
        files: Name and sha256, from the card.
        loaded: Names of files that are opened; the card must name them.
        optional: Names of files that are opened where they are there.

    Raises:
        CheckpointError: A file is missing or its hash differs.
    """
    opened = [*loaded, *(name for name in optional if (folder / name).exists())]
    unnamed = [name for name in opened if name not in files]
    if unnamed:
        raise CheckpointError(
            f"{CARD_FILE} of checkpoint {folder.name!r} must give the sha256 of every file that is "
            f"loaded, got none for {unnamed[0]!r}. Copy the whole folder again."
        )
    for name, expected in files.items():
        path = folder / name
        if Path(name).name != name or not path.is_file():
            raise CheckpointError(
                f"Checkpoint {folder.name!r} lacks {name!r}. Copy the whole folder again."
            )
        found = sha256_of(path)
        if found != expected:
            raise CheckpointError(
                f"{name} of checkpoint {folder.name!r} has sha256 {found[:12]}…, the card says "
                f"{expected[:12]}…: the file is damaged or swapped. Copy the folder again."
            )
