"""The engine of our own checkpoints: what it embeds, in which precision, from many threads."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from explorer.adapters import Engine, open_checkpoint
from explorer.adapters._engine import MAX_PHRASE_CHARACTERS
from explorer.adapters._shelf import read_card
from explorer.adapters.local_alignment import image_check_of
from explorer.encoders.preprocessing import standardise
from explorer.encoders.text import tokenize
from explorer.entities import ModelFrame
from explorer.errors import PhraseError
from explorer.training.checkpoint import write_checkpoint
from explorer.training.config import TrainingConfig

from .. import tiny_model  # noqa: TID252 - "tests" may be another package elsewhere

SIDE = tiny_model.SIDE
FRAME = ModelFrame((SIDE, SIDE), (SIDE, SIDE), (8, 8), 1.0, 1.0, 0.0, 0.0)
SHELF = Path(__file__).parents[2] / "assets" / "checkpoints"
NO_CALIBRATION = {"threshold": 0.4}
PHRASES = ("left lung mass", "no pleural effusion", "cardiomegaly")


@pytest.fixture(scope="module")
def engine(tiny_checkpoint: Path) -> Engine:
    return open_checkpoint(tiny_checkpoint, device="cpu", precision="float32")


def test_a_saved_model_embeds_as_before(engine: Engine) -> None:
    model = tiny_model.model()
    pixels = tiny_model.pixels()
    with torch.inference_mode():
        patches, _ = model.encode_image(torch.from_numpy(standardise(pixels))[None, None])
        text = model.encode_text(*tokenize(tiny_model.tokenizer(), PHRASES))
    found = engine.embed_image(pixels, frame=FRAME)
    np.testing.assert_allclose(found.grid.values, patches[0].numpy(), atol=1e-3)
    np.testing.assert_allclose(engine.embed_text(PHRASES), text.numpy(), atol=1e-5)
    assert engine.scoring is not None
    assert engine.scoring.scale == pytest.approx(model.log_scale.exp().item(), rel=1e-3)
    assert engine.scoring.bias == pytest.approx(model.bias.item(), rel=1e-3)


def test_vectors_have_unit_norm_and_the_shapes_of_the_card(engine: Engine) -> None:
    found = engine.embed_image(tiny_model.pixels(), frame=FRAME)
    text = engine.embed_text(PHRASES)
    assert found.grid.values.shape == (8, 8, 12)
    assert found.grid.values.dtype == text.dtype == np.float32
    assert text.shape == (3, 12)
    np.testing.assert_allclose(np.linalg.norm(found.grid.values, axis=-1), 1, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(text, axis=-1), 1, atol=1e-5)
    assert found.space_id == engine.space_id
    assert sum(found.check.scores.values()) == pytest.approx(1, abs=1e-5)


@pytest.fixture(scope="module")
def mirror_engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    folder = tmp_path_factory.mktemp("mirror") / "tiny"
    write_checkpoint(
        folder,
        tiny_model.model(mirror=True),
        tiny_model.tokenizer(),
        config=TrainingConfig(name="tiny", title="Tiny model that looks twice"),
        card={"licence": "Apache-2.0", "training_data": "none", "calibration": NO_CALIBRATION},
    )
    return open_checkpoint(folder, device="cpu", precision="float32")


def cosines(engine: Engine, pixels: np.ndarray, phrase: str) -> np.ndarray:
    grid = engine.embed_image(np.ascontiguousarray(pixels), frame=FRAME).grid.values
    return grid @ engine.embed_text([phrase])[0]


def test_a_mirrored_image_with_the_swapped_phrase_gives_the_mirrored_map(
    mirror_engine: Engine,
) -> None:
    pixels = tiny_model.pixels()
    own = cosines(mirror_engine, pixels, "left lung mass")
    other = cosines(mirror_engine, pixels[:, ::-1], "right lung mass")
    np.testing.assert_allclose(other[:, ::-1], own, atol=1e-5)


def test_looking_twice_is_the_mean_of_two_looks(engine: Engine, mirror_engine: Engine) -> None:
    pixels = tiny_model.pixels()
    own = cosines(engine, pixels, "left lung mass")
    turned = cosines(engine, pixels[:, ::-1], "right lung mass")[:, ::-1]
    both = cosines(mirror_engine, pixels, "left lung mass")
    np.testing.assert_allclose(both, (own + turned) / 2, atol=1e-4)
    text = mirror_engine.embed_text(["mass", "left lung mass"])
    assert text.shape == (2, 24)
    assert mirror_engine.card.dimension == 24
    np.testing.assert_allclose(np.linalg.norm(text, axis=1), 1, atol=1e-5)


def cosines_between_precisions(folder: Path, *, pixels: np.ndarray) -> tuple[float, float]:
    """Cosine of float32 with bfloat16 embeddings: mean over patches, and the worst phrase."""
    full = open_checkpoint(folder, device="cpu", precision="float32")
    half = open_checkpoint(folder, device="cpu", precision="bfloat16")
    assert (full.precision, half.precision) == ("float32", "bfloat16")
    size = full.card.input_size
    frame = ModelFrame(size, size, full.card.grid_size, 1.0, 1.0, 0.0, 0.0)
    grids = [e.embed_image(pixels, frame=frame).grid.values for e in (full, half)]
    rows = [e.embed_text(PHRASES) for e in (full, half)]
    return float((grids[0] * grids[1]).sum(-1).mean()), float((rows[0] * rows[1]).sum(-1).min())


def test_bfloat16_agrees_with_float32(tiny_checkpoint: Path) -> None:
    """Forty-eight untrained layers amplify rounding; a trained tower agrees better, see below."""
    patches, phrases = cosines_between_precisions(tiny_checkpoint, pixels=tiny_model.pixels())
    assert patches > 0.97
    assert phrases > 0.99


@pytest.mark.slow
def test_bfloat16_agrees_with_float32_in_bundled_checkpoints() -> None:
    folders = [card.parent for card in SHELF.glob("*/card.json")]
    if not folders:
        pytest.skip("no checkpoint is bundled")
    for folder in folders:
        size = read_card(folder).input_size
        pixels = cv2.resize(tiny_model.pixels(), size, interpolation=cv2.INTER_LINEAR)
        patches, phrases = cosines_between_precisions(folder, pixels=pixels)
        assert patches > 0.99
        assert phrases > 0.99


def test_padding_is_told_by_nan_and_has_no_say(engine: Engine) -> None:
    pixels = tiny_model.pixels()
    pixels[:, :16] = np.nan
    found = engine.embed_image(pixels, frame=FRAME).grid.values
    assert np.isfinite(found).all()
    inside = ~np.isnan(pixels)
    model = tiny_model.model()
    with torch.inference_mode():
        wanted = standardise(np.nan_to_num(pixels, nan=7.0), inside)
        patches, _ = model.encode_image(torch.from_numpy(wanted)[None, None])
    np.testing.assert_allclose(found, patches[0].numpy(), atol=1e-3)


def test_an_image_that_is_all_padding_or_constant_stays_finite(engine: Engine) -> None:
    for value in (np.nan, 0.0, 1.0):
        pixels = np.full((SIDE, SIDE), value, np.float32)
        found = engine.embed_image(pixels, frame=FRAME)
        assert np.isfinite(found.grid.values).all()


def test_phrases_do_not_depend_on_their_neighbours(engine: Engine) -> None:
    together = engine.embed_text(["mass", "there is no evidence of pleural effusion in the lung"])
    np.testing.assert_allclose(engine.embed_text(["mass"]), together[:1], atol=1e-5)


def test_no_phrases_give_no_rows(engine: Engine) -> None:
    assert engine.embed_text([]).shape == (0, 12)


@pytest.mark.parametrize("phrase", ["", "  \n "])
def test_an_empty_phrase_is_refused(engine: Engine, phrase: str) -> None:
    with pytest.raises(PhraseError, match="needs at least one word"):
        engine.embed_text(["mass", phrase])


def test_a_phrase_of_3000_characters_is_refused_with_the_limit(engine: Engine) -> None:
    with pytest.raises(PhraseError, match=f"{MAX_PHRASE_CHARACTERS} characters, got 3000"):
        engine.embed_text(["mass " * 600])


@pytest.mark.parametrize(
    "phrase",
    ["\N{GRINNING FACE}", "<b>mass</b>", "...", "\u0441\u043b\u043e\u0432\u043e", "x" * 2000],
)
def test_odd_phrases_still_get_a_unit_vector(engine: Engine, phrase: str) -> None:
    assert np.linalg.norm(engine.embed_text([phrase])) == pytest.approx(1, abs=1e-5)


def test_eight_threads_at_once_get_the_same_result(engine: Engine) -> None:
    pictures = [tiny_model.pixels(seed=i % 2) for i in range(8)]
    texts = [[PHRASES[i % 3], PHRASES[(i + 1) % 3]] for i in range(8)]
    alone = [engine.embed_image(p, frame=FRAME).grid.values for p in pictures]
    alone_text = [engine.embed_text(t) for t in texts]
    with ThreadPoolExecutor(8) as pool:
        grids = pool.map(lambda p: engine.embed_image(p, frame=FRAME).grid.values, pictures)
        rows = pool.map(engine.embed_text, texts)
        for found, expected in zip(grids, alone, strict=True):
            np.testing.assert_allclose(found, expected, atol=1e-5)
        for found, expected in zip(rows, alone_text, strict=True):
            np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_batch_of_images_gives_what_each_gives_alone(mirror_engine: Engine) -> None:
    pictures = [tiny_model.pixels(seed=seed) for seed in range(3)]
    together = mirror_engine.embed_images(pictures, frames=[FRAME] * 3)
    for picture, found in zip(pictures, together, strict=True):
        alone = mirror_engine.embed_image(picture, frame=FRAME)
        np.testing.assert_allclose(found.grid.values, alone.grid.values, atol=1e-5)
        assert found.check.scores == pytest.approx(alone.check.scores, abs=1e-5)
    assert mirror_engine.embed_images([], frames=[]) == ()


@pytest.mark.parametrize(
    ("best", "verdict", "refuse"),
    [
        (0, "frontal", False),
        (1, "lateral", False),
        (4, "upside down", False),
        (5, "inverted", False),
        (6, "not a chest radiograph", True),
    ],
)
def test_the_image_check_warns_of_turned_films_and_refuses_other_pictures(
    best: int, verdict: str, refuse: bool
) -> None:
    probabilities = np.full(7, 0.015, np.float32)
    probabilities[best] = 0.9
    check = image_check_of(probabilities)
    assert (check.verdict, check.refuse) == (verdict, refuse)
    assert bool(check.message) == (verdict != "frontal")
