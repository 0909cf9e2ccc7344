"""The text tower: padded tokens, mean over words, smaller towers, strict loading."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from explorer.encoders.text import (
    MAX_TOKENS,
    clean_phrase,
    load_pretrained,
    shape_of,
    shrink,
    tokenize,
)
from explorer.errors import CheckpointError

from .. import tiny_model  # noqa: TID252 - "tests" may be another package elsewhere

CLS, SEP = 2, 3


def test_short_phrases_are_padded_and_masked() -> None:
    ids, mask = tokenize(tiny_model.tokenizer(), ["left lung mass", "mass"])
    assert ids.shape == mask.shape == (2, 5)  # [CLS] and [SEP] around three words
    assert ids.dtype == mask.dtype == torch.int64
    assert mask.tolist() == [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]
    assert ids[1].tolist()[3:] == [0, 0]
    assert (ids[0, 0], ids[1, 2]) == (CLS, SEP)


def test_long_phrases_end_at_128_tokens_with_their_separator() -> None:
    ids, mask = tokenize(tiny_model.tokenizer(), ["mass " * 500])
    assert ids.shape == (1, MAX_TOKENS)
    assert mask.sum() == MAX_TOKENS
    assert (ids[0, 0], ids[0, -1]) == (CLS, SEP)


@pytest.mark.parametrize("text", ["Left  mass.", "left mass", "  LEFT\nMASS!; "])
def test_case_spaces_and_final_punctuation_do_not_matter(text: str) -> None:
    assert clean_phrase(text) == "left mass"


def test_padding_does_not_change_a_phrase() -> None:
    encoder, tokenizer = tiny_model.text_encoder(), tiny_model.tokenizer()
    with torch.inference_mode():
        alone = encoder(*tokenize(tokenizer, ["left mass"]))
        beside = encoder(*tokenize(tokenizer, ["left mass", "there is no mass in the lung"]))
    torch.testing.assert_close(beside[:1], alone, atol=1e-5, rtol=1e-5)


def test_the_vector_is_the_mean_over_tokens() -> None:
    encoder = tiny_model.text_encoder()
    ids, mask = tokenize(tiny_model.tokenizer(), ["left mass"])
    with torch.inference_mode():
        hidden = encoder.bert(input_ids=ids, attention_mask=mask).last_hidden_state
        torch.testing.assert_close(encoder(ids, mask)[0], hidden[0].mean(0))


def test_a_smaller_tower_keeps_vectors_of_words_and_layers() -> None:
    large = tiny_model.text_encoder(num_hidden_layers=3, max_position_embeddings=200)
    pieces = [0, 2, 3, 40, 7]
    small = shrink(large, pieces=pieces, layers=[0, 2])
    before, after = large.bert.state_dict(), small.bert.state_dict()
    words = "embeddings.word_embeddings.weight"
    assert torch.equal(after[words], before[words][pieces])
    positions = "embeddings.position_embeddings.weight"
    assert torch.equal(after[positions], before[positions][:MAX_TOKENS])
    for new, old in ((0, 0), (1, 2)):
        kept = {k for k in after if k.startswith(f"encoder.layer.{new}.")}
        assert kept
        for name in kept:
            assert torch.equal(after[name], before[name.replace(f"layer.{new}.", f"layer.{old}.")])
    assert shape_of(small)["num_hidden_layers"] == 2
    assert shape_of(small)["vocab_size"] == 5


def test_a_tower_with_all_its_pieces_and_layers_answers_the_same() -> None:
    large = tiny_model.text_encoder()
    words = large.bert.config.vocab_size
    same = shrink(large, pieces=range(words), layers=[0, 1]).eval()
    ids, mask = tokenize(tiny_model.tokenizer(), ["left mass", "no effusion"])
    with torch.inference_mode():
        torch.testing.assert_close(same(ids, mask), large(ids, mask))


@pytest.fixture
def bert_folder(tmp_path: Path) -> Path:
    """A BERT folder as others write it: with a pooler, "bert." names, a padding tokenizer."""
    encoder = tiny_model.text_encoder()
    encoder.bert.config.save_pretrained(tmp_path)
    state = {f"bert.{k}": v.contiguous() for k, v in encoder.bert.state_dict().items()}
    state["bert.pooler.dense.weight"] = torch.zeros(16, 16)
    state["bert.embeddings.position_ids"] = torch.arange(128)[None]
    save_file(state, tmp_path / "model.safetensors")
    tokenizer = tiny_model.tokenizer()
    tokenizer.enable_padding(length=64)
    tokenizer.enable_truncation(max_length=4)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    return tmp_path


def test_a_pretrained_tower_is_read_frozen_with_a_free_tokenizer(bert_folder: Path) -> None:
    encoder, tokenizer = load_pretrained(bert_folder)
    assert not encoder.training
    assert not any(p.requires_grad for p in encoder.parameters())
    ids, mask = tokenize(tokenizer, ["left upper lung mass"])
    assert ids.shape == (1, 6)  # neither padded to 64 nor cut to 4
    with torch.inference_mode():
        torch.testing.assert_close(encoder(ids, mask), tiny_model.text_encoder()(ids, mask))


def test_a_missing_tensor_is_never_a_random_one(bert_folder: Path) -> None:
    state = load_file(bert_folder / "model.safetensors")
    del state["bert.encoder.layer.1.output.dense.weight"]
    save_file(state, bert_folder / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"encoder\.layer\.1\.output\.dense\.weight"):
        load_pretrained(bert_folder)
