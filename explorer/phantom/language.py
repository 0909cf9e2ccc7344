"""The grammar: true phrases of each finding at several precisions, and whole reports."""

from collections.abc import Mapping, Sequence

import numpy as np

from explorer.phantom.findings._base import Card, Inserted
from explorer.phantom.study import PhantomFinding, PhantomSentence

_ZONE_WORDS = {
    "upper": ("upper lung", "upper lung zone", "upper lung field", "upper hemithorax"),
    "mid": ("mid lung", "mid lung zone", "midlung", "mid lung field", "perihilar region"),
    "lower": ("lower lung", "lower lung zone", "lung base", "lower lung field"),
}
_FRAMES = (
    "There is {a}{x}.",
    "{X}.",
    "{X} is seen.",
    "{X} is noted.",
    "{X} is present.",
    "{X} is again seen.",
    "Findings consistent with {x}.",
    "Interval development of {x}.",
    "Unchanged {x}.",
    "There is persistent {x}.",
)
_UNCERTAIN = (
    "Possible {x}.",
    "{X} cannot be excluded.",
    "Suspected {x}.",
    "{X} is possible.",
    "Questionable {x}.",
    "Cannot exclude {x}.",
)


def zone_words(inserted: Inserted) -> tuple[str, ...]:
    """Ways to name the zone: thirds of the lung, and the lobe where it keeps to one."""
    if inserted.zone is None:
        return ()
    words = _ZONE_WORDS[inserted.zone]
    lobe = (inserted.lobe or "").split(" ", 1)[-1]
    if lobe.startswith("middle" if inserted.zone == "mid" else inserted.zone):
        words = (*words, lobe)  # Only where lobe and third of the lung go by the same word.
    return words


def phrases_of(
    card: Card, inserted: Inserted, rng: np.random.Generator
) -> dict[str, tuple[str, ...]]:
    """Phrases that are true of one insertion, by precision; the usual forms come first."""
    nouns = _nouns(card, inserted)
    found: dict[str, list[str]] = {"plain": list(nouns)}
    if inserted.side is not None and card.place != "none":
        found["sided"] = [p for n in nouns[:4] for p in _sided(n, inserted, card)]
    if inserted.side is not None and inserted.zone is not None and card.place == "zone":
        found["zoned"] = _zoned(nouns[:4], inserted)
    found["described"] = _described(card, inserted, nouns, rng)
    own = [*card.templates, *inserted.templates]
    filled = [t for t in (_fill(t, inserted, rng) for t in own) if t is not None]
    found["described"] += filled
    best = found.get("zoned") or found.get("sided") or found["plain"]
    pool = [*best, *found["described"]]
    chosen = [pool[int(i)] for i in rng.permutation(len(pool))[:6]]
    found["sentence"] = [_sentence(text, card, rng) for text in chosen]
    return {k: tuple(dict.fromkeys(v)) for k, v in found.items() if v}


def _nouns(card: Card, inserted: Inserted) -> tuple[str, ...]:
    if inserted.side == "bilateral" and card.plural:
        return (card.plural, *(n for n in card.nouns if not card.countable))
    skip = ("bibasilar",) if inserted.side != "bilateral" else ()
    low = inserted.zone == "lower"
    return tuple(
        n for n in card.nouns if not n.startswith(skip or ("\0",)) and (low or "basilar" not in n)
    )


def _sided(noun: str, inserted: Inserted, card: Card) -> list[str]:
    if inserted.side == "bilateral":
        return [f"bilateral {noun}", f"{noun} on both sides"]
    side = inserted.side
    spoken = [f"{side} {noun}", f"{noun} on the {side}", f"{side}-sided {noun}"]
    if card.kind == "finding" and card.place == "zone":
        spoken += [f"{side} lung {noun}", f"{noun} in the {side} lung"]
    return spoken


def _zoned(nouns: Sequence[str], inserted: Inserted) -> list[str]:
    side = inserted.side
    lead = "both " if side == "bilateral" else f"{side} "
    spoken = []
    for k, noun in enumerate(nouns):
        if side == "bilateral":
            spoken.append(f"bilateral {inserted.zone} lung {noun}")
            continue
        # The first form is the one grounding tables are pinned to.
        if noun != "volume loss":  # "lung volume loss" would read as a finding of its own
            spoken.append(f"{side} {inserted.zone} lung {noun}")
        for word in zone_words(inserted):
            if "base" in word and "basilar" in noun:
                continue
            after = k % 2 == 0 or noun == "volume loss"
            spoken.append(f"{noun} in the {lead}{word}" if after else f"{lead}{word} {noun}")
    return spoken


