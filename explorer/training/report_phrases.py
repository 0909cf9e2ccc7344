"""What a report says of its image: phrases that hold, denials, and findings that may be there.

No reader marked a place, so the phrases have no mask. A phrase that holds is matched with its
image; a denial is in no image; and a phrase is a negative of another image only where that image's
own words leave no room for any finding the phrase mentions.
"""

import re
from dataclasses import dataclass

from explorer.entities import Phrase, Sentence
from explorer.text import mentions, read_report
from explorer.training.phrasing import related

_TAKEN_OUT = re.compile(r"X{3,}|_{2,}")  # what de-identification leaves behind

_TUBES = frozenset({"central_line", "chest_tube", "endotracheal_tube", "feeding_tube"}) | {
    "nasogastric_tube",
    "picc",
    "port",
}
_DEVICES = frozenset({"pacemaker", "icd"})

# Name in `explorer.text` -> groups that it may belong to, where the name alone is not the group.
_GROUPS: dict[str, frozenset[str]] = {
    "pleural thickening": frozenset({"pleura"}),
    "pleural effusion": frozenset({"effusion"}),
    "consolidation": frozenset({"opacity"}),
    "pneumonia": frozenset({"opacity"}),
    "infiltrate": frozenset({"opacity"}),
    "tuberculosis": frozenset({"opacity", "nodule", "fibrosis"}),
    "vascular congestion": frozenset({"edema"}),
    "cardiomegaly": frozenset({"heart"}),
    "granuloma": frozenset({"nodule"}),
    "mass": frozenset({"nodule", "hilar_enlargement", "widened_mediastinum"}),
    "cavity": frozenset({"nodule"}),
    "hyperinflation": frozenset({"emphysema", "hyperinflation"}),
    "emphysema": frozenset({"emphysema", "hyperinflation"}),
    "calcification": frozenset({"nodule", "aortic_calcification"}),
    "lymphadenopathy": frozenset({"hilar_enlargement", "widened_mediastinum"}),
    "tortuous aorta": frozenset({"aortic_tortuosity", "widened_mediastinum"}),
    "elevated diaphragm": frozenset({"elevated_diaphragm"}),
    "free air": frozenset({"free_air"}),
    "fracture": frozenset({"rib_fracture", "clavicle_fracture"}),
    "spine curvature": frozenset({"scoliosis"}),
    "tube or line": _TUBES,
    "pacemaker": _DEVICES,
    "surgical material": frozenset({"sternal_wires", "prosthetic_valve"}) | _DEVICES,
    "foreign body": _TUBES | _DEVICES | {"sternal_wires", "prosthetic_valve"},
}
KNOWN_GROUPS = frozenset[str]().union(*_GROUPS.values())


@dataclass(frozen=True, slots=True)
class ReportPhrase:
    """A phrase that a report asserts, and the groups of all findings it mentions."""

    text: str
    groups: frozenset[str]


@dataclass(frozen=True, slots=True)
class ReportWords:
    """One report as training uses it.

    Attributes:
        phrases: Asserted phrases that mention a finding, each distinct one once.
        denials: Sentences that deny findings or call things normal.
        denied: Plain names of findings that are denied and that nothing alike is said of.
        maybe_present: Groups of what is asserted or doubted, with those that look alike.
    """

    phrases: tuple[ReportPhrase, ...]
    denials: tuple[str, ...]
    denied: tuple[str, ...]
    maybe_present: frozenset[str]


def groups_of(phrase: str) -> frozenset[str]:
    """Groups of the findings that a phrase mentions, asserted or not.

    >>> sorted(groups_of("Cardiomegaly with effusion."))
    ['effusion', 'heart']
    """
    found = (_GROUPS.get(name, frozenset({name.replace(" ", "_")})) for name in mentions(phrase))
    return frozenset[str]().union(*found)


def from_report(text: str) -> ReportWords:
    """Read a report; sections that do not speak of the image are left out.

    Raises:
        ReportError: The text is too long to be one report.
    """
    parts = [
        part for sentence in read_report(_cleaned(text)).sentences for part in _parts(sentence)
    ]
    phrases: dict[str, ReportPhrase] = {}
    maybe = set[str]()
    for part in parts:
        groups = groups_of(part.text)
        if part.assertion in ("present", "uncertain"):
            maybe.update(*(related(group) for group in groups))
        if part.assertion == "present" and groups:
            phrases.setdefault(part.text.lower(), ReportPhrase(part.text, groups))
    absent = [part.text for part in parts if part.assertion == "absent"]
    denied = {name for words in absent for name in mentions(words) if not groups_of(name) & maybe}
    return ReportWords(
        phrases=tuple(phrases.values()),
        denials=tuple(dict.fromkeys(words for words in absent if " " in words)),
        denied=tuple(sorted(denied)),
        maybe_present=frozenset(maybe),
    )


def _parts(sentence: Sentence) -> tuple[Phrase | Sentence, ...]:
    """The whole sentence where its phrases agree, else its phrases."""
    agree = len({phrase.assertion for phrase in sentence.phrases}) == 1
    return (sentence,) if agree else sentence.phrases


def _cleaned(text: str) -> str:
    return re.sub(r"[ \t]{2,}", " ", _TAKEN_OUT.sub(" ", text))
