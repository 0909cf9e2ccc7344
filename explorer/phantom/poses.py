"""A bank of projected poses on disk: made once from the CT, resumed after an interruption."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from explorer.entities import Float32
from explorer.errors import DataSetError
from explorer.phantom.anatomy import LOBES, Anatomy, build_anatomy
from explorer.phantom.habitus import complete_body
from explorer.phantom.projection import ProjectedView, project, random_pose
from explorer.phantom.source import LabelledCt, cache_folder, load_ct, locate_ct
from explorer.phantom.textures import blur

BANK_VERSION = 1
_SHARPENED = (*LOBES, "ribs", "shoulder", "spine", "vessels", "airway")
_LATERAL_EVERY = 9  # One pose in nine is a lateral.


@dataclass(frozen=True, slots=True)
class StoredPose:
    """One projected pose: what `projection.Projection` holds, with the body completed."""

    layers: dict[str, Float32]
    landmarks: dict[str, Float32]
    pixel_mm: float
    view: ProjectedView


@dataclass(frozen=True, slots=True)
class PoseBank:
    """Poses of one seed in a folder; `count` of them, frontal and lateral mixed."""

    folder: Path
    seed: int
    count: int

    def path(self, index: int) -> Path:
        """File of a pose."""
        return self.folder / f"pose-{index:05d}.npz"

    def indices(self, *, lateral: bool) -> list[int]:
        """Poses that are lateral, or those that are not."""
        return [i for i in range(self.count) if (i % _LATERAL_EVERY == 8) == lateral]

    def load(self, index: int) -> StoredPose:
        """Read one pose; float16 on disk, float32 in memory."""
        path = self.path(index)
        if not path.is_file():
            raise DataSetError(
                f"Pose {index} is missing from the pose bank in {self.folder.name}. "
                "Build the bank again; poses that are there are kept."
            )
        with np.load(path) as stored:
            meta = json.loads(str(stored["meta"]))
            stack = stored["layers"].astype(np.float32)
            landmarks = {name: stored[f"mark_{name}"] for name in meta["landmarks"]}
        return StoredPose(
            layers=dict(zip(meta["layers"], stack, strict=True)),
            landmarks=landmarks,
            pixel_mm=float(meta["pixel_mm"]),
            view=meta["view"],
        )

    def slices(self) -> NDArray[np.uint8]:
        """(N, 256, 256) axial, coronal and sagittal CT pictures: not radiographs."""
        with np.load(self.folder / "ct-slices.npz") as stored:
            return np.asarray(stored["slices"])


def pose_of(
    index: int, *, seed: int, anatomy: Anatomy, pixel_mm: float = 0.95, refine: int = 1
) -> StoredPose:
    """Project pose `index` of a bank; the same numbers give the same pose at any pixel size."""
    rng = np.random.default_rng([seed, index, BANK_VERSION])
    lateral = index % _LATERAL_EVERY == 8
    view: ProjectedView = "lateral" if lateral else ("PA" if rng.random() < 0.58 else "AP")
    projection = project(anatomy, random_pose(rng, view=view), pixel_mm=pixel_mm, refine=refine)
    layers = complete_body(projection, rng)
    for name in _SHARPENED:
        layers[name] = _sharpen(layers[name], sigma=1.3 / projection.pixel_mm)
    # As a bank stores it, so that a fresh pose and a stored one give the same bytes.
    layers = {name: v.astype(np.float16).astype(np.float32) for name, v in layers.items()}
    return StoredPose(
        layers=layers,
        landmarks=dict(projection.landmarks),
        pixel_mm=projection.pixel_mm,
        view=view,
    )


def _sharpen(layer: Float32, *, sigma: float) -> Float32:
    """Undo some of the blur that 2.5 mm slices and resampling leave."""
    return np.clip(layer + 1.2 * (layer - blur(layer, sigma)), 0, None).astype(np.float32)


def open_bank(
    folder: Path | None = None,
    *,
    count: int = 144,
    seed: int = 1,
    ct_place: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> PoseBank:
    """Open a bank and project what is missing in it (about 1.5 s a pose on one core).

    Args:
        folder: Where the bank lives; None = the user's cache folder.
        count: Poses; more poses are more patients.
        seed: Names the bank together with `count`.
        ct_place: See `source.locate_ct`; only read when poses are missing.
        progress: Called with (done, count) after each pose.
    """
    folder = folder or cache_folder() / f"poses-v{BANK_VERSION}-{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    bank = PoseBank(folder=folder, seed=seed, count=count)
    missing = [i for i in range(count) if not bank.path(i).is_file()]
    if missing or not (folder / "ct-slices.npz").is_file():
        ct = load_ct(locate_ct(ct_place))
        _write_slices(ct, folder / "ct-slices.npz")
        anatomy = build_anatomy(ct)
        for done, index in enumerate(missing, start=count - len(missing) + 1):
            _write_pose(bank.path(index), pose_of(index, seed=seed, anatomy=anatomy))
            if progress is not None:
                progress(done, count)
    return bank


def _write_pose(path: Path, pose: StoredPose) -> None:
    names = list(pose.layers)
    meta = {
        "layers": names,
        "landmarks": list(pose.landmarks),
        "pixel_mm": pose.pixel_mm,
        "view": pose.view,
    }
    arrays = {f"mark_{name}": line for name, line in pose.landmarks.items()}
    partial = path.with_suffix(".part")
    with partial.open("wb") as file:
        np.savez(
            file,
            allow_pickle=False,
            meta=np.array(json.dumps(meta)),
            layers=np.stack([pose.layers[n] for n in names]).astype(np.float16),
            **arrays,
        )
    partial.replace(path)  # A killed run leaves no half-written pose behind.


def _write_slices(ct: LabelledCt, path: Path) -> None:
    """Pictures of the CT in lung and soft windows, along all three axes."""
    import cv2

    volume = ct.hounsfield
    pictures = []
    for low, high in ((-160, 240), (-1350, 150), (-1000, 400)):
        shown = np.clip((volume.astype(np.float32) - low) / (high - low), 0, 1) * 255
        views = [shown[:, ::-1, k].T for k in range(8, volume.shape[2], 6)]
        for axis, count in ((1, 12), (0, 12)):
            places = np.linspace(0.3, 0.75, count) * volume.shape[axis]
            views += [np.take(shown, int(p), axis=axis).T[::-1] for p in places]
        pictures += [cv2.resize(v.astype(np.uint8), (256, 256)) for v in views]
    np.savez_compressed(path, slices=np.stack(pictures))
