"""Takes from a sentence the part that names what to look for on the image.

A map is asked for "left effusion", not for "no interval increase in the left effusion": words of
change, advice and people would be looked for as if they were findings.
"""

import re
from collections.abc import Sequence

from explorer.entities import Assertion, Phrase
from explorer.text._patterns import CueTable
from explorer.text.findings import find_mentions

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

_EXAMINATION = "(?:ct|mri|mr|imaging|radiographs?|films?|views?|x-?rays?|follow-?up)"

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
            rf"(?:recommend|suggest|advise|consider)(?:ed)?(?: [\w-]{{1,14}}){{1,6}} "
            rf"(?:of|for|to (?:characterize|evaluate|assess|confirm|follow)){_THE}",
            rf"(?:\w{{1,14}} ){{0,3}}{_EXAMINATION}(?: [\w-]{{1,14}}){{0,3}} (?:recommended|"
            "advised|suggested|warranted) "
            rf"(?:of|for|to (?:characterize|evaluate|assess|follow)){_THE}",
            rf"(?:\w{{1,14}},? ){{0,6}}{_EXAMINATION}(?: of the chest)? "
            rf"(?:show|demonstrate|reveal)s?{_THE}",
            rf"follow-?up(?: \w{{1,14}}){{0,3}} (?:of|for){_THE}",
            r"(?:drs?\.?|the)(?: [\w.]{1,20}){1,4} (?:was|were|has been|is) "
            rf"(?:told|notified|informed|made aware|called|paged) (?:of|about|regarding){_THE}",
            "there (?:is|are|has been|have been|remains?)(?: again| also| now| still)?"
            "(?: (?:an?|the))?",
            r"(?:the|an?|this)",
            r"again (?:seen|noted|demonstrated) (?:is|are)(?: (?:an?|the))?",
            "(?:unchanged|stable|persistent|unresolved|non-?resolving|resolving)"
            "(?: appearing| appearance of(?: the)?)?",
            "(?:partial|incomplete|near|almost|not yet|large|most)(?:ly)?"
            "(?: (?:complete|full)(?:ly)?)? "
            "(?:resolved|cleared|resolving|clearing)",
            "(?:r/o|rule out|query|consider)",
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
            r"(?:for )?which",
            r"in (?:the|an?) (?:\w{1,14} ){0,2}(?:clinical )?(?:setting|context)",
            r"(?:(?:is|are|was|were|has|have|remains?|appears?) )?(?:not )?(?:\w{1,14}ly )?"
            r"(?:unchanged|stable|changed|increased|decreased|improved|worsened|seen|visible|present|"
            r"resolved|cleared)? ?(?:as |when )?(?:since|compared (?:to|with)|in comparison|"
            r"on (?:the |a )?(?:prior|previous|earlier)|from (?:the )?(?:prior|previous|earlier))",
            r"(?:is|are|has|have|remains?)(?: \w{1,14}ly)?(?: not)?(?: been| yet)?(?: \w{1,14}ly)? "
            r"(?:unchanged|stable|changed|resolved|cleared|increased|decreased|improved|worsened|"
            r"progressed|enlarged|grown|larger|smaller)",
            r"(?:persists?|fail(?:s|ed) to (?:clear|resolve|improve))",
            rf"without {_HOW}{_CHANGE}",
            r"(?:is|are) (?:a consideration|a possibility|in the differential|possible|suspected)",
            r"(?:is|are|can|could|should|must|may)(?: ?not)?(?: \w{1,14}ly)?(?: be)?"
            r"(?: \w{1,14}ly)? "
            r"(?:ruled out|excluded|considered)",
        )
    }
)
_MIN_LETTERS = 3
_LONGEST_ABBREVIATION = 4
_EDGES = " \t\r\n.,;:?-\u2013\u2014"
_ANSWERED = re.compile(
    r"(?P<label>[^:?\u2013\u2014]{2,80}?)\s{0,4}(?:[:?\u2013\u2014]|\s-)"
    r"\s{0,4}(?P<answer>[^:?]{1,40})"
)
_KIND_LIST = """
    small large tiny trace mild moderate severe minimal slight left right bilateral bibasilar
    basilar apical upper lower mid lobe base lung l r possible probable questionable
"""
_KIND_WORDS = frozenset(_KIND_LIST.split())


def finding_part(sentence: str, phrases: Sequence[Phrase], *, start: int = 0) -> str:
    """The words of `sentence` that name what it says is there, doubted or denied.

    Args:
        sentence: Its own text.
        phrases: Its phrases in order.
        start: Offset of the sentence in the text that the phrases count from.

    Returns:
        The phrases that carry the sentence's assertion, without words of change, comparison,
        advice and people; an answer is put before what it answers ("Effusion: small" gives
        "small effusion"). Empty where no phrase speaks of the image.
    """
    order: tuple[Assertion, ...] = ("present", "uncertain", "absent")
    said = {phrase.assertion for phrase in phrases}
    strongest = next((state for state in order if state in said), None)
    if strongest is None:
        return ""
    kept = [(p.start - start, p.end - start) for p in phrases if p.assertion == strongest]
    if len(kept) == len(phrases):
        kept = [(kept[0][0], kept[-1][1])]
    parts = [_without_frame(sentence[begin:end]) for begin, end in kept]
    return ", ".join(_with_answer_first(part, strongest) for part in parts)


def _without_frame(words: str) -> str:
    """Cut what stands around the findings, never a finding itself."""
    named = find_mentions(words)
    first_end = named[0][1] if named else _MIN_LETTERS
    last_start = named[-1][0] if named else len(words) - _MIN_LETTERS
    begin = 0
    for _ in range(3):
        lead = _LEADS.match(words, begin)
        if lead is None or lead.end() > last_start:
            break
        begin = lead.end() + len(words[lead.end() :]) - len(words[lead.end() :].lstrip(_EDGES))
    tails = (match.start() for match in _TAILS.finditer(words))
    end = next((at for at in tails if at >= max(first_end, begin + _MIN_LETTERS)), len(words))
    return words[begin:end].strip(_EDGES)


def _with_answer_first(words: str, assertion: Assertion) -> str:
    """Put an answer first: "Effusion: small, left" becomes "small left effusion"."""
    match = _ANSWERED.fullmatch(words)
    if match is None or not find_mentions(match["label"]) or find_mentions(match["answer"]):
        return words
    label = match["label"]
    label = label if label.isupper() and len(label) <= _LONGEST_ABBREVIATION else label.lower()
    answer = match["answer"].lower().replace(",", " ").split()
    kinds = [word for word in answer if word in _KIND_WORDS]
    if assertion == "absent":
        return f"no {label}"
    return " ".join([*kinds, label]) if len(kinds) == len(answer) else label
