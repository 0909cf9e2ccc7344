"""Vectors of phrases: the same bits whatever was asked before or beside them."""

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
