"""Fetches a published folder from the Hugging Face hub: one revision, no code, offline if asked.

Only what weights, settings, words and licences are kept in is fetched; a repository's Python files
are not. `HF_HUB_OFFLINE=1` and the cache folder of `huggingface_hub` work as everywhere.
"""

import os
import re
from pathlib import Path
from typing import NamedTuple

from explorer.errors import CheckpointError

PREFIX = "hf:"
_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_WANTED = (
    "*.json",
    "*.txt",
    "*.safetensors",
    "*.bin",
    "*.pt",
    "*.pth",
    "*.ckpt",
    "*.tar",
    "spiece.model",
    "*.md",
    "LICENSE*",
)


class Fetched(NamedTuple):
    """A folder on disk with where it came from; `revision` is the commit, "" when not known."""

    folder: Path
    source: str
    revision: str


def fetch(source: str, *, revision: str | None = None) -> Fetched:
    """A local folder as it is, or a repository of the hub in the local cache.

    Args:
        source: A folder, "hf:owner/name", or "owner/name" where no such folder exists.
        revision: Commit, tag or branch of a repository; its newest commit when None.

    Raises:
        CheckpointError: There is no such folder or repository, or the hub is out of reach.
    """
    folder = Path(source)
    if folder.is_dir() and not source.startswith(PREFIX):
        if revision:
            raise CheckpointError(
                f"A revision belongs to a repository of the hub, got {revision!r} for the folder "
                f"{source!r}. Leave --revision out."
            )
        return Fetched(folder, folder.name, "")
    name = source.removeprefix(PREFIX)
    if not _NAME.fullmatch(name):
        raise CheckpointError(
            f"A source is a folder or a repository of the hub such as hf:owner/name, got "
            f"{source!r}, and no folder has that path."
        )
    path = _download(name, revision)
    return Fetched(path, f"{PREFIX}{name}", path.name)


def _download(name: str, revision: str | None) -> Path:
    # Never asked for by other commands: the import costs half a second.
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    asked = f"{name!r}" + (f" at {revision!r}" if revision else "")
    try:
        return Path(
            snapshot_download(
                name,
                revision=revision,
                allow_patterns=list(_WANTED),
                local_files_only=constants.HF_HUB_OFFLINE,
                cache_dir=constants.HF_HUB_CACHE,
            )
        )
    except GatedRepoError as error:
        raise CheckpointError(
            f"The repository {asked} is gated: accept its terms on {_page(name)}, log in with "
            "`hf auth login`, and try again."
        ) from error
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise CheckpointError(
            f"The hub has no repository {asked}, or it is private. Look at {_page(name)}."
        ) from error
    except LocalEntryNotFoundError as error:
        why = "HF_HUB_OFFLINE is set" if constants.HF_HUB_OFFLINE else "the hub is out of reach"
        raise CheckpointError(
            f"{asked} is not in the local cache and {why}. Connect this machine once, or copy the "
            "repository's folder here and add that."
        ) from error
    except Exception as error:  # the library and its transport raise many kinds
        raise CheckpointError(
            f"{asked} could not be fetched from the hub ({type(error).__name__}). Check the "
            "connection, or copy the repository's folder here and add that."
        ) from error


def _page(name: str) -> str:
    return f"{os.environ.get('HF_ENDPOINT', 'https://huggingface.co')}/{name}"
