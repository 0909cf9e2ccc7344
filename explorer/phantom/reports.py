"""Whole reports: what is there, what is not, what is normal, section by section."""

import random
from collections.abc import Mapping, Sequence

import numpy as np

from explorer.phantom import _frames, _normals
from explorer.phantom.findings._base import Card
from explorer.phantom.language import absent_list, fill_frame, frames_for, spoken_size
from explorer.phantom.study import PhantomFinding, PhantomSentence
from explorer.text import mentions

_OFTEN_DENIED = (
    "pneumothorax", "effusion", "consolidation", "cardiomegaly", "edema", "nodule", "mass",
)  # fmt: skip
_FAMILIES = (
    {"consolidation", "ground_glass", "edema", "interstitial", "atelectasis"},
    {"nodule", "mass", "cavity", "granuloma"},
    {"central_line", "picc", "port"},
)
# Names that several findings go by: a denial of one of these is no denial of the others.
_SHARED_NAMES = frozenset({"opacity", "infiltrate", "tube or line", "calcification", "fibrosis"})


def write_report(
    findings: Sequence[PhantomFinding],
    cards: Mapping[str, Card],
    *,
    view: str,
    rng: np.random.Generator,
) -> tuple[str, tuple[PhantomSentence, ...], tuple[tuple[str, str], ...]]:
    """Report text, its sentences in order, and further true denials as (finding id, sentence)."""
    draw = random.Random(int(rng.integers(2**32)))
    present = {f.finding for f in findings}
    said = [
        PhantomSentence(draw.choice(_normals.INDICATIONS), "Indication", "not about the image"),
        PhantomSentence(draw.choice(_normals.COMPARISONS), "Comparison", "not about the image"),
        PhantomSentence(
            draw.choice(_normals.TECHNIQUE.get(view, _normals.TECHNIQUE["PA"])),
            "Technique",
            "not about the image",
        ),
    ]
    body = [_on_finding(i, f, cards[f.finding], draw) for i, f in enumerate(findings)]
    body += [[sentence] for sentence in _denials(present, cards, draw)]
    draw.shuffle(body)
    said += [sentence for group in body for sentence in group]
    said += _impression(findings, draw)
    lines: list[str] = []
    for section in dict.fromkeys(s.section for s in said):
        texts = [s.text for s in said if s.section == section]
        if section == "Impression" and len(texts) > 1 and draw.random() < 0.5:
            texts = [f"{number}. {text}" for number, text in enumerate(texts, start=1)]
        lines.append(f"{section.upper()}: {' '.join(texts)}")
    absent = tuple(
        (i, text) for i in deniable(present, cards) for text in true_denials(i, present, cards)
    )
    return "\n\n".join(lines) + "\n", tuple(said), absent


def deniable(present: set[str], cards: Mapping[str, Card]) -> tuple[str, ...]:
    """Findings that are not there and whose words no finding present shares."""
    return tuple(
        i
        for i in cards
        if i not in present and not any(i in family and family & present for family in _FAMILIES)
    )


def true_denials(finding: str, present: set[str], cards: Mapping[str, Card]) -> tuple[str, ...]:
    """Denying sentences of a finding's card that contradict nothing present."""
    return tuple(text for text in cards[finding].absent if holds(text, present, cards))


def holds(denial: str, present: set[str], cards: Mapping[str, Card]) -> bool:
    """Whether a denial, which may name several findings or a structure, is true."""
    low = denial.lower()
    structures = {
        "costophrenic": "pleura", "pleural space": "pleura", "lungs are clear": "lungs",
        "mediastin": "silhouette", "osseous": "bones", "bony": "bones", "vascul": "vessels",
        "hila": "mediastinum",
    }  # fmt: skip
    touched = {structure for word, structure in structures.items() if word in low}
    if not all(_normals.may_be_called_normal(s, present, cards) for s in touched):
        return False
    denied = set(mentions(denial)) - _SHARED_NAMES
    return not any(
        denied & {name for noun in cards[i].nouns for name in mentions(noun)} for i in present
    )


