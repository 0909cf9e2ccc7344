"""The small text tower: MiniLM with fewer layers and fewer words, taught to agree with the whole.

all-MiniLM-L6-v2 (Apache-2.0) has 30,522 word pieces and six layers, 45 MB in half precision. A
radiology phrase needs few of them. The student keeps some layers and the word pieces that
radiology text or common English uses, and learns to give the teacher's vector for the same text
(Hinton et al., 2015, with cosine distance) and the teacher's similarities within a batch.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F

from explorer.encoders.text import TextEncoder, clean_phrase, tokenize

_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_FIRST_WORD_ID = 1996  # below: unused entries and single characters; above: by frequency


def prune_tokenizer(
    source: Path, *, texts: Iterable[str], common_words: int, seen_at_least: int = 1
) -> tuple[Tokenizer, list[int]]:
    """Keep special pieces, single characters, common English, and what `texts` use.

    Args:
        source: tokenizer.json of the teacher.
        texts: Radiology sentences, read for counts only.
        common_words: How many of the most frequent word pieces are kept in any case.
        seen_at_least: Count from which a piece of `texts` is kept.

    Returns:
        The pruned tokenizer and the teacher's id of each of its pieces.
    """
    teacher = Tokenizer.from_file(str(source))
    teacher.no_padding()
    teacher.no_truncation()
    counts: Counter[int] = Counter()
    for text in texts:
        counts.update(teacher.encode(clean_phrase(text)).ids)
    data = json.loads(teacher.to_str())
    vocabulary: dict[str, int] = data["model"]["vocab"]
    keep = {
        i
        for piece, i in vocabulary.items()
        if piece in _SPECIAL
        or (len(piece.removeprefix("##")) == 1 and piece.isascii())
        or _FIRST_WORD_ID <= i < _FIRST_WORD_ID + common_words
        or counts[i] >= seen_at_least
    }
    by_id = {i: piece for piece, i in vocabulary.items()}
    order = [vocabulary[s] for s in _SPECIAL]
    order += sorted(keep - set(order))
    new_id = {by_id[i]: n for n, i in enumerate(order)}
    data["model"]["vocab"] = new_id
    for token in data["added_tokens"]:
        token["id"] = new_id[token["content"]]
    for special in data["post_processor"].get("special_tokens", {}).values():
        special["ids"] = [new_id[t] for t in special["tokens"]]
    return Tokenizer.from_str(json.dumps(data)), order


def distillation_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Cosine distance of vectors plus squared difference of in-batch similarities, (S, C) each."""
    s, t = F.normalize(student, dim=-1), F.normalize(teacher, dim=-1)
    scale = F.mse_loss(student, teacher) / teacher.pow(2).mean()
    return (1 - (s * t).sum(-1)).mean() + 5 * F.mse_loss(s @ s.T, t @ t.T) + 0.5 * scale


def distil(
    student: TextEncoder,
    teacher: TextEncoder,
    *,
    student_tokenizer: Tokenizer,
    teacher_tokenizer: Tokenizer,
    texts: Sequence[str],
    steps: int,
    batch: int = 64,
    learning_rate: float = 4e-4,
    seed: int = 0,
    report: Callable[[int, dict[str, float]], None] | None = None,
) -> float:
    """Teach the student; returns the mean cosine with the teacher over the last 50 batches."""
    rng = np.random.default_rng(seed)
    optimizer = torch.optim.AdamW(student.parameters(), lr=learning_rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, learning_rate, total_steps=steps, pct_start=0.05
    )
    cosines: list[float] = []
    student.train()
    for step in range(steps):
        chosen = [texts[i] for i in rng.integers(len(texts), size=batch)]
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            target = teacher(*tokenize(teacher_tokenizer, chosen)).float()
        with torch.autocast("cpu", torch.bfloat16):
            vectors = student(*tokenize(student_tokenizer, chosen)).float()
        loss = distillation_loss(vectors, target)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        cosines.append(float(F.cosine_similarity(vectors.detach(), target).mean()))
        if report and step % 50 == 0:
            report(step, {"loss": loss.item(), "cosine": float(np.mean(cosines[-50:]))})
    student.eval()
    return float(np.mean(cosines[-50:]))
