"""Tokenizers of SigLIP and SigLIP 2: the file of sentencepiece without its package, and Gemma's."""

from pathlib import Path

import pytest

from explorer.adapters._sentencepiece import open_sentencepiece

from . import battery
from .makers import _hf, siglip

# Of sentencepiece 0.2.1 for the file that `save_sentencepiece` writes; 0 is the end token.
BY_SENTENCEPIECE = {
    "left lung mass": [55, 60, 61, 0],
    "no pleural effusion": [54, 65, 64, 0],
    "zebra über 12 lungs": [53, 6, 3, 19, 2, 1, 3, 6, 19, 1, 60, 20, 0],
    "x y  z": [51, 52, 53, 0],
}


def test_a_sentencepiece_file_cuts_as_sentencepiece_does(tmp_path: Path) -> None:
    _hf.save_sentencepiece(tmp_path)
    tokenizer = open_sentencepiece(tmp_path / "spiece.model")
    for phrase, ids in BY_SENTENCEPIECE.items():
        assert tokenizer(phrase)["input_ids"] == ids
    padded = tokenizer("a", padding="max_length", max_length=4)["input_ids"]
    assert padded == [28, 0, 0, 0]


def test_a_phrase_is_the_same_by_tokenizer_json_and_by_sentencepiece(tmp_path: Path) -> None:
    engines = []
    for name, words in (("one", _hf.save_siglip_tokenizer), ("other", _hf.save_sentencepiece)):
        (tmp_path / name).mkdir()
        siglip.make(tmp_path / name, words=words)
        engines.append(battery.open_tiny(tmp_path / name))
    first, second = (engine.embed_text(["Left lung mass.", "zebra"]) for engine in engines)
    assert (first == second).all()


@pytest.mark.parametrize("content", [b"", b"\xff\xff not a model"])
def test_a_broken_sentencepiece_file_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    siglip.make(tmp_path, words=_hf.save_sentencepiece)
    (tmp_path / "spiece.model").write_bytes(content)
    battery.sign(tmp_path)
    assert "tokenizer: " in battery.refusal(tmp_path)


def test_siglip_2_reads_lower_case_with_punctuation(tmp_path: Path) -> None:
    from transformers import AutoTokenizer, SiglipModel

    siglip.make(tmp_path, words=_hf.save_gemma_tokenizer)
    engine = battery.open_tiny(tmp_path)
    (plain, upper, pointed) = engine.embed_text(["no mass", "No MASS", "no mass."])
    assert (plain == upper).all()
    assert abs(plain - pointed).max() > 1e-3
    model = SiglipModel.from_pretrained(tmp_path).eval()
    ids = AutoTokenizer.from_pretrained(tmp_path)(
        ["No mass."], padding="max_length", max_length=24, return_tensors="pt"
    )["input_ids"]
    assert ids[0, -1] == 0  # padded at the end, as the folder says
    text = model.get_text_features(input_ids=ids).pooler_output.detach()[0]
    assert abs((text / text.norm()).numpy() - engine.embed_text(["No mass."])[0]).max() < 1e-5
