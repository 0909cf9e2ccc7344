"""What the training corpora taught: by its words, since vectors do not tell what is unknown.

Text vectors of untaught findings lie as near to taught phrases as other wordings of taught ones
do (docs/score.md), so what a phrase names decides, and whether all its words were taught.
"""

import re
from functools import cache

import numpy as np

from explorer.embeddings import Taught
from explorer.text import mentions

_SENTENCES, _SEED = 6000, 7  # drawn from the grammar of the phantoms
# A name for too many things: sternal wires were taught, stents and implants were not.
_TOO_WIDE = {"surgical material"}
_LEAST = 3  # times that a word must have come up: rarer ones are typing errors


@cache
def taught() -> Taught:
    """Findings and words of the phrases and sentences that training draws from."""
    from explorer.phantom.findings import list_findings
    from explorer.phantom.phrasebook import sentences
    from explorer.training.phrasing import FINDINGS

    phrases: list[str] = []
    for words in FINDINGS.values():
        phrases += [words.name, *words.synonyms]
    for module in list_findings().values():
        phrases += [module.CARD.name, *module.CARD.nouns]
    findings = {name for phrase in phrases for name in mentions(phrase)} - _TOO_WIDE
    counts: dict[str, int] = dict.fromkeys((w for p in phrases for w in words_of(p)), _LEAST)
    for spoken in sentences(np.random.default_rng(_SEED), _SENTENCES):
        if not spoken.typed:
            for word in words_of(spoken.text):
                counts[word] = counts.get(word, 0) + 1
    known = sorted(word for word, count in counts.items() if count >= _LEAST)
    return Taught(tuple(sorted(findings)), tuple(known))


def knows(taught: Taught, phrase: str) -> bool:
    """Whether a phrase names a taught finding, or says nothing but taught words."""
    if set(mentions(phrase)) & set(taught.findings):
        return True
    words = words_of(phrase)
    return bool(words) and set(words) <= set(taught.words)


def words_of(phrase: str) -> list[str]:
    """Words of a phrase in lower case; numbers and single letters are left out.

    >>> words_of("A 12 mm nodule, left base.")
    ['mm', 'nodule', 'left', 'base']
    """
    return re.findall(r"[a-z][a-z'-]*[a-z]", phrase.lower())
