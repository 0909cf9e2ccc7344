"""Turns the cue words of a sentence into events that act on the findings before or after them."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from explorer.text import _change, _cues
from explorer.text._patterns import CueTable
from explorer.text.clauses import Break, find_breaks

CUES = CueTable(
    {
        "new": _change.NEW_SINCE,
        "unchanged": _change.NO_CHANGE,
        "aside": _change.NOTHING_ELSE,
        "setting": _cues.IN_THE_RIGHT_SETTING,
        "void_after": _cues.NOT_SAID_AFTER,
        "void_before": _cues.NOT_SAID_BEFORE,
        "doubt_after": _cues.DOUBT_AFTER,
        "doubt_beside": _cues.LESS_LIKELY,
        "denial_beside": _cues.UNLIKELY,
        "doubt_before": _cues.DOUBT_BEFORE,
        "versus": _cues.VERSUS,
        "denial_after": _cues.DENIAL_AFTER,
        "denial_before": _cues.DENIAL_BEFORE,
        "end": _cues.SCOPE_END,
    }
)
_QUIET = frozenset({"new", "unchanged", "aside"})
# These stand before their finding or after it.
_EITHER_SIDE = frozenset({"resolved", "absent", "ruled out"})
_SAYS_NOTHING = _QUIET | {"end", "versus", "setting"}
_QUESTION = re.compile(r"(?P<before>(?<!\w)\?{1,3}\s?(?=\w))|(?P<after>(?<=[\w)])\s?\?(?!\w))")
_CUTS_OFF = re.compile(
    r"[,;.:]|\b(?:given|in|but|and|at|on|based|considering|because|as|without|is|are)\b",
    re.IGNORECASE,
)
_TO_EXCLUDE = re.compile(r"(?:to\s{1,9})?(?:exclude|rule\s{1,9}out)", re.IGNORECASE)
_ADVISED = re.compile(
    r"\b(?:recommend\w{0,6}|consider|considered|obtain\w{0,3}|suggest\w{0,3}|advis\w{1,3}|ct|mri|"
    r"views?|films?|radiographs?|follow-?up|examination|evaluation|imaging|needed|helpful|study)\b",
    re.IGNORECASE,
)
# What could be considered of "drainage of the effusion" is the drainage.
_PROCEDURE = re.compile(
    r"\b(?:thoracentesis|drainage|biopsy|aspiration(?!\spneumon)|bronchoscopy|resection|intubation|removal|"
    r"repositioning|retraction|withdrawal|advancement|treatment|placement)\b",
    re.IGNORECASE,
)
_NEGATIVE = re.compile(r"(?:negative|neg|nil|n|nad|excluded|clear)\b", re.IGNORECASE)
# "Rib fracture: (-)", "PTX (-), effusion (+)"
_SIGN = re.compile(
    r"[:=?]?\s{0,4}\(\s?(?:(?P<bracketed>[-\u2013\u2212])|\+)\s?\)"
    r"|[:=]\s{0,4}(?:(?P<bare>[-\u2013\u2212])|\+)(?=\s{0,4}(?:[,;.]|\Z))"
)
_NEITHER = re.compile("neither|nor", re.IGNORECASE)
_PUNCTUATION = re.compile(r"[,;.:]")
_NEAR = 60
_LONGEST_MARK = 12  # of the sign between a label and its answer
_BEFORE_ANSWER = re.compile(
    # Of "1) no effusion; 2) right nodule" the second number is no answer.
    r"\s{0,4}(?:\d{1,2}[.)]\s{1,4})?(?:(?:is|are|was|currently|grossly|definitely|now|there|very)\s){0,3}",
    re.IGNORECASE,
)
_ANSWER_END = re.compile(r"[,;.)]")
_OTHER_ANSWER = re.compile(
    r"[,;]\s{0,4}(?:but\s|and\s)?(?:yes|present|small|tiny|trace|mild|moderate|large|minimal|"
    r"right|left)\b(?!\s{0,4}(?:none|no|absent|negative))",
    re.IGNORECASE,
)
_HEDGE = re.compile(
    r"(?:(?:most |very )?likely|probabl[ey]|presum\w{2,5}|suggest\w{0,4}|consider\w{0,6}|may|might|"
    r"could|suspicious|concerning|worrisome)\b",
    re.IGNORECASE,
)
_PLACE_AND_SIZE_LIST = """
    small large tiny trace mild moderate severe minimal slight left right bilateral bilaterally
    l r both a the at in on of side sided upper lower mid middle lobe lung zone base bases apex
    apices
    be present there and