def _described(
    card: Card, inserted: Inserted, nouns: Sequence[str], rng: np.random.Generator
) -> list[str]:
    words = [*card.adjectives.get(inserted.severity, ()), *card.qualities]
    spoken = []
    for word in words:
        noun = str(rng.choice(list(nouns[:4])))
        if word in noun:
            continue
        lead = f"{inserted.side} " if inserted.side and card.place != "none" else ""
        spoken.append(f"{word} {lead}{noun}")
        if inserted.side and inserted.zone and card.place == "zone":
            place = str(rng.choice(list(zone_words(inserted))))
            both = "both lungs" if inserted.side == "bilateral" else f"the {inserted.side} {place}"
            spoken.append(f"{word} {noun} in {both}")
    if inserted.lobe and card.place == "zone":
        spoken.append(f"{inserted.lobe} {nouns[0]}")
    return spoken


def _fill(template: str, inserted: Inserted, rng: np.random.Generator) -> str | None:
    """Fill {side}, {zone}, {lobe} and {size}; None when the insertion has no such value."""
    values: Mapping[str, str | None] = {
        "side": inserted.side,
        "zone": str(rng.choice(list(zone_words(inserted)))) if inserted.zone else None,
        "lobe": inserted.lobe,
        "size": spoken_size(inserted.size_mm),
    }
    if inserted.side == "bilateral" and "the {side} " in template:
        return None
    used = [key for key in values if f"{{{key}}}" in template]
    if any(values[key] is None for key in used):
        return None
    return template.format(**{key: values[key] for key in used})


def spoken_size(size_mm: float | None) -> str | None:
    """Say a size: "8 mm" below 2 cm, "3.4 cm" above."""
    if size_mm is None:
        return None
    return f"{round(size_mm)} mm" if size_mm < 20 else f"{size_mm / 10:.1f} cm"


def _sentence(phrase: str, card: Card, rng: np.random.Generator) -> str:
    if phrase.endswith("."):
        return phrase
    frames = _FRAMES if " is " not in phrase and not phrase.startswith("status") else _FRAMES[1:2]
    return _frame(str(rng.choice(list(frames))), phrase, countable=card.countable)


def _frame(frame: str, phrase: str, *, countable: bool) -> str:
    plural = _is_plural(phrase)
    article = ""
    if countable and not plural:
        article = "an " if phrase[0].lower() in "aeiou" else "a "
    if plural:
        frame = frame.replace("There is", "There are").replace(" is ", " are ")
    return frame.format(a=article, x=phrase, X=phrase[0].upper() + phrase[1:])


def _is_plural(phrase: str) -> bool:
    """Whether the noun before the first preposition is a plural."""
    head = phrase
    for preposition in (" in ", " on ", " at ", " of ", " with ", " along ", " over "):
        head = head.split(preposition)[0]
    return head.endswith("s") and not head.endswith(("is", "us", "ss"))


def uncertain_sentence(finding: PhantomFinding, rng: np.random.Generator) -> str:
    """A sentence that holds the finding possible."""
    pool = [*finding.phrases.get("zoned", ()), *finding.phrases.get("sided", ())]
    phrase = str(rng.choice(pool or list(finding.phrases["plain"])))
    return _frame(str(rng.choice(list(_UNCERTAIN))), phrase, countable=False)


_GENERAL_NORMAL = (
    "The lungs are clear.",
    "Lungs are clear bilaterally.",
    "Bony structures are intact.",
    "No acute osseous abnormality.",
    "The mediastinal contours are unremarkable.",
)
_IMPRESSION_NORMAL = (
    "No acute cardiopulmonary abnormality.",
    "No acute cardiopulmonary disease.",
    "No acute cardiopulmonary process.",
    "Normal chest radiograph.",
    "No acute disease.",
)
_INDICATIONS = (
    "Shortness of breath.", "Cough.", "Chest pain.", "Fever.", "Preoperative evaluation.",
    "Follow up.", "Dyspnea.", "Evaluate line placement.",
)  # fmt: skip
_COMPARISONS = ("None.", "None available.", "Prior chest radiograph.", "Yesterday.")
_TECHNIQUE = {
    "PA": ("Frontal view of the chest.", "PA view of the chest."),
    "AP": ("Portable AP view of the chest.", "Single AP portable radiograph of the chest."),
    "lateral": ("Lateral view of the chest.",),
}


