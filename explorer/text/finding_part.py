"""Takes from a sentence the part that names what to look for on the image.

A map is asked for "left effusion", not for "no interval increase in the left effusion": words of
change, advice and people would be looked for as if they were findings.
"""

from collections.abc import Sequence

from explorer.entities import Assertion, Phrase
from explorer.text._patterns import CueTable

_HOW = (
    "(?:(?:significant|interval|definite|appreciable|substantial|obvious|further|major|gross|"
    "marked|clear|evident|overall|convincing|radiographic|slight|mild|moderate|minimal|partial|"
    "complete|near|continued|new)(?:ly)?(?: |-)){0,3}"
)
_CHANGE = (
    "(?:change|increase|decrease|worsening|progression|enlargement|growth|improvement|reduction|"
    "resolution|clearing|regression|development|difference)s?"
)
_OF = (
    "(?: (?:in|of|to|for|from)(?: (?:the )?(?:size|extent|appearance|degree|amount|position|volume|"
    "severity|number)(?: and (?:extent|number|appearance))?(?: of| in)?)?)"
)
_THE = "(?: (?:the|a|an|this|these|those|any|known|previously (?:seen|noted|described)))*"

# Words before the finding, and what may stand between them and it.
_LEADS = CueTable(
    {
        "lead": (
            f"(?:there (?:is|are|has been|have been|was|were) )?(?:no|without|not any) {_HOW}"
            f"{_CHANGE}(?:(?: or|,|/| and) ?{_HOW}{_CHANGE})?{_OF}{_THE}",
            "(?:(?:there (?:is|are|has been|have been) )?(?:an? |the )?)?"
            f"{_HOW}{_CHANGE}{_OF}{_THE}",
            r"(?:as )?(?:compared?|comparison)(?: is made)? (?:to|with)[^,;:.]{1,80},",
            r"in comparison[^,;:.]{0,80},",
            r"since (?:the )?(?:prior|previous|last|earlier)[^,;:.]{0,80},",
            r"please (?:note|see)(?: is made)?(?: that| of)?(?: there (?:is|are))?",
            r"note is (?:again )?made of",
            r"in (?:the|an?) (?:\w{1,14} ){0,2}(?:setting|context)(?: of [^,;:.]{1,60})?,?",
            rf"(?:recommend|suggest|advise|consider)(?:ed)? [^,;.]{{1,60}}? (?:of|for){_THE}",
            rf"follow-?up(?: \w{{1,14}}){{0,3}} (?:of|for){_THE}",
            r"(?:drs?\.?|the)(?: [\w.]{1,20}){1,4} (?:was|were|has been|is) "
            rf"(?:told|notified|informed|made aware|called|paged) (?:of|about|regarding){_THE}",
            r"there (?:is|are|has been|have been|remains?)(?: again)?(?: (?:an?|the))?",
            r"(?:the|an?|this)",
            r"again (?:seen|noted|demonstrated) (?:is|are)(?: (?:an?|the))?",
        )
    }
)
_TAILS = CueTable(
    {
        "tail": (
            r"(?:which |that |and )?(?:(?:was|were|is|are|has been|have been) )?"
            r"(?:discussed|communicated|called|relayed|conveyed|telephoned|phoned|reported|notified)"
            r" (?:with|to|by|via|at|in|over)",
            r"(?:clinical(?:ly)? )?correlat(?:e|ion)",
            r"(?:please|i|we|would|with)? ?recommend(?:ed|ing|ation)?",
            r"(?:is|are|should be|would be) (?:recommended|advised|suggested|warranted)",
            r"follow-?up",
            r"in (?:the|an?) (?:\w{1,14} ){0,2}(?:clinical )?(?:setting|context)",
            r"(?:(?:is|are|was|were|has|have|remains?|appears?) )?(?:not )?(?:\w{1,14}ly )?"
            r"(?:unchanged|stable|changed|increased|decreased|improved|worsened|seen|visible|present|"
            r"resolved|cleared)? ?(?:as |when )?(?:since|compared (?:to|with)|in comparison|"
            r"on (?:the |a )?(?:prior|previous|earlier)|from (?:the )?(?:prior|previous|earlier))",
            r"(?:is|are|has|have|remains?)(?: \w{1,14}ly)?(?: not)?(?: been)?(?: \w{1,14}ly)? "
            r"(?:unchanged|stable|changed|resolved|cleared)",
        )
    }
)
_EDGES = " \t\r\n.,;:-\u2013\u2014"


def finding_part(sentence: str, phrases: Sequence[Phrase], *, start: int = 0) -> str:
    """The words of `sentence` that name what it says is there, doubted or denied.

    Args:
        sentence: Its own text.
        phrases: Its phrases in order.
        start: Offset of the sentence in the text that the phrases count from.

    Returns:
        The phrases that carry the sentence's assertion, without words of change, comparison,
        advice and people; denial and doubt stay. Empty where no phrase speaks of the image.
    """
    order: tuple[Assertion, ...] = ("present", "uncertain", "absent")
    said = {phrase.assertion for phrase in phrases}
    strongest = next((state for state in order if state in said), None)
    if strongest is None:
        return ""
    kept = [(p.start - start, p.end - start) for p in phrases if p.assertion == strongest]
    if len(kept) == len(phrases):
        kept = [(kept[0][0], kept[-1][1])]
    return ", ".join(_without_frame(sentence[begin:end]) for begin, end in kept)


def _without_frame(words: str) -> str:
    """Cut what stands around the finding, as long as a word is left that could be one."""
    for _ in range(3):
        lead = _LEADS.match(words)
        if lead is None or not _says_something(words[lead.end() :]):
            break
        words = words[lead.end() :].strip(_EDGES)
    tail = next((m for m in _TAILS.finditer(words) if _says_something(words[: m.start()])), None)
    return words[: tail.start()].strip(_EDGES) if tail else words.strip(_EDGES)


def _says_something(words: str) -> bool:
    return any(len(word) > 2 and word.isalpha() for word in words.split())
