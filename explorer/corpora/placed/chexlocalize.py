"""CheXlocalize: masks of 10 findings on CheXpert validation and test films, as COCO run lengths.

`gt_segmentations_{val,test}.json`: `{"patient64541_study1_view1_frontal": {"Edema": {"size",
"counts"}}}`. An empty mask means that the finding is not there. Saporta et al., Nature Machine
Intelligence 2022.
"""

import re
from pathlib import Path

from explorer.corpora.placed._coco import runs_of
from explorer.corpora.placed._reading import ImageFiles, find_file, load_json, other_schema
from explorer.errors import DataSetError
from explorer.placed import PlacedPhrase

TITLE = "CheXlocalize: gt_segmentations_val.json or _test.json"
LICENCE = "Stanford University Dataset Research Use Agreement: not to be passed on"
_NAMES = ("gt_segmentations_*.json",)
_ID = re.compile(r"(patient\d+)_(study\d+)_(view\d+_\w+)")


def evidence(source: Path) -> str:
    """The file of masks."""
    path = find_file(source, *_NAMES)
    return path.name if path else ""


def read_placed(source: Path, *, images: Path) -> tuple[PlacedPhrase, ...]:
    """Read the masks; the phrase is the name of the finding in small letters.

    Args:
        source: The json, or the folder that holds it.
        images: Folder of CheXpert, e.g. the one that holds `patient64541/study1/`.

    Raises:
        DataSetError: There is no such file, it has another schema, or images are missing.
    """
    path = find_file(source, *_NAMES)
    if path is None:
        raise DataSetError(f"{source.name!r} must be or hold {_NAMES[0]}, it does not.")
    data = load_json(path)
    needed = "a mask (size, counts) a finding a film, e.g. patient64541_study1_view1_frontal"
    if not isinstance(data, dict) or not all(isinstance(v, dict) for v in data.values()):
        raise other_schema(path, needed)
    split = "val" if path.stem.endswith("val") else "test"
    files = ImageFiles(images, remedy="Give the folder of CheXpert that holds its patients.")
    found = []
    for name, masks in data.items():
        parts = _ID.fullmatch(name)
        if parts is None:
            raise other_schema(path, needed)
        patient, study, view = parts.groups()
        image = files.find(f"{patient}/{study}/{view}.jpg")
        for finding, entry in masks.items():
            try:
                runs = runs_of(entry)
            except (KeyError, TypeError, ValueError) as error:
                raise DataSetError(
                    f"The mask of {finding!r} on {name!r} in {path.name!r} cannot be read: {error}"
                ) from error
            if image is not None:
                found.append(
                    PlacedPhrase(
                        image=image,
                        image_shape=runs.shape,
                        phrase=finding.lower(),
                        finding=finding,
                        patient=patient,
                        split=split,
                        mask=None if runs.empty else runs,
                        present=not runs.empty,
                        study=f"{patient}/{study}",
                    )
                )
    files.check(of=path.name)
    return tuple(found)
