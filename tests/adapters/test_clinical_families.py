"""GLoRIA, MGCA, ConVIRT, LoVT and CXR-CLIP: formulas against slow copies and oracles."""

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional

from explorer.adapters.gloria import most_attention, word_attention
from explorer.adapters.lovt import _CrossAttention
from explorer.errors import PhraseError

from . import battery
from .makers import _mgca, convirt, cxr_clip, gloria, lovt, mgca
from .published import (
    PHRASE,
    encode_one,
    hidden_states,
    images_of,
    opened,
    unit,
    words_by_loop,
)

ORACLES = Path(__file__).parents[1] / "data"

# --- GLoRIA --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def gloria_engine(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return opened(tmp_path_factory.mktemp("gloria") / "tiny", gloria)


@pytest.mark.parametrize("row", [0, 1, 2])
def test_word_attention_is_that_of_the_published_code(row: int) -> None:
    oracle = np.load(ORACLES / "gloria.npz")
    words = torch.tensor(oracle["words"][row].T)[: oracle["lens"][row]]
    regions = torch.tensor(oracle["img"][row].reshape(4, -1).T)
    expected = oracle[f"attn_{row}"]
    found = word_attention(regions, words).reshape(expected.shape)
    np.testing.assert_allclose(found, expected, atol=1e-8)


def test_a_phrase_of_gloria_is_the_sum_of_the_last_four_layers(gloria_engine: Any) -> None:
    bert = gloria_engine._network.text_encoder.model
    layers, _ = hidden_states(bert, gloria_engine._tokenizer, PHRASE)
    np.testing.assert_allclose(
        gloria_engine.embed_text([PHRASE])[0], unit(layers[-4:].sum((0, 1))), atol=1e-5
    )


def test_a_map_of_gloria_is_the_mean_attention_of_its_words(gloria_engine: Any) -> None:
    record = encode_one(gloria_engine)
    with torch.inference_mode():
        local, _ = gloria_engine._network.img_encoder(images_of(gloria_engine))
    regions = local[0].flatten(1).T
    bert = gloria_engine._network.text_encoder.model
    layers, pieces = hidden_states(bert, gloria_engine._tokenizer, "effusion zz")
    assert any(piece.startswith("##") for piece in pieces)  # "zz" is cut in two
    words = torch.stack(words_by_loop(layers[-4:].sum(0), pieces))[:-1]  # less [SEP]
    share = torch.softmax(regions @ words.T, dim=1)
    attention = torch.softmax(4.0 * share, dim=0)  # (R, 1 + W)
    expected = attention[:, 1:].mean(1) / most_attention(36)
    found = gloria_engine.similarity(record, ["effusion zz"])
    np.testing.assert_allclose(found.reshape(-1), expected, atol=1e-5)
    together = gloria_engine.similarity(record, [PHRASE, "effusion zz"])  # the first is longer
    np.testing.assert_allclose(together[1:], found, atol=1e-5)


def test_the_attention_map_of_gloria_is_its_similarity_with_sum_one(gloria_engine: Any) -> None:
    pixels = battery.film((90, 70))
    inside = gloria_engine.model_input(pixels, frame=gloria_engine.frame_of(*pixels.shape))
    maps = gloria_engine.attention_map(inside, [PHRASE, "mass"])
    np.testing.assert_allclose(maps.sum((1, 2)), 1, atol=1e-5)
    similarity = gloria_engine.similarity(encode_one(gloria_engine), [PHRASE, "mass"])
    np.testing.assert_allclose(maps / most_attention(36), similarity, atol=1e-5)


def test_full_attention_is_one() -> None:
    """A word that one region alone looks at draws all that can be drawn."""
    regions = torch.eye(4)
    words = torch.stack([100 * regions[0], 100 * regions[1:].sum(0)])
    assert word_attention(regions, words)[0, 0] / most_attention(4) == pytest.approx(1, abs=1e-6)


