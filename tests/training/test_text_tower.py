"""The small text tower: fewer words, the same tokens for radiology, taught by the large one."""

from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer

from explorer.encoders.text import shrink
from explorer.training.distillation_text import count_words, distillation_texts
from explorer.training.text_tower import distil, distillation_loss, prune_tokenizer

from .. import tiny_model  # noqa: TID252 - "tests" may be another package elsewhere

FIRST_WORD = 1996  # MiniLM lists its words by frequency from this id on
TEXTS = ("Left lung mass.", "No pleural effusion.")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tokenizer whose words begin at the id where those of MiniLM do."""
    letters = 2 * 26
    made = tiny_model.tokenizer(filler=FIRST_WORD - len(tiny_model.SPECIAL) - letters)
    assert made.token_to_id(tiny_model.WORDS[0]) == FIRST_WORD
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    made.enable_padding(length=32)
    made.save(str(path))
    return path


def test_pruning_keeps_what_is_special_common_or_used(source: Path) -> None:
    pruned, kept = prune_tokenizer(source, texts=TEXTS, common_words=3)
    words = set(pruned.get_vocab())
    assert set(tiny_model.SPECIAL) <= words
    assert {"a", "##z"} <= words  # single characters: any word can still be spelled
    assert {"no", "left", "right"} <= words  # the three most frequent
    assert {"lung", "mass", "pleural", "effusion"} <= words  # used by the texts
    assert not {"heart", "base", "[unused0]"} & words
    assert len(kept) == pruned.get_vocab_size() == len(words)


def test_kept_phrases_get_the_same_pieces_as_before(source: Path) -> None:
    teacher = Tokenizer.from_file(str(source))
    teacher.no_padding()
    pruned, kept = prune_tokenizer(source, texts=TEXTS, common_words=3)
    for text in ("left lung mass", "no effusion", "zebra"):
        ids = pruned.encode(text).ids
        assert [kept[i] for i in ids] == teacher.encode(text).ids, text


def test_rare_pieces_need_to_be_seen_often_enough(source: Path) -> None:
    once, _ = prune_tokenizer(source, texts=TEXTS, common_words=0, seen_at_least=1)
    twice, _ = prune_tokenizer(source, texts=(*TEXTS, "mass"), common_words=0, seen_at_least=2)
    assert {"mass", "lung"} <= set(once.get_vocab())
    assert "mass" in twice.get_vocab()
    assert "lung" not in twice.get_vocab()


def test_distillation_loss_is_zero_for_equal_vectors_and_grows_with_the_angle() -> None:
    vectors = torch.eye(3)
    assert distillation_loss(vectors, vectors).item() == pytest.approx(0, abs=1e-6)
    near = distillation_loss(vectors + 0.1, vectors)
    far = distillation_loss(vectors.flip(0), vectors)
    assert 0 < near < far


def test_teaching_brings_the_student_closer_to_its_teacher() -> None:
    tokenizer = tiny_model.tokenizer()
    teacher = tiny_model.text_encoder()
    words = teacher.bert.config.vocab_size
    torch.manual_seed(1)
    student = shrink(teacher, pieces=range(words), layers=[0])
    with torch.no_grad():  # forget the words
        student.bert.embeddings.word_embeddings.weight.normal_()
    seen: list[dict[str, float]] = []
    agreement = distil(
        student,
        teacher,
        student_tokenizer=tokenizer,
        teacher_tokenizer=tokenizer,
        texts=[f"{a} {b}" for a in ("left", "right", "no") for b in ("mass", "nodule", "opacity")],
        steps=51,
        batch=8,
        learning_rate=1e-2,
        report=lambda _, figures: seen.append(figures),
    )
    assert len(seen) == 2  # every fifty steps
    assert seen[-1]["loss"] < 0.7 * seen[0]["loss"]
    assert agreement > seen[0]["cosine"]
    assert not student.training


def test_words_are_counted_without_case_and_punctuation() -> None:
    assert count_words(["Mass, (mass)", "no mass."]) == {"mass": 3, "no": 1}


def test_distillation_texts_repeat_by_seed_and_mix_all_kinds() -> None:
    words = count_words(["zebra crossing"])
    texts = distillation_texts(300, words=words, extra=["written sentence"], seed=1)
    assert texts == distillation_texts(300, words=words, extra=["written sentence"], seed=1)
    assert texts != distillation_texts(300, words=words, extra=["written sentence"], seed=2)
    assert "written sentence" in texts
    assert any("zebra" in text for text in texts)
    assert any(text.startswith("no ") for text in texts)
