"""What the training corpora teach: phrases by which a checkpoint may claim to know a finding."""

from functools import cache


@cache
def taught_phrases() -> tuple[str, ...]:
    """Names, synonyms and usual wordings of every finding that training draws, each once."""
    from explorer.phantom.findings import list_findings
    from explorer.training.phrasing import FINDINGS

    found: list[str] = []
    for words in FINDINGS.values():
        found += [words.name, *words.synonyms]
    for module in list_findings().values():
        card = module.CARD
        found += [card.name, *((card.plural,) if card.plural else ()), *card.nouns]
    return tuple(dict.fromkeys(found))
