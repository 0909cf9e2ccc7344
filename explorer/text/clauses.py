"""Finds where the reach of a cue ends: at a new statement, not at every comma of a list.

"No pneumothorax, left effusion has increased" denies the first only, "no pneumothorax, left
effusion, or nodule" all three: what decides is whether a verb, a side or a new subject begins,
and whether the list goes on to an "or".
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

# A statement is looked at up to this many characters; real ones are shorter.
_LOOK_AHEAD = 160
_SEPARATOR = re.compile(
    r"(?P<stop>;{1,40}|\s?\.{2,6}\s(?=[a-z])|:(?=\s)|\s[-\u2013\u2014]{1,3}\s|\s?=\s?(?=[a-z])|[\u2013\u2014]|(?<=\w)\?(?=\s)"
    r"|\s?\((?=(?:none|nil|no|negative|absent|yes|possible|questionable|[-+\u2013\u2212])\))"
    # "Effusion, none;": an answer that is all that follows.
    r"|,(?=\s(?:none|nil|absent|negative|not (?:seen|identified|present)|probable|possible|"
    r"suspected|questionable|equivocal|doubtful)\s{0,4}(?:[;.]|\Z)))"
    r"|(?P<aside>\s{0,4}\()"
    r"|(?P<comma>,{1,40}(?!\s(?:if (?:any|present|real|true)\b))"
    r"(?:\s{1,4}(?:and|but|with|plus)\b)?)"
    r"|(?P<joint>\s(?:and|with|plus|&)(?=\s))",
    re.IGNORECASE,
)
_LIST_END = re.compile(r"\b(?:or|nor)\b", re.IGNORECASE)
_LIST_STOP = re.compile(
    r";|\b(?:but|however|although|which|there|no|without|is|are|was|were|has|have|remains?|"
    r"appears?|persists?|measures?|shows?|demonstrates?)\b",
    re.IGNORECASE,
)
_VERB = re.compile(
    r"\b(?:(?P<one>is|was|has|remains|appears|persists|measures|shows|demonstrates|increases|"
    r"projects|overlies|obscures|terminates)|are|were|have|remain|appear|persist|measure|show|"
    r"demonstrate|project|overlie)\b(?P<found>\s(?:\w{1,14}ly\s)?(?:seen|identified|noted|present|"
    r"evident|demonstrated|visuali[sz]ed|appreciated|detected|observed|visible|developed|"
    r"appeared|occurred)\b)?",
    re.IGNORECASE,
)
_ENDS_WITH_STATE = re.compile(
    r"\w\s(?:increased|decreased|unchanged|stable|improved|improving|worsened|worsening|resolved|"
    r"persistent|larger|smaller|in place|in (?:good |satisfactory )?position)\W*\Z",
    re.IGNORECASE,
)
_ENDS_IN_DOUBT = re.compile(r"\w\s(?:unlikely|less likely|doubtful|possible)\W*\Z", re.IGNORECASE)
_JOINED = re.compile(r"\b(?:and|or)\b", re.IGNORECASE)
# "There may be infection associated with some consolidation" doubts both.
_BOUND = re.compile(
    r"\b(?:associated|along|together|combined|consistent|compatible)\Z", re.IGNORECASE
)
_NEW_CLAUSE = re.compile(
    r"\s{0,4}(?:(?:the|there|a|an|which|with|this|these)\b(?!\s+or\b))", re.IGNORECASE
)
_NEW_SUBJECT = re.compile(r"\s{0,4}(?:heart|lungs?|cardiac|mediastin\w{2,5})\b", re.IGNORECASE)
_NEW_SIDE = re.compile(
    r"\s{0,4}(?:(?:right|left|bilateral|bibasilar|biapical)\b|(?-i:[RL])(?=\s[a-z]))"
    r"(?!\s(?:greater|more|larger|worse|less|smaller|than|side\b|and (?:right|left)))",
    re.IGNORECASE,
)
_NEW_STATE = re.compile(
    r"\s{0,4}(?:(?:a|an|the)\s)?(?:some|present|residual|small|tiny|trace|mild|mildly|moderate|minimal|stable|unchanged|persistent|chronic|"
    r"improv\w{2,4}|worsen\w{2,4}|increas\w{2,4}|decreas\w{2,4}|possible|probable|likely|old|"
    r"interval|several|multiple|numerous|few|scattered|two|three|s/p|status post|"
    r"post-?(?:surgical|operative)|\d{1,3}(?:\.\d{1,2})?\s{0,4}[cm]m)\b",
    re.IGNORECASE,
)
# Reports state these and hardly ever deny them: among things that are denied, one is stated.
_STATED = re.compile(
    r"\b(?:degenerative|spondylosis|osteophyt\w{2,5}|scoliosis|\w{4,6}scoliosis|kyphosis|"
    r"osteopeni[ac]|tortuous|tortuosity|atherosclero\w{3,4}|"
    r"aort\w{1,2} (?:calcific\w{4,6}|ectasia)|"
    r"calcified (?:aort\w{1,2}|granulom\w{1,3})|sternotomy|sternal wires|pacemaker|"
    r"defibrillator|clips|(?:endotracheal|nasogastric|tracheostomy|chest|feeding) tube|"
    r"(?:central|venous|picc|port) (?:line|catheter)|spur(?:s|ring)?|arthr\w{3,8}|"
    r"unfold(?:ed|ing)|calcified (?:\w{1,12} ){0,2}nod(?:es?|ules?)|(?:hiatal|hiatus) hernias?|"
    r"(?:hyper|over)-?(?:inflat|expan|aerat)\w{1,5}|low (?:lung )?volumes?|"
    r"elevated (?:\w{1,12} ){0,2}(?:hemi-?)?diaphragms?|copd|emphysema\w{0,4}|scarring)\b",
    re.IGNORECASE,
)
# "No acute disease, cardiomegaly": what follows a denial of everything acute is no part of it.
_NOTHING_ACUTE = re.compile(
    r"\b(?:acute|active)\s(?:\w{1,18}\s)?(?:disease|process|abnormalit(?:y|ies)|findings?)\W{0,3}\Z",
    re.IGNORECASE,
)
_LASTING = re.compile(r"\b(?:cardiomegaly|heart failure|chf|granulom\w{1,3})\b", re.IGNORECASE)
_PLACE_OF_ITS_OWN = re.compile(
    r"\s(?:in|at|on|along|within) (?:the|both) (?:right|left|lingula|lung|base|bases|ap(?:ex|ices)|"
    r"(?:upper|lower|mid|middle)(?: lung)? (?:lobes?|zones?|lungs?))\b[^,;]{0,40}\Z",
    re.IGNORECASE,
)
_SIDE = re.compile(r"\b(?:right|left|lingula|bases?|ap(?:ex|ices)|lobes?|zones?)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Break:
    """Where a reach may end; a "pause" ends that of a doubt only."""

    at: int
    kind: str  # "end" or "pause"
    stop: bool = False  # a mark that an answer may follow, as in "Effusion: none"


def find_breaks(text: str, predicates: Sequence[int]) -> tuple[Break, ...]:
    """Breaks of a sentence, in order.

    Args:
        text: The sentence.
        predicates: Starts of the words that say something of a finding (denial, doubt, ...).
    """
    breaks: list[Break] = []
    said = sorted([*predicates, *(match.start() for match in _VERB.finditer(text))])
    listed = _ListAhead(text)
    begin, answered = 0, False
    separators = list(_SEPARATOR.finditer(text))
    for number, mark in enumerate(separators):
        following = separators[number + 1] if number + 1 < len(separators) else None
        end = min(following.start() if following else len(text), mark.end() + _LOOK_AHEAD)
        right = text[mark.end() : end]
        if mark["stop"]:
            breaks.append(Break(mark.start(), "end", stop=True))
            begin, answered = mark.end(), True
            continue
        left_says = bisect_left(said, mark.start()) > bisect_left(said, begin)
        goes_on = listed.goes_on(mark.end())
        left = text[max(begin, mark.start() - _LOOK_AHEAD) : mark.start()]
        if mark["comma"]:
            after = text[end : end + 24] if following and following["comma"] else ""
            new = _comma_breaks(right, after, left_says=left_says, goes_on=goes_on)
            new = new or (not goes_on and left_says and _item_breaks(left, right))
            # "Effusion: yes, nodule: none" and "Effusion (none), nodule": a label of its own.
            next_label = following is not None and following["stop"] is not None
            new = new or (answered and (next_label or text[mark.start() - 1] == ")"))
        else:
            new = _aside_or_joint_breaks(mark, left, right, said=left_says and not goes_on)
        if new:
            begin, answered = mark.end(), False
        if new or (mark["comma"] and not goes_on):
            breaks.append(Break(mark.start(), "end" if new else "pause"))
    return tuple(breaks)


def _aside_or_joint_breaks(mark: re.Match[str], left: str, right: str, *, said: bool) -> bool:
    """Whether a parenthesis, an "and" or a "with" begins a new statement."""
    if mark["aside"]:
        return bool(_NEW_STATE.match(right) or _NEW_SIDE.match(right))
    part = mark["joint"].strip().lower() == "with"
    if part and _BOUND.search(left[-16:]):
        return False
    return said and _joint_breaks(left, right, part=part)


class _ListAhead:
    """Tells whether a list goes on to an "or" before anything else is said."""

    def __init__(self, text: str) -> None:
        self._ends = [match.start() for match in _LIST_END.finditer(text)]
        self._stops = [match.start() for match in _LIST_STOP.finditer(text)]

    def goes_on(self, at: int) -> bool:
        end = bisect_left(self._ends, at)
        stop = bisect_left(self._stops, at)
        if end == len(self._ends):
            return False
        return stop == len(self._stops) or self._ends[end] < self._stops[stop]


def _comma_breaks(right: str, after: str, *, left_says: bool, goes_on: bool) -> bool:
    if _NEW_CLAUSE.match(right):
        return True
    if goes_on:
        return False
    if _starts_with_verb(after):  # "..., previously moderate, has resolved": a remark
        return False
    if _NEW_SUBJECT.match(right) or _NEW_STATE.match(right):
        return True
    return _NEW_SIDE.match(right) is not None or _states(right, left_says=left_says, alone=True)


def _item_breaks(left: str, right: str) -> bool:
    """Whether an item of a list without "or" is stated although what stands before is denied."""
    if _STATED.search(right) and not _STATED.search(left):
        return True
    if _NOTHING_ACUTE.search(left[-48:]) and _LASTING.search(right):
        return True
    return _PLACE_OF_ITS_OWN.search(right) is not None and not _SIDE.search(left)


def _joint_breaks(left: str, right: str, *, part: bool) -> bool:
    """`part`: joined by "with", as in "opacity with an air-fluid level"."""
    if (_NEW_CLAUSE.match(right) and not part) or _NEW_STATE.match(right):
        return True
    if _NEW_SIDE.match(right) and not _SIDE.search(left):
        return True
    return _states(right, left_says=True, alone=False)


def _states(right: str, *, left_says: bool, alone: bool) -> bool:
    """Whether `right` has a subject and a verb of its own, or ends in a word of change."""
    if _ENDS_IN_DOUBT.search(right[-24:]):
        return left_says or (alone and not _JOINED.search(right))
    verb = _VERB.search(right)
    if verb is None:
        return left_says and _ENDS_WITH_STATE.search(right[-24:]) is not None
    if not right[: verb.start()].strip():
        return False
    if verb["found"] and not (verb["one"] and alone):
        return False
    if left_says:
        return True
    # "Nodule, pneumothorax has resolved": one verb for one thing; "A, B and C have" is a list.
    return verb["one"] is not None and alone and not _JOINED.search(right[: verb.start()])


def _starts_with_verb(after: str) -> bool:
    found = _VERB.search(after)
    return found is not None and not after[: found.start()].strip(" ,")