def _on_finding(
    index: int, finding: PhantomFinding, card: Card, draw: random.Random
) -> list[PhantomSentence]:
    """One sentence on a finding, or two."""
    doubted = finding.severity == "mild" and finding.kind == "finding" and draw.random() < 0.15
    text = (
        uncertain_sentence(finding, card, draw)
        if doubted
        else draw.choice(finding.phrases["sentence"])
    )
    texts = [text]
    if not doubted and draw.random() < 0.25:
        texts += following_sentences(
            finding.phrases["plain"][0], card, draw,
            severity=finding.severity, size=spoken_size(finding.size_mm),
        )  # fmt: skip
    assertion = "uncertain" if doubted else "present"
    return [
        PhantomSentence(t, "Findings", assertion, (finding.finding,), (index,))  # type: ignore[arg-type]
        for t in texts
    ]


def uncertain_sentence(finding: PhantomFinding, card: Card, draw: random.Random) -> str:
    """A sentence that holds the finding possible."""
    pool = [*finding.phrases.get("zoned", ()), *finding.phrases.get("sided", ())]
    phrase = draw.choice(pool or finding.phrases["plain"])
    frames = frames_for(phrase, card, "uncertain") or ("Possible {x}.",)
    return fill_frame(draw.choice(frames), phrase, card)


def following_sentences(
    noun: str, card: Card, draw: random.Random, *, severity: str, size: str | None
) -> list[str]:
    """At most one further sentence on a finding that was just named: degree, size or change."""
    degrees = [w for w in card.adjectives.get(severity, ()) if w in _frames.DEGREES]
    frames = [*_frames.FOLLOWING_CHANGE] if card.kind == "finding" else []
    frames += _frames.FOLLOWING if degrees else ()
    frames += _frames.FOLLOWING_SIZE if size and card.countable else ()
    if not frames:
        return []
    frame = draw.choice(frames)
    said = size if frame in _frames.FOLLOWING_SIZE else draw.choice(degrees or [""])
    return [fill_frame(frame, noun, card, n=noun, d=said or "")]


def _denials(
    present: set[str], cards: Mapping[str, Card], draw: random.Random
) -> list[PhantomSentence]:
    free = [i for i in _OFTEN_DENIED if i in deniable(present, cards)]
    listed: list[str] = []
    said = []
    nouns = {i: cards[i].plural or cards[i].nouns[0] for i in free if i != "cardiomegaly"}
    if len(nouns) > 1 and draw.random() < 0.5:
        listed = draw.sample(list(nouns), min(len(nouns), draw.choice((2, 2, 3, 3, 4))))
        text = absent_list(draw.choice(_frames.ABSENT_LISTS), [nouns[i] for i in listed])
        if holds(text, present, cards):
            said.append(PhantomSentence(text, "Findings", "absent", tuple(listed)))
    for i in free:
        pool = true_denials(i, present, cards)
        if pool and i not in listed and draw.random() < (0.6 if i != "mass" else 0.15):
            said.append(PhantomSentence(draw.choice(pool), "Findings", "absent", (i,)))
    for structure, texts in _normals.NORMALS.items():
        if draw.random() < 0.2 and _normals.may_be_called_normal(structure, present, cards):
            said.append(PhantomSentence(draw.choice(texts), "Findings", "absent"))
    return said


def _impression(findings: Sequence[PhantomFinding], draw: random.Random) -> list[PhantomSentence]:
    shown = [(i, f) for i, f in enumerate(findings) if f.kind == "finding"]
    if not shown:
        return [PhantomSentence(draw.choice(_normals.GENERAL), "Impression", "absent")]
    return [
        PhantomSentence(
            draw.choice(f.phrases["sentence"]), "Impression", "present", (f.finding,), (i,)
        )
        for i, f in shown[:3]
    ]