"""
_PLACE_AND_SIZE = frozenset(_PLACE_AND_SIZE_LIST.split())


@dataclass(frozen=True, slots=True)
class Event:
    """A cue or a break at a place of the sentence."""

    at: int
    kind: str


def find_events(
    text: str, strong: Sequence[tuple[int, int]], labels: Sequence[tuple[int, int]]
) -> tuple[list[Event], list[tuple[int, int]]]:
    """Events of a sentence in order, and the spans of words that deny nothing.

    Args:
        text: The sentence.
        strong: Spans of the findings it names, in order.
        labels: Spans of all that an answer may speak of, "acute findings: none" too, in order.
    """
    matches = list(CUES.finditer(text))
    quiet = [match.span() for match in matches if match.lastgroup in _QUIET]
    events = [event for match in matches for event in _directed(text, match, strong)]
    events = _without_double_denials(matches, events)
    events += [
        Event(match.start(), "doubt_before" if match["before"] else "doubt_after")
        for match in _QUESTION.finditer(text)
    ]
    predicates = sorted(m.start() for m in matches if m.lastgroup not in _SAYS_NOTHING)
    inside = [match.span() for match in matches]  # the "with" of "could be seen with"
    breaks = [mark for mark in find_breaks(text, predicates) if not _within(inside, mark.at)]
    events = _answered(text, sorted(events, key=_place), breaks, strong, labels)
    return sorted(events, key=_place), quiet


def _without_double_denials(matches: Sequence[re.Match[str]], events: list[Event]) -> list[Event]:
    """Take back the "has resolved" of "neither nodule has resolved": both are there."""
    neither = [m.end() for m in matches if m.lastgroup == "unchanged" and _NEITHER.fullmatch(m[0])]
    denials = [event.at for event in events if event.kind == "denial_after"]
    after = (bisect_left(denials, end) for end in neither)
    undone = {denials[at] for at in after if at < len(denials)}
    return [e for e in events if not (e.kind == "denial_after" and e.at in undone)]


def _place(event: Event) -> int:
    return event.at


def _directed(
    text: str, match: re.Match[str], strong: Sequence[tuple[int, int]]
) -> Iterator[Event]:
    kind = str(match.lastgroup)
    if _TO_EXCLUDE.match(match[0]) and _ADVISED.search(
        text, max(0, match.start() - 100), match.start()
    ):
        kind = "void_before"
    if kind == "doubt_after" and _of_a_procedure(text, match):
        return
    if kind == "setting":
        direction = _direction(text, match.end(), strong, cut=_PUNCTUATION)
        yield Event(match.start(), "doubt_next" if direction == "before" else "doubt_last")
        return
    if kind in _QUIET or match[0].lower().startswith("to "):
        if kind.startswith(("void", "doubt")):
            yield Event(match.start(), kind)
        return
    beside = kind.endswith("_beside") or match[0].lower() in _EITHER_SIDE
    if beside:
        kind = f"{kind.partition('_')[0]}_{_direction(text, match.end(), strong, cut=_CUTS_OFF)}"
    yield Event(match.start(), kind)
    if kind == "versus":  # before it only the neighbour is in doubt, after it all that follows
        yield Event(match.start(), "doubt_before")


def _of_a_procedure(text: str, match: re.Match[str]) -> bool:
    """Whether what "could be considered" is a procedure named earlier in the clause."""
    if not match[0].lower().endswith(("considered", "consideration")):
        return False
    before = text[max(0, match.start() - 100) : match.start()]
    return _PROCEDURE.search(re.split(r"[,;.:]", before)[-1]) is not None


def _direction(
    text: str, end: int, strong: Sequence[tuple[int, int]], *, cut: re.Pattern[str]
) -> str:
    """Whether a word that may stand on either side of its finding stands before or after it."""
    following = bisect_left(strong, (end, 0))
    if following == len(strong) or strong[following][0] > end + _NEAR:
        return "after"
    between = text[end : strong[following][0]].removeprefix(",")
    return "after" if cut.search(between) else "before"


def _answered(
    text: str,
    events: list[Event],
    breaks: Sequence[Break],
    strong: Sequence[tuple[int, int]],
    labels: Sequence[tuple[int, int]],
) -> list[Event]:
    """Add the breaks, except those after which a question or label is answered."""
    result: list[Event] = []
    asked: set[int] = set()
    label = 0
    for mark in breaks:
        if not mark.stop:
            result.append(Event(mark.at, mark.kind))
            label = mark.at if mark.kind == "end" else label
            continue
        if sign := _SIGN.match(text, mark.at):
            denied = sign["bracketed"] or sign["bare"]
            result.append(Event(mark.at, "denial_after" if denied else "end"))
            asked.add(mark.at)
            label = mark.at
            continue
        answer = _answer_start(text, mark.at)
        close = _ANSWER_END.search(text, answer, answer + _NEAR)
        end = close.start() if close else min(len(text), answer + _NEAR)
        named = _any_within(labels, label, mark.at)
        said = labels if text[mark.at] == ";" else strong
        if not named or _any_within(said, answer, end):
            result.append(Event(mark.at, "end"))
        elif "?" in text[mark.at + 1 : answer]:  # "Nodule: ?RUL"
            result.append(Event(answer, "doubt_after"))
        else:
            result += _answer(text, events, answer, end)
            asked.add(mark.at)
        label = mark.at
    # The question mark of "Effusion? None." is no doubt.
    return result + [event for event in events if event.at not in asked]


def _answer_start(text: str, mark: int) -> int:
    limit = min(len(text), mark + _LONGEST_MARK)
    while mark < limit and not text[mark].isalnum():
        mark += 1
    found = _BEFORE_ANSWER.match(text, mark)
    return found.end() if found else mark


def _answer(text: str, events: list[Event], start: int, end: int) -> Iterator[Event]:
    """The answer's cue, made to act on the label before it."""
    at = bisect_left(events, start, key=_place)
    found = at < len(events) and events[at].at == start
    state = events[at].kind.partition("_")[0] if found else ""
    state = "denial" if _NEGATIVE.match(text, start) else state
    if state == "doubt" and _doubts_its_kind(text, start, end):
        return
    if state == "doubt" or (state == "denial" and not _OTHER_ANSWER.match(text, end)):
        yield Event(start, f"{state}_after")


def _doubts_its_kind(text: str, start: int, end: int) -> bool:
    """Whether an answer such as "likely benign" takes it as given that the thing is there."""
    hedge = _HEDGE.match(text, start, end)
    if hedge is None:
        return False
    return not _PLACE_AND_SIZE.issuperset(text[hedge.end() : end].lower().split())


def _within(spans: Sequence[tuple[int, int]], at: int) -> bool:
    """Whether `at` lies inside one of the spans, which are in order, behind its first letter."""
    before = bisect_left(spans, (at, 0)) - 1
    return before >= 0 and at < spans[before][1]


def _any_within(spans: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    at = bisect_left(spans, (start, 0))
    return at < len(spans) and spans[at][0] < end
