"""What every checkpoint family must hold to, on a tiny folder in its own layout.

A family gets these tests by having a maker: `tests/adapters/makers/<family>.py` with
`make(folder)`, which writes a whole folder with random weights, card.json included.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor

from explorer.adapters import DualEngine, Engine, open_checkpoint
from explorer.encoders.files import sha256_of
from explorer.entities import Float32, ImageEmbeddings
from explorer.errors import CheckpointError, PhraseError
from explorer.grounding.geometry import to_image
from explorer.grounding.image_attribution import attribute_image
from explorer.pipeline import maps_of, word_shares

PHRASES = ("left lung mass", "no pleural effusion", "cardiomegaly")
SHAPES = ((90, 70), (64, 160), (120, 120))  # tall, wide, square originals
HALVES = 6  # films over which the change of a half is averaged
State = dict[str, Tensor]
Float64 = NDArray[np.float64]


def open_tiny(folder: Path) -> Engine:
    """Open as the battery does: one device, full precision."""
    return open_checkpoint(folder, device="cpu", precision="float32")


def film(shape: tuple[int, int], *, seed: int = 0) -> Float32:
    """Smooth noise (H, W) in [.2, .7], a black and a white pixel in its middle.

    They keep the range the same for families that stretch it.
    """
    coarse = np.random.default_rng(seed).uniform(0.2, 0.7, (9, 8)).astype(np.float32)
    grown = cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_LINEAR)
    pixels = np.asarray(grown, dtype=np.float32)
    row, column = shape[0] // 2, shape[1] // 2
    pixels[row, column : column + 2] = 0.0, 1.0
    return pixels


def encode(engine: Engine, images: Sequence[Float32]) -> tuple[ImageEmbeddings, ...]:
    """Place images in their frames and encode them in one batch."""
    frames = [engine.frame_of(*pixels.shape) for pixels in images]
    inputs = [engine.model_input(p, frame=f) for p, f in zip(images, frames, strict=True)]
    return engine.embed_images(inputs, frames=frames)


# --- shapes, norms, determinism ------------------------------------------------------------------


def check_shapes_and_norms(engine: Engine) -> None:
    """Grids, vectors and maps have the shapes of the card and unit rows."""
    card = engine.card
    assert card.sha256 in engine.space_id
    for shape in SHAPES:
        frame = engine.frame_of(*shape)
        assert frame.image_shape == shape
        if not engine.grid_varies or shape[0] == shape[1]:
            assert (frame.input_shape, frame.grid_shape) == (card.input_size, card.grid_size)
        (found,) = encode(engine, [film(shape)])
        assert found.grid.values.shape == (*frame.grid_shape, card.dimension)
        assert found.grid.values.dtype == np.float32
        assert_allclose(np.linalg.norm(found.grid.values, axis=-1), 1, atol=1e-4)
        assert found.space_id == engine.space_id
        if found.lengths is not None:
            assert found.lengths.shape == frame.grid_shape
            assert (found.lengths > 0).all()
        if found.whole is not None:
            assert_allclose(np.linalg.norm(found.whole), 1, atol=1e-4)


def check_network_input(engine: Engine) -> None:
    """What the network sees is finite, padding too, and a batch of images."""
    pixels = film((64, 160))
    frame = engine.frame_of(*pixels.shape)
    inside = engine.model_input(pixels, frame=frame)
    assert inside.shape == frame.input_shape
    seen = engine.network_input([inside, np.full_like(inside, np.nan)])
    assert seen.shape[0] == 2
    assert seen.shape[2:] == frame.input_shape
    assert np.isfinite(seen).all()


def check_explanations(engine: Engine) -> None:
    """Captum reaches the last stage of the image tower and the words, or it is said why not."""
    pixels = film((120, 120))
    (found,) = encode(engine, [pixels])
    image = engine.model_input(pixels, frame=engine.frame_of(*pixels.shape))
    maps = maps_of(engine, found, PHRASES[:1])
    assert isinstance(engine, DualEngine)
    if not engine.lets_gradients_through:
        assert engine.card.family in ("gloria", "openvino")
        with pytest.raises(CheckpointError, match=r"Leave words out one by one"):
            word_shares(engine, found, maps[0], way="integrated gradients")
        return
    vector = engine.embed_text(PHRASES[:1])[0]
    cam = attribute_image(engine, image, vector, way="layer Grad-CAM")
    free_shape = engine.card.family == "siglip_naflex"  # tokens of a grid that follows the film
    assert f"of the {'patches' if free_shape else 'last stage'}" in cam.unit
    assert (cam.values >= 0).all()
    words = word_shares(engine, found, maps[0], way="integrated gradients")
    assert [word for word, _ in words.words] == PHRASES[0].split()
    values = [value for _, value in words.words]
    assert all(values)
    assert words.delta is not None
    assert words.change is not None
    assert sum(values) - words.delta == pytest.approx(words.change, abs=1e-5)


def check_text(engine: Engine) -> None:
    """Phrases have unit vectors and maps, or the family says why it has none."""
    (found,) = encode(engine, [film((120, 120))])
    if not engine.reads_text:
        for ask in (engine.embed_text, lambda p: engine.similarity(found, p)):
            with pytest.raises(PhraseError, match="learned from images alone"):
                ask(PHRASES)
        return
    rows = engine.embed_text(PHRASES)
    assert rows.shape == (len(PHRASES), engine.card.dimension)
    assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-4)
    assert_allclose(engine.embed_text(PHRASES[1:2]), rows[1:2], atol=1e-4)
    assert engine.embed_text([]).shape == (0, engine.card.dimension)
    similarity = engine.similarity(found, PHRASES)
    assert similarity.shape == (len(PHRASES), *engine.card.grid_size)
    assert np.abs(similarity).max() <= 1
    assert np.ptp(similarity) > 0
    assert_allclose(engine.similarity(found, PHRASES[::-1])[::-1], similarity, atol=1e-4)
    for phrase in ("", " \n "):
        with pytest.raises(PhraseError, match="at least one word"):
            engine.embed_text([phrase])
    with pytest.raises(PhraseError, match="may have 2000 characters"):
        engine.embed_text(["mass " * 600])


def check_determinism_and_batches(engine: Engine, folder: Path) -> None:
    """Twice is the same, alone is the same as in a batch, opened again is the same."""
    images = [film(shape, seed=i) for i, shape in enumerate(SHAPES)]
    together, again = encode(engine, images), encode(engine, images)
    reopened = encode(open_tiny(folder), images)
    for i, pixels in enumerate(images):
        (alone,) = encode(engine, [pixels])
        values = together[i].grid.values
        assert (again[i].grid.values == values).all()
        assert (reopened[i].grid.values == values).all()
        assert_allclose(alone.grid.values, values, atol=1e-4)
    assert encode(engine, []) == ()
    if engine.reads_text:
        assert (engine.embed_text(PHRASES) == engine.embed_text(PHRASES)).all()


def check_last_stage(engine: Engine) -> None:
    """The stage that Grad-CAM weighs runs for a film and gives maps, or tokens of its grid."""
    stage = getattr(engine, "last_stage", lambda: None)()
    if stage is None:
        return
    seen: list[Tensor] = []
    hook = stage.layer.register_forward_hook(lambda _, __, out: seen.append(out))
    encode(engine, [film((120, 120))])
    hook.remove()
    assert seen
    assert seen[0].ndim == (4 if stage.grid is None else 3)
    if stage.grid is not None:
        assert seen[0].shape[1] >= stage.grid[0] * stage.grid[1]


# --- frames --------------------------------------------------------------------------------------


def check_frame_round_trip(engine: Engine) -> None:
    """A bright blob of the original lies in the model input where the frame says."""
    for shape in SHAPES:
        frame = engine.frame_of(*shape)
        one_input_pixel = max(1 / frame.scale_x, 1 / frame.scale_y)
        middle, step = np.array(shape) / 2, min(shape) * 0.22  # inside every crop
        for sign in ((-1, -1), (-1, 1), (1, -1), (1, 1)):
            row, column = (int(v) for v in middle + step * np.array(sign))
            plain = film(shape)
            spotted = plain.copy()
            spotted[row - 3 : row + 4, column - 3 : column + 4] = 1.0
            inputs = [engine.model_input(p, frame=frame) for p in (plain, spotted)]
            change = np.nan_to_num(np.abs(inputs[1] - inputs[0]))
            place = np.argwhere(change > 0.5 * change.max()).mean(0)[::-1] + 0.5
            error = np.abs(to_image(place, frame) - (column + 0.5, row + 0.5)).max()
            assert error <= 1 + one_input_pixel


def check_grid_orientation(engine: Engine) -> None:
    """Where a half of a film changes, the patches of that half move most: no flip, no transpose."""
    for axis, along in ((1, np.array([1.0, 0.0])), (0, np.array([0.0, 1.0]))):
        moved = _half(engine, axis, last=True) - _half(engine, axis, last=False)
        # An untrained network smears a change over its field of view, on average evenly.
        assert moved @ along > 0.05
        assert moved @ along > 1.3 * abs(moved @ along[::-1])


def _half(engine: Engine, axis: int, *, last: bool) -> Float64:
    """Mean place (x, y) in the grid of what moves when half of a square film is another film."""
    shape = SHAPES[-1]
    frame = engine.frame_of(*shape)
    images = []
    for seed in range(HALVES):
        plain, other = film(shape, seed=seed), film(shape, seed=100 + seed)
        cut = np.arange(shape[axis]) >= shape[axis] // 2
        mixed = np.where((cut == last)[:, None] if axis == 0 else cut == last, other, plain)
        images += [engine.model_input(p, frame=frame) for p in (plain, mixed)]
    found = engine.embed_images(images, frames=[frame] * len(images))
    weight = sum(_moved(*found[i : i + 2]) for i in range(0, len(found), 2))
    y, x = np.mgrid[: frame.grid_shape[0], : frame.grid_shape[1]] + 0.5
    return np.array([(weight * x).sum(), (weight * y).sum()]) / np.sum(weight)


def _moved(before: ImageEmbeddings, after: ImageEmbeddings) -> Float64:
    """(h, w) how far each patch moved, with its own length where the family gives it."""
    rows = [e.grid.values if e.lengths is None else e.grid.values * e.lengths[..., None]
            for e in (before, after)]  # fmt: skip
    moved: Float64 = np.linalg.norm((rows[1] - rows[0]).astype(np.float64), axis=-1)
    return moved / moved.max()


# --- strictness ----------------------------------------------------------------------------------


def sign(folder: Path, **entries: object) -> None:
    """Make the card agree with the files again, as a careful attacker would."""
    path = folder / "card.json"
    card = json.loads(path.read_text(encoding="utf-8")) | entries
    card["files"] = {name: sha256_of(folder / name) for name in card["files"]}
    path.write_text(json.dumps(card), encoding="utf-8")


def weights_of(folder: Path) -> list[str]:
    """Names of the weights files."""
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    return list(card.get("weights", ["model.safetensors"]))


def tensors_of(folder: Path) -> list[str]:
    """Names of the weights files that hold named tensors; graphs (.xml beside .bin) hold none."""
    names = weights_of(folder)
    return [name for name in names if f"{Path(name).stem}.xml" not in names]


def change_weights(folder: Path, name: str, change: Callable[[State], State]) -> None:
    """Rewrite a weights file and sign the folder."""
    path = folder / name
    if path.suffix == ".safetensors":
        save_file(change(load_file(path)), path, metadata={"format": "pt"})
    else:
        torch.save(change(torch.load(path, weights_only=True)), path)
    sign(folder)


def refusal(folder: Path) -> str:
    """What opening the folder says."""
    with pytest.raises(CheckpointError) as raised:
        open_tiny(folder)
    return str(raised.value)


def check_missing_keys(folder: Path, name: str) -> None:
    """Missing tensors are counted and the first five of them named."""
    taken: list[str] = []

    def take(state: State) -> State:
        keys = [k for k, v in state.items() if k.endswith(".weight") and v.numel() > 1]
        taken.extend(keys[-8:-1] or keys)
        return {k: v for k, v in state.items() if k not in taken}

    change_weights(folder, name, take)
    message = refusal(folder)
    assert folder.name in message
    assert f"{len(taken)} missing: " in message
    named = [key for key in taken if _end(key) in message]
    assert len(named) >= min(5, len(taken))
    assert ("…" in message) == (len(taken) > 5)


def check_extra_keys(folder: Path, name: str) -> None:
    """A tensor that nobody asked for is named."""
    change_weights(folder, name, lambda state: state | {"surprise.weight": torch.zeros(3)})
    assert "1 extra: " in (message := refusal(folder))
    assert "surprise.weight" in message


def check_other_shapes(folder: Path, name: str) -> None:
    """A tensor of another shape is named with both shapes."""
    key = ""

    def widen(state: State) -> State:
        nonlocal key
        key = [k for k, v in state.items() if k.endswith(".weight") and v.ndim > 1][-1]
        return state | {key: torch.zeros(*state[key].shape, 2)}

    change_weights(folder, name, widen)
    message = refusal(folder)
    assert "1 of another shape: " in message
    assert _end(key) in message


def check_damage(folder: Path, name: str) -> None:
    """A truncated file fails its hash; where the card was signed again it still opens nothing."""
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[: len(data) // 2])
    assert "damaged or swapped" in refusal(folder)
    sign(folder)
    assert folder.name in refusal(folder)


def check_licence(folder: Path) -> None:
    """A licence that forbids some use is shown and must be accepted."""
    sign(folder, licence="CC-BY-NC-4.0")
    message = refusal(folder)
    assert "No commercial use" in message
    assert f"explorer checkpoints accept {folder.name}" in message
    sign(folder, licence="CC-BY-NC-4.0", licence_accepted=True)
    assert open_tiny(folder).card.restricted


def _end(key: str) -> str:
    """The last parts of a name: a family may read a file under another prefix."""
    return ".".join(key.split(".")[-2:])