def write_report(
    findings: Sequence[PhantomFinding],
    cards: Mapping[str, Card],
    *,
    view: str,
    rng: np.random.Generator,
) -> tuple[str, tuple[PhantomSentence, ...], tuple[tuple[str, str], ...]]:
    """Report text, its sentences in order, and further true denials as (finding id, sentence)."""
    present = {f.finding for f in findings}
    deniable = [i for i in cards if i not in present and not _overlaps(i, present)]
    said: list[PhantomSentence] = [
        PhantomSentence(str(rng.choice(list(_INDICATIONS))), "Indication", "not about the image"),
        PhantomSentence(str(rng.choice(list(_COMPARISONS))), "Comparison", "not about the image"),
        PhantomSentence(
            str(rng.choice(list(_TECHNIQUE.get(view, _TECHNIQUE["PA"])))),
            "Technique",
            "not about the image",
        ),
    ]
    body = [_present_sentence(i, f, rng) for i, f in enumerate(findings)]
    body += _denials(deniable, cards, present=present, rng=rng)
    said += [body[int(i)] for i in rng.permutation(len(body))]
    said += _impression(findings, rng)
    lines: list[str] = []
    for section in dict.fromkeys(s.section for s in said):
        text = " ".join(s.text for s in said if s.section == section)
        lines.append(f"{section.upper()}: {text}")
    absent = tuple(
        (i, str(text)) for i in deniable for text in cards[i].absent if _true(text, present)
    )
    return "\n\n".join(lines) + "\n", tuple(said), absent


def _overlaps(finding: str, present: set[str]) -> bool:
    """Whether denying a finding would contradict another one that shares its words."""
    families = (
        {"consolidation", "ground_glass", "edema", "interstitial", "atelectasis"},
        {"nodule", "mass", "cavity", "granuloma"},
        {"central_line", "picc", "port"},
    )
    return any(finding in family and family & present for family in families)


def _true(sentence: str, present: set[str]) -> bool:
    """Whether a denial that names two findings holds for both."""
    low = sentence.lower()
    words = {
        "effusion": {"effusion"},
        "costophrenic": {"effusion"},
        "pneumothorax": {"pneumothorax"},
        "lungs are clear": {
            "consolidation", "ground_glass", "edema", "interstitial", "atelectasis", "nodule",
            "mass", "cavity", "granuloma",
        },
        "masses": {"mass"},
        "mediastinal": {"cardiomegaly", "hernia"},
    }  # fmt: skip
    return not any(word in low and ids & present for word, ids in words.items())


def _present_sentence(
    index: int, finding: PhantomFinding, rng: np.random.Generator
) -> PhantomSentence:
    doubted = finding.severity == "mild" and finding.kind == "finding" and rng.random() < 0.15
    text = (
        uncertain_sentence(finding, rng)
        if doubted
        else str(rng.choice(list(finding.phrases["sentence"])))
    )
    return PhantomSentence(
        text, "Findings", "uncertain" if doubted else "present", (finding.finding,), (index,)
    )


def _denials(
    deniable: Sequence[str],
    cards: Mapping[str, Card],
    *,
    present: set[str],
    rng: np.random.Generator,
) -> list[PhantomSentence]:
    usual = [
        i for i in ("pneumothorax", "effusion", "consolidation", "cardiomegaly", "edema")
        if i in deniable
    ]  # fmt: skip
    denied = []
    for i in usual:
        pool = [t for t in cards[i].absent if _true(t, present)]
        if pool and rng.random() < 0.7:
            denied.append(PhantomSentence(str(rng.choice(pool)), "Findings", "absent", (i,)))
    general = [t for t in _GENERAL_NORMAL if _true(t, present)]
    if rng.random() < 0.7:
        denied.append(PhantomSentence(str(rng.choice(general)), "Findings", "absent"))
    return denied


def _impression(
    findings: Sequence[PhantomFinding], rng: np.random.Generator
) -> list[PhantomSentence]:
    shown = [(i, f) for i, f in enumerate(findings) if f.kind == "finding"]
    if not shown:
        return [PhantomSentence(str(rng.choice(list(_IMPRESSION_NORMAL))), "Impression", "absent")]
    return [
        PhantomSentence(
            str(rng.choice(list(f.phrases["sentence"]))),
            "Impression",
            "present",
            (f.finding,),
            (i,),
        )
        for i, f in shown[:3]
    ]
