"""Vectors of phrases: the same bits whatever was asked before or beside them."""

from pathlib import Path

import torch

from explorer.training.phrase_memory import PhraseMemory

from .. import tiny_model  # noqa: TID252 - "tests" may be another package elsewhere

PHRASES = ["left lung mass", "no pleural effusion is in there", "heart"]


def test_a_vector_does_not_depend_on_its_company() -> None:
    encoder, tokenizer = tiny_model.text_encoder(), tiny_model.tokenizer()
    together = PhraseMemory(encoder, tokenizer)(PHRASES)
    late = PhraseMemory(encoder, tokenizer)
    late(["atelectasis of the left lower lung in there", PHRASES[2]])
    assert torch.equal(late(PHRASES), together)
    assert together.shape == (3, 16)
    assert not together.requires_grad


def test_a_kept_memory_gives_the_same_bits_to_the_next_run(tmp_path: Path) -> None:
    encoder, tokenizer = tiny_model.text_encoder(), tiny_model.tokenizer()
    kept = tmp_path / "memory.safetensors"
    first = PhraseMemory(encoder, tokenizer, kept=kept)
    assert first.learn([*PHRASES, PHRASES[0]]) == 3
    vectors = first(PHRASES)
    torch.testing.assert_close(vectors, PhraseMemory(encoder, tokenizer)(PHRASES))
    first.save()
    other = PhraseMemory(tiny_model.text_encoder(seed=1), tokenizer, kept=kept)
    assert torch.equal(other(PHRASES), vectors)
    assert other.learn(PHRASES) == 0


def test_word_pieces_have_vectors_whose_mean_is_that_of_the_phrase() -> None:
    memory = PhraseMemory(tiny_model.text_encoder(), tiny_model.tokenizer())
    vectors, ids, mask = memory.words(PHRASES)
    assert vectors.shape[:2] == ids.shape == mask.shape
    assert mask.sum(1).tolist() == [5, 8, 3]  # [CLS] and [SEP] are word pieces
    mean = (vectors * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
    torch.testing.assert_close(mean, memory(PHRASES), rtol=1e-2, atol=1e-2)  # half precision
    torch.testing.assert_close(memory.read(ids, mask)[mask], vectors[mask], rtol=1e-2, atol=1e-2)
    assert memory.special() == {"pad": 0, "start": 2, "end": 3, "blank": 4}
