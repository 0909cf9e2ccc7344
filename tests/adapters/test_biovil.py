"""BioViL and BioViL-T against the steps of the published pipeline, each written out here."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from PIL import Image
from safetensors.torch import load_file
from scipy.ndimage import gaussian_filter
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional

from explorer.adapters import Engine
from explorer.adapters._biovil import PUBLISHED, ImageModel, PairModel
from explorer.entities import Float32
from explorer.errors import CheckpointError, PhraseError
from explorer.grounding.hi_ml import published_map

from . import battery
from .makers import biovil, biovil_t

RESIZE, CROP = 220, 192  # of the tiny folders, as 512 and 480 of the published ones
PHRASE = "left lung mass"


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("biovil") / "single"
    folder.mkdir()
    biovil.make(folder)
    return folder


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("biovil") / "pair"
    folder.mkdir()
    biovil_t.make(folder)
    return folder


@pytest.fixture(scope="module")
def engine(single: Path) -> Engine:
    return battery.open_tiny(single)


@pytest.fixture(scope="module")
def pair_engine(pair: Path) -> Engine:
    return battery.open_tiny(pair)


def levels(shape: tuple[int, int]) -> np.ndarray:
    """An 8-bit film (H, W) that does not use its whole range."""
    return (battery.film(shape) * 200 + 20).astype(np.uint8)


def as_pixels(film: np.ndarray) -> Float32:
    return (film / 255).astype(np.float32)


# --- the published steps, in the words of the code's own order ------------------------------------


def published_tensor(film: np.ndarray) -> torch.Tensor:
    values = film.astype(float)
    values -= values.min()
    values /= values.max()
    image = Image.fromarray((values * 255).astype(np.uint8)).convert("L")
    width, height = image.size
    if width < height:
        size = RESIZE, int(RESIZE * height / width)
    else:
        size = int(RESIZE * width / height), RESIZE
    image = image.resize(size, Image.Resampling.BILINEAR)
    top = round((image.size[1] - CROP) / 2.0)
    left = round((image.size[0] - CROP) / 2.0)
    image = image.crop((left, top, left + CROP, top + CROP))
    tensor = torch.from_numpy(np.array(image, dtype=np.float32)) / 255
    return tensor.expand(1, 3, CROP, CROP)


def published_text(folder: Path, phrase: str) -> torch.Tensor:
    from transformers import BertConfig, BertForMaskedLM

    entries = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    entries = {k: v for k, v in entries.items() if k not in ("model_type", "auto_map")}
    state = load_file(folder / "model.safetensors")
    bert = BertForMaskedLM(BertConfig(**entries)).eval()
    bert.load_state_dict({k: v for k, v in state.items() if k.startswith("bert.")}, strict=False)
    ids = Tokenizer.from_file(str(folder / "tokenizer.json")).encode(phrase.rstrip("!?.")).ids
    hidden = bert(torch.tensor([ids]), output_hidden_states=True).hidden_states[-1][:, 0]
    head = {k.removeprefix("cls_projection_head."): v for k, v in state.items()}
    inner = hidden @ head["dense_to_hidden.weight"].T + head["dense_to_hidden.bias"]
    inner = 0.5 * inner * (1 + torch.erf(inner / math.sqrt(2)))
    inner = functional.layer_norm(
        inner, inner.shape[-1:], head["LayerNorm.weight"], head["LayerNorm.bias"], 1e-12
    )
    return inner @ head["dense_to_output.weight"].T + head["dense_to_output.bias"]


def published_grid(folder: Path, film: np.ndarray) -> torch.Tensor:
    """Projected patches (h, w, D) before any norm."""
    state = load_file(folder / "image_model.safetensors")
    model = ImageModel(biovil.SMALL).eval()
    model.load_state_dict({k: v for k, v in state.items() if ".fc." not in k})
    features = model.encoder.encoder(published_tensor(film))
    p = {k.removeprefix("projector.model."): v for k, v in state.items()}
    inner = functional.conv2d(features, p["0.weight"])
    stats = (p["1.running_mean"], p["1.running_var"], p["1.weight"], p["1.bias"])
    inner = functional.batch_norm(inner, *stats).relu()
    return functional.conv2d(inner, p["3.weight"], p["3.bias"])[0].permute(1, 2, 0)


def published_similarity(folder: Path, film: np.ndarray, mode: str) -> np.ndarray:
    patches = functional.normalize(published_grid(folder, film), dim=-1)
    text = functional.normalize(published_text(folder, PHRASE), dim=1)
    similarity = (patches @ text[0]).detach().numpy()
    smoothed = torch.tensor(gaussian_filter(similarity, sigma=(1.5, 1.5), order=0))[None, None]
    height, width = film.shape
    side = int(CROP * min(height, width) / RESIZE)
    align = None if mode == "nearest" else False
    spread = functional.interpolate(smoothed, size=(side, side), mode=mode, align_corners=align)
    x, y = width - side, height - side
    margins = (math.floor(x / 2), math.ceil(x / 2), math.floor(y / 2), math.ceil(y / 2))
    return functional.pad(spread[0, 0], margins, value=float("nan")).numpy()


# --- equality -------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(301, 254), (240, 411), (220, 223)])
def test_the_network_sees_what_the_published_code_shows_it(
    engine: Engine, shape: tuple[int, int]
) -> None:
    film = levels(shape)
    inside = engine.model_input(as_pixels(film), frame=engine.frame_of(*shape))
    assert_allclose(engine.network_input([inside])[0], published_tensor(film)[0], atol=1e-7)


@pytest.mark.parametrize(("mode", "ours"), [("nearest", "nearest"), ("bilinear", "linear")])
@pytest.mark.parametrize("shape", [(301, 254), (240, 411)])
def test_a_map_equals_that_of_the_published_pipeline(
    engine: Engine, single: Path, shape: tuple[int, int], mode: str, ours
) -> None:
    film = levels(shape)
    (found,) = battery.encode(engine, [as_pixels(film)])
    (cosine,) = engine.similarity(found, [PHRASE])
    image = published_map(cosine, shape, resize=RESIZE, crop=CROP, interpolation=ours)
    expected = published_similarity(single, film, mode)
    assert_allclose(image, expected, atol=1e-5, equal_nan=True)
    assert np.isnan(expected).any()
    assert np.nanstd(expected) > 1e-3


def test_the_image_as_a_whole_is_the_mean_before_the_norm(engine: Engine, single: Path) -> None:
    film = levels((240, 240))
    (found,) = battery.encode(engine, [as_pixels(film)])
    expected = functional.normalize(published_grid(single, film).mean((0, 1)), dim=0)
    assert found.whole is not None
    assert_allclose(found.whole, expected.detach(), atol=1e-5)
    mean = found.grid.values.mean((0, 1))
    assert abs(found.whole - mean / np.linalg.norm(mean)).max() > 1e-3


def test_512_then_480_has_the_exact_scale_and_offset() -> None:
    from explorer.adapters._preprocessing import Preprocessing

    steps = Preprocessing((480, 480), "shorter side", "bilinear", 512, nearest_half=True)
    frame = steps.frame(2048, 2500, grid_shape=(15, 15))
    assert (frame.scale_x, frame.scale_y) == (625 / 2500, 0.25)
    assert (frame.offset_x, frame.offset_y) == (-72, -16)  # 72.5 is halved to the even neighbour


# --- two films ------------------------------------------------------------------------------------


def test_without_a_previous_film_change_is_a_learned_vector(
    pair_engine: Engine, pair: Path
) -> None:
    state = load_file(pair / "image_model.safetensors")
    model = PairModel(biovil_t.SMALL, grid=(6, 6)).eval()
    model.load_state_dict({k: v for k, v in state.items() if ".fc." not in k})
    (found,) = battery.encode(pair_engine, [battery.film((240, 240))])
    frame = pair_engine.frame_of(240, 240)
    inside = pair_engine.model_input(battery.film((240, 240)), frame=frame)
    images = torch.from_numpy(pair_engine.network_input([inside]))
    static = functional.conv2d(
        model.encoder.encoder(images), state["encoder.backbone_to_vit.weight"]
    )
    missing = state["encoder.missing_previous_emb"].repeat(1, 1, 6, 6)
    expected = model.projector(torch.cat([static, missing], 1))[0].permute(1, 2, 0)
    assert_allclose(found.grid.values, functional.normalize(expected, dim=-1).detach(), atol=1e-5)


def slow_change(state: dict[str, torch.Tensor], now: torch.Tensor, before: torch.Tensor):
    """Features of change (C, h, w), head by head and token by token."""
    p = {k.removeprefix("encoder.vit_pooler."): v for k, v in state.items()}
    c, h, w = now.shape
    places = torch.zeros(h, w, c)
    for y in range(h):
        for x in range(w):
            for i in range(c // 2):
                length = 10_000 ** (2 * (i // 2) / (c // 2))
                wave = math.cos if i % 2 else math.sin
                places[y, x, i] = wave((y + 1) / (h + 1e-6) * 2 * math.pi / length)
                places[y, x, c // 2 + i] = wave((x + 1) / (w + 1e-6) * 2 * math.pi / length)
    places = places.reshape(h * w, c)
    kinds = p["type_embed"][:, 0]
    added = torch.cat([places + kinds[0], places + kinds[1]])
    tokens = torch.cat([now.reshape(c, -1).T, before.reshape(c, -1).T])

    def norm(name: str, values: torch.Tensor) -> torch.Tensor:
        return functional.layer_norm(values, (c,), p[f"{name}.weight"], p[f"{name}.bias"], 1e-6)

    for b in range(biovil_t.SMALL.depth):
        inner = norm(f"blocks.{b}.norm1", tokens) + added
        q, k, v = (inner @ p[f"blocks.{b}.attn.proj_{n}.weight"].T for n in "qkv")
        heads = []
        for head in range(8):
            part = slice(head * c // 8, (head + 1) * c // 8)
            share = torch.softmax(q[:, part] @ k[:, part].T / math.sqrt(c // 8), dim=-1)
            heads.append(share @ v[:, part])
        mixed = torch.cat(heads, 1) @ p[f"blocks.{b}.attn.proj.weight"].T
        tokens = tokens + mixed + p[f"blocks.{b}.attn.proj.bias"]
        inner = norm(f"blocks.{b}.norm2", tokens)
        inner = functional.gelu(
            inner @ p[f"blocks.{b}.mlp.fc1.weight"].T + p[f"blocks.{b}.mlp.fc1.bias"]
        )
        tokens = tokens + inner @ p[f"blocks.{b}.mlp.fc2.weight"].T + p[f"blocks.{b}.mlp.fc2.bias"]
    return norm("norm_post", tokens)[: h * w].T.reshape(c, h, w)


def test_change_between_two_films_equals_a_slow_loop(pair: Path) -> None:
    state = load_file(pair / "image_model.safetensors")
    model = PairModel(biovil_t.SMALL, grid=(6, 6)).eval()
    model.load_state_dict({k: v for k, v in state.items() if ".fc." not in k})
    generator = torch.Generator().manual_seed(3)
    now, before = torch.randn(2, 2, 16, 6, 6, generator=generator)
    pooler: nn.Module = model.encoder.vit_pooler  # type: ignore[assignment]
    found = pooler(now, before)
    for i in range(2):
        assert_allclose(
            found[i].detach(), slow_change(state, now[i], before[i]).detach(), atol=1e-4
        )


def test_a_previous_film_changes_the_patches_and_keeps_their_place(pair_engine: Engine) -> None:
    frame = pair_engine.frame_of(240, 240)
    first, second = (
        pair_engine.model_input(battery.film((240, 240), seed=seed), frame=frame) for seed in (0, 1)
    )
    alone = pair_engine.embed_image(first, frame=frame)
    both = pair_engine.embed_pair(first, second, frame=frame)
    turned = pair_engine.embed_pair(second, first, frame=frame)
    assert both.grid.frame == frame
    assert_allclose(np.linalg.norm(both.grid.values, axis=-1), 1, atol=1e-4)
    assert abs(both.grid.values - alone.grid.values).max() > 0.01
    assert abs(both.grid.values - turned.grid.values).max() > 0.01


def test_a_family_that_reads_one_film_says_so(engine: Engine) -> None:
    frame = engine.frame_of(240, 240)
    pixels = engine.model_input(battery.film((240, 240)), frame=frame)
    with pytest.raises(CheckpointError, match="reads one at a time"):
        engine.embed_pair(pixels, pixels, frame=frame)


# --- names and bad input --------------------------------------------------------------------------


def test_tensors_have_the_published_names_and_shapes() -> None:
    with torch.device("meta"):
        single = {k: tuple(v.shape) for k, v in ImageModel(PUBLISHED).state_dict().items()}
        pair = PairModel(PUBLISHED, grid=(14, 14)).state_dict()
    # 53 convolutions and as many batch norms of 5 tensors; 8 tensors of the projection.
    assert len(single) == 53 + 53 * 5 + 8
    assert single["encoder.encoder.layer4.2.conv3.weight"] == (2048, 512, 1, 1)
    assert single["encoder.encoder.layer1.0.downsample.1.running_mean"] == (256,)
    assert single["projector.model.0.weight"] == (128, 2048, 1, 1)
    assert single["projector.model.3.bias"] == (128,)
    more = {k: tuple(v.shape) for k, v in pair.items() if k not in single}
    assert len(more) == 3 * 13 + 5
    assert more["encoder.backbone_to_vit.weight"] == (256, 2048, 1, 1)
    assert more["encoder.missing_previous_emb"] == (1, 256, 1, 1)
    assert more["encoder.vit_pooler.type_embed"] == (2, 1, 256)
    assert more["encoder.vit_pooler.blocks.2.attn.proj_q.weight"] == (256, 256)
    assert more["encoder.vit_pooler.blocks.0.mlp.fc1.bias"] == (256,)
    assert tuple(pair["projector.model.0.weight"].shape) == (128, 512, 1, 1)


def test_the_wrong_family_names_what_is_missing(single: Path, tmp_path: Path) -> None:
    folder = tmp_path / "wrong"
    folder.mkdir()
    for file in single.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    battery.sign(folder, family="biovil_t")
    assert "encoder.missing_previous_emb" in battery.refusal(folder)


def test_a_last_full_stop_says_nothing(engine: Engine) -> None:
    assert_allclose(engine.embed_text([f"{PHRASE}."]), engine.embed_text([PHRASE]), atol=1e-6)


@pytest.mark.parametrize(
    ("phrase", "told"),
    [("left [CLS] mass", "must not hold [CLS]"), ("mass " * 200, "may have 128 word pieces")],
)
def test_phrases_that_mean_something_else_are_refused(
    engine: Engine, phrase: str, told: str
) -> None:
    with pytest.raises(PhraseError) as raised:
        engine.embed_text([phrase])
    assert told in str(raised.value)


def test_a_constant_film_is_black_and_finite(engine: Engine) -> None:
    (found,) = battery.encode(engine, [np.full((240, 250), 0.4, np.float32)])
    assert np.isfinite(found.grid.values).all()
