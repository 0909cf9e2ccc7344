"""Takes a published folder over onto the shelf: whole, with a card and digests, or not at all.

A family that can be taken over has `layout(folder) -> Layout | None` in its module: None where the
folder is not one of its own, else the entries of the card that it knows and the files to write.
Pickled weights become safetensors here, once; nothing of a folder but what the layout names is
copied, so that its code stays behind.
"""

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from explorer.adapters._base import AdapterCard
from explorer.adapters._families import family_module, family_names
from explorer.adapters._hub import Fetched
from explorer.adapters._licences import licence_of
from explorer.adapters._shelf import PICKLES, open_checkpoint, read_card
from explorer.encoders.files import CARD_FILE, sha256_of
from explorer.errors import CheckpointError

Writer = Callable[[Path], None]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a published folder becomes one of ours.

    Attributes:
        entries: Of the card: title, training_data, input_size, grid_size, dimension, frame_mode,
            pooling, weights and what else the family knows.
        files: Name in the checkpoint, and the published file it comes from or what writes it.
            A pickle whose new name ends in .safetensors is converted.
    """

    entries: Mapping[str, Any]
    files: Mapping[str, Path | Writer]


def take_over(
    fetched: Fetched,
    shelf: Path,
    *,
    name: str,
    family: str | None = None,
    licence: str | None = None,
    accept_licence: bool = False,
) -> AdapterCard:
    """Write a checkpoint folder, open it once, and only then put it on the shelf.

    Args:
        fetched: What is taken over.
        shelf: Folder of checkpoint folders; made when missing.
        name: Of the new folder.
        family: Which family it is; found from its files when None.
        licence: As its makers state it; read from README.md when None.
        accept_licence: Whether a person accepted a licence that forbids some use.

    Raises:
        CheckpointError: No family knows the folder, its licence was not accepted, the name is
            taken, or it does not open. Nothing is left behind.
    """
    if not re.fullmatch(r"\w[\w.-]*", name) or (shelf / name).exists():
        raise CheckpointError(
            f"A checkpoint needs a name of its own, of letters, digits, '.', '-' and '_', got "
            f"{name!r}{', which is taken' if (shelf / name).exists() else ''}. Use --name."
        )
    shelf.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=shelf, prefix=".adding-") as place:
        folder = Path(place) / name
        folder.mkdir()
        if (fetched.folder / CARD_FILE).exists():
            _copy_own(fetched.folder, folder, accept_licence=accept_licence)
        else:
            _write(fetched, folder, family, licence, accept_licence=accept_licence)
        open_checkpoint(folder, device="cpu", precision="float32")
        folder.rename(shelf / name)
    return read_card(shelf / name)


def accept(folder: Path) -> AdapterCard:
    """Note on the card that a person accepted the licence; the weights stay as they are."""
    card = read_card(folder)
    _note(folder, licence_accepted=True)
    return card


def _copy_own(source: Path, folder: Path, *, accept_licence: bool) -> None:
    """A folder that has a card already: its files as they are."""
    card = read_card(source)
    _require_licence(card.licence, accepted=accept_licence or card.licence_accepted)
    for file in (CARD_FILE, *card.extra["files"]):
        if Path(file).name != file or not (source / file).is_file():
            raise CheckpointError(
                f"Checkpoint {source.name!r} lacks {file!r}. Copy the whole folder again."
            )
        shutil.copyfile(source / file, folder / file)
    _note(folder, licence_accepted=accept_licence or card.licence_accepted)


def _write(
    fetched: Fetched,
    folder: Path,
    family: str | None,
    licence: str | None,
    *,
    accept_licence: bool,
) -> None:
    known, layout = _layout_of(fetched.folder, family)
    stated = licence or _stated_licence(fetched.folder)
    _require_licence(stated, accepted=accept_licence)
    for file, origin in layout.files.items():
        _take(origin, folder / file)
    files = {file: sha256_of(folder / file) for file in sorted(layout.files)}
    card = {
        "title": folder.name,
        "family": known,
        "licence": stated,
        "licence_accepted": accept_licence,
        "training_data": "not stated",
        "parameters": _parameters(folder),
        **layout.entries,
        "source": fetched.source,
        "revision": fetched.revision,
        "files": files,
    }
    text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
    (folder / CARD_FILE).write_text(text, encoding="utf-8")


def _layout_of(source: Path, family: str | None) -> tuple[str, Layout]:
    """The one family that knows the folder, and how."""
    names = [family] if family else family_names()
    modules = {name: family_module(name) for name in names}
    can = {name: module for name, module in modules.items() if hasattr(module, "layout")}
    found = {name: module.layout(source) for name, module in can.items()}
    known = {name: layout for name, layout in found.items() if layout is not None}
    if len(known) == 1:
        return next(iter(known.items()))
    if known:
        raise CheckpointError(
            f"{source.name!r} may be of several families: {', '.join(known)}. Name one with "
            "--family."
        )
    held = ", ".join(sorted(f.name for f in source.iterdir())[:8])
    asked = f"the family {family!r}" if family else f"any of {', '.join(can)}"
    raise CheckpointError(
        f"{source.name!r} is not laid out as {asked} publishes its checkpoints; it holds {held}. "
        "Name another family with --family, or write a card as docs/checkpoints.md says."
    )


def _take(origin: Path | Writer, target: Path) -> None:
    """Copy a file, convert a pickle, or let the family write."""
    if not isinstance(origin, Path):
        origin(target)
    elif target.suffix == ".safetensors" and origin.suffix in PICKLES:
        from safetensors.torch import save_file

        from explorer.adapters._weights import read_tensors

        # Tensors that share memory (tied weights) are written one by one.
        tensors = {k: v.clone().contiguous() for k, v in read_tensors(origin).items()}
        save_file(tensors, target, metadata={"format": "pt"})
    else:
        shutil.copyfile(origin, target)


def _parameters(folder: Path) -> int:
    """Numbers in the weights; those of pickles that stay pickles are not counted."""
    from safetensors import safe_open

    total = 0
    for path in folder.glob("*.safetensors"):
        with safe_open(path, framework="numpy") as file:
            shapes = [file.get_slice(name).get_shape() for name in file.keys()]  # noqa: SIM118
        for shape in shapes:
            size = 1
            for side in shape:
                size *= side
            total += size
    return max(1, total)


def _stated_licence(source: Path) -> str:
    """The licence in the header of a model card, as the hub reads it; "none stated" without."""
    try:
        text = (source / "README.md").read_text(encoding="utf-8")
    except OSError:
        return "none stated"
    header = re.match(r"---\n(.*?)\n---", text, re.DOTALL)
    stated = dict(
        re.findall(r"^(license(?:_name)?):\s*(\S.*?)\s*$", header[1] if header else "", re.M)
    )
    own = stated.get("license", "none stated").strip("\"'")
    return stated.get("license_name", own).strip("\"'") if own == "other" else own


def _require_licence(licence: str, *, accepted: bool) -> None:
    found = licence_of(licence)
    if found.restricts and not accepted:
        raise CheckpointError(
            f"The licence must be accepted first, got {licence!r}. {found.allows} If your use is "
            "allowed, add --accept-licence; where the makers state another one, name it with "
            "--licence."
        )


def _note(folder: Path, **entries: object) -> None:
    path = folder / CARD_FILE
    card = json.loads(path.read_text(encoding="utf-8")) | entries
    path.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