def test_the_published_pickle_gives_the_same_engine(gloria_engine: Any, tmp_path: Path) -> None:
    """state_dict under its entry, settings of a training program beside it."""
    folder = Path(shutil.copytree(gloria_engine.card.folder, tmp_path / "pickled"))
    state = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    settings = argparse.Namespace(model="resnet_50")
    torch.save(
        {"epoch": 3, "state_dict": state, "hyper_parameters": settings},
        folder / "chexpert_resnet50.ckpt",
    )
    files = json.loads((folder / "card.json").read_text(encoding="utf-8"))["files"]
    del files["model.safetensors"]
    battery.sign(
        folder,
        files=files | {"chexpert_resnet50.ckpt": ""},
        weights=["chexpert_resnet50.ckpt"],
    )
    pickled = battery.open_tiny(folder)
    np.testing.assert_array_equal(pickled.embed_text([PHRASE]), gloria_engine.embed_text([PHRASE]))


@pytest.mark.parametrize("phrase", ["...", "??", "1."])
def test_a_phrase_without_a_word_is_refused(gloria_engine: Any, phrase: str) -> None:
    record = encode_one(gloria_engine)
    with pytest.raises(PhraseError, match="needs a word"):
        gloria_engine.embed_text([phrase])
    with pytest.raises(PhraseError, match="needs a word"):
        gloria_engine.similarity(record, [phrase])


# --- MGCA and ConVIRT ----------------------------------------------------------------------------


@pytest.mark.parametrize("image", ["vit_base", "resnet_50"])
def test_a_phrase_of_mgca_has_the_mean_cosine_of_its_words(tmp_path: Path, image: str) -> None:
    engine = opened(tmp_path / "tiny", mgca, image=image)
    record = encode_one(engine)
    encoder = engine._network.text_encoder_q
    layers, pieces = hidden_states(encoder.model, engine._tokenizer, PHRASE)
    words = torch.stack(words_by_loop(layers[-1], pieces))
    embedded = encoder.local_embed(words[None])[0]
    units = functional.normalize(embedded, dim=-1)[1:-1].detach()
    assert len(units) == 3
    cosines = (record.grid.values @ units.numpy().T).mean(-1)
    found = engine.similarity(record, [PHRASE])[0]
    np.testing.assert_allclose(found, cosines / units.mean(0).norm().item(), atol=1e-5)


def test_cross_attention_in_the_file_is_known_and_not_read(tmp_path: Path) -> None:
    engine = opened(tmp_path / "tiny", mgca)
    battery.change_weights(engine.card.folder, "vit_base.ckpt", _mgca.with_cross_attention)
    again = battery.open_tiny(engine.card.folder)
    np.testing.assert_array_equal(again.embed_text([PHRASE]), engine.embed_text([PHRASE]))


@pytest.mark.parametrize("image", ["vit_base", "resnet_50"])
def test_convirt_puts_places_through_the_head_for_whole_images(tmp_path: Path, image: str) -> None:
    engine = opened(tmp_path / "tiny", convirt, image=image)
    record = encode_one(engine)
    encoder = engine._network.img_encoder
    with torch.inference_mode():
        if image == "vit_base":
            whole = encoder.model(images_of(engine))[:, 0]
        else:
            large = functional.interpolate(
                images_of(engine), size=(96, 96), mode="bilinear", align_corners=True
            )
            features = encoder.model(large)
            whole = features.mean((2, 3))
            places = encoder.global_embed(features[0].flatten(1).T)
            np.testing.assert_allclose(record.grid.values.reshape(9, -1), unit(places), atol=1e-5)
        np.testing.assert_allclose(record.whole, unit(encoder.global_embed(whole))[0], atol=1e-5)
        layers, _ = hidden_states(engine._network.text_encoder.model, engine._tokenizer, PHRASE)
        text = engine._network.text_encoder.global_embed(layers[-1, :1])
    np.testing.assert_allclose(engine.embed_text([PHRASE]), unit(text), atol=1e-5)


# --- LoVT ----------------------------------------------------------------------------------------


def test_attention_of_lovt_is_that_of_the_published_code() -> None:
    oracle = np.load(ORACLES / "lovt_local.npz")
    attention = _CrossAttention(5).double()
    with torch.no_grad():
        attention.key_projection.weight.copy_(torch.tensor(oracle["ca_k_w"]))
        attention.key_projection.bias.zero_()
        for i in range(2):  # the third report is padded
            sentences = torch.tensor(oracle["sent_a"][i])
            found = attention.over_regions(sentences, torch.tensor(oracle["scan_a"][i]))
            kept = oracle["sent_mask"][i].astype(bool)
            np.testing.assert_allclose(found[kept], oracle["ca_p_a2b"][i][kept], atol=1e-6)


def test_a_sentence_of_lovt_is_the_largest_of_each_feature(tmp_path: Path) -> None:
    engine = opened(tmp_path / "tiny", lovt)
    modality = engine._network.model_b
    layers, pieces = hidden_states(modality.encoder.language_model, engine._tokenizer, PHRASE)
    assert (pieces[0], pieces[-1]) == ("[CLS]", "[SEP]")
    largest = layers[-1, 1:-1].amax(0)
    with torch.inference_mode():
        expected = modality.project_local(largest[None, None])[0, 0]
    together = engine.embed_text([PHRASE, "no effusion in the left upper lung"])
    np.testing.assert_allclose(together[0], unit(expected), atol=1e-5)


def test_attention_over_regions_sums_to_one(tmp_path: Path) -> None:
    engine = opened(tmp_path / "tiny", lovt)
    pixels = battery.film((90, 70))
    inside = engine.model_input(pixels, frame=engine.frame_of(*pixels.shape))
    maps = engine.attention_map(inside, [PHRASE, "mass"])
    assert maps.shape == (2, 4, 4)
    np.testing.assert_allclose(maps.sum((1, 2)), 1, atol=1e-5)
    network = engine._network
    with torch.inference_mode():
        regions = network.regions(images_of(engine))[0]
        sentences = network.sentences(engine._tokenizer([PHRASE, "mass"]))
        expected = network.ll_attention.over_regions(sentences, regions)
    np.testing.assert_allclose(maps.reshape(2, -1), expected, atol=1e-5)


# --- CXR-CLIP ------------------------------------------------------------------------------------


def test_the_image_vector_of_cxr_clip_is_the_mean_of_its_places(tmp_path: Path) -> None:
    engine = opened(tmp_path / "tiny", cxr_clip)
    record = encode_one(engine)
    mean = (record.grid.values * record.lengths[..., None]).mean((0, 1))
    np.testing.assert_allclose(record.whole, mean / np.linalg.norm(mean), atol=1e-5)
    bert = engine._network.text_encoder.text_encoder
    layers, pieces = hidden_states(bert, engine._tokenizer, PHRASE)
    assert pieces[-1] == "[SEP]"
    with torch.inference_mode():
        expected = engine._network.text_projection(layers[-1, -1])
    padded = engine.embed_text([PHRASE, "no effusion in the left upper lung"])
    np.testing.assert_allclose(padded[0], unit(expected), atol=1e-5)


def test_sizes_the_family_does_not_have_are_refused(tmp_path: Path) -> None:
    folder = opened(tmp_path / "tiny", cxr_clip).card.folder
    battery.sign(folder, architecture={"layers": 3})
    assert "unknown size 'layers'" in battery.refusal(folder)


def test_a_folder_without_tokenizer_is_refused(tmp_path: Path) -> None:
    folder = opened(tmp_path / "tiny", cxr_clip).card.folder
    (folder / "tokenizer.json").unlink()
    files = json.loads((folder / "card.json").read_text(encoding="utf-8"))["files"]
    del files["tokenizer.json"]
    battery.sign(folder, files=files)
    assert "needs tokenizer.json or vocab.txt" in battery.refusal(folder)


def test_a_plain_vocabulary_cuts_as_the_tokenizer_file(tmp_path: Path) -> None:
    engine = opened(tmp_path / "tiny", cxr_clip)
    folder = engine.card.folder
    vocabulary = engine._tokenizer._tokenizer.get_vocab()
    lines = "\n".join(sorted(vocabulary, key=vocabulary.__getitem__))
    (folder / "vocab.txt").write_text(lines + "\n", encoding="utf-8")
    (folder / "tokenizer.json").unlink()
    files = json.loads((folder / "card.json").read_text(encoding="utf-8"))["files"]
    del files["tokenizer.json"]
    battery.sign(folder, files=files | {"vocab.txt": ""})
    again = battery.open_tiny(folder)
    for phrase in (PHRASE, "Effusion zz, LEFT."):
        np.testing.assert_array_equal(again.embed_text([phrase]), engine.embed_text([phrase]))
