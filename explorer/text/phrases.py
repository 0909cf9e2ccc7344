"""Splits a sentence into phrases that each state one thing."""

import re
from collections.abc import Sequence

from explorer.entities import Assertion
from explorer.text.assertion import Target, calls_normal, calls_unchanged, targets_within
from explorer.text.location import find_side, find_zone

Span = tuple[int, int]

# The part before `keep` is dropped between two phrases; what `keep` holds opens the next one.
_SEPARATOR = re.compile(
    r"(?P<strong>[;,]?\s{1,4}(?:but|however|although|though|while|whereas|yet|despite),?\s{1,4}"
    r"|[;,]?\s{1,4}(?:except(?:\sfor)?|apart\sfrom|aside\sfrom|other\sthan|"
    r"with\sthe\s(?:sole\s|single\s|possible\s)?exception\sof),?\s{1,4}(?!that\b)"
    r"|[;,]?\s{1,4}otherwise,?\s{1,4}(?=(?:no|the|lungs?|heart|negative)\b)"
    r"|;\s{0,4}|(?:(?<=in place)|(?<=in situ))\s{1,4}(?=the\b|there\b|no\b))"
    r"|(?P<denial>,?\s{1,4}(?:(?:and|with)\s{1,4}(?=no\b)|(?=without\b|w/o\b)))"
    r"|(?P<list>,\s{0,4}"
    r"(?:(?:and|or|as well as|and/or|with|plus|and with|otherwise,?)\s{1,4})?)"
    r"|(?P<aside>\s{0,4}\((?=\w)|,?\s{1,4}(?:given|in\sview\sof|in\slight\sof)\s{1,4})"
    r"|(?P<bare>\s{1,4}(?:and|or|as well as|and/or|with|plus|nor)\s{1,4})",
    re.IGNORECASE,
)
# Enough for any real clause; bounds the work on endless lists.
_LOOK_BACK = 400
_LOOK_AHEAD = 80
_VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|appears?|remains?|shows?|demonstrates?|seen|noted|recommended)\b",
    re.IGNORECASE,
)
_BINDS_NEXT = re.compile(
    r"\b(?:is|are|was|were|appears?|remains?|consistent|compatible|associated|along|together|keeping|"
    r"continuous|confluent|patients?|compared|combined|status|between|both)\Z",
    re.IGNORECASE,
)
_STARTS_WITHOUT_SUBJECT = re.compile(
    r"(?:is|are|was|were|has|have|appears?|remains?|may|might|could|can|likely|probably|which|that|"
    r"not|seen|most)\b",
    re.IGNORECASE,
)
# "Heart size is normal or mildly enlarged": what follows has no subject of its own.
_STATE_ONLY = re.compile(r"(?:\w{1,20}ly\s{1,4}){0,2}\w{1,20}(?:ed|ous|ic|ing)")
_HALF_SAID = re.compile(
    r"\b(?:borderline|possibl[ey]|probabl[ey]|may|question\w{0,4})\b", re.IGNORECASE
)
_SIDE_ANSWER = re.compile(r"(?:right|left|rt|lt|(?-i:R|L))\s?[:=]\s?\w", re.IGNORECASE)
_OTHERWISE_NORMAL = re.compile(
    r"otherwise\s(?:clear|normal|negative|unremarkable)\b", re.IGNORECASE
)
_ADVISED = re.compile(r"\b(?:recommended|advised|notified|informed|aware)\b", re.IGNORECASE)
_NEXT_STEP_CLAUSE = re.compile(
    r"(?:clinical\w*\s+correlat\w+|correlat\w+|recommend\w*|consider|follow-?up|suggest\b)",
    re.IGNORECASE,
)


def split_phrases(sentence: str, targets: Sequence[Target]) -> tuple[Span, ...]:
    """Spans of the phrases of `sentence`, in order, not overlapping, never empty.

    A clause of its own (", but ...", "; ...", two verbs) is always cut off. A list of findings
    is cut where the items do not share a place: "left atelectasis and effusion" stays whole.
    """
    spans: list[Span] = []
    begin = 0
    separators = list(_SEPARATOR.finditer(sentence))
    for number, match in enumerate(separators):
        if match.start() < begin:
            continue
        following = separators[number + 1].start() if number + 1 < len(separators) else None
        left = (max(begin, match.start() - _LOOK_BACK), match.start())
        right = (match.end(), len(sentence) if following is None else following)
        if _cuts(sentence, match, left, right, targets):
            spans.append((begin, match.start()))
            begin = match.end()
    spans.append((begin, len(sentence)))
    return tuple(trimmed for span in spans if (trimmed := _trim(sentence, span)))


def _cuts(
    sentence: str, match: re.Match[str], left: Span, right: Span, targets: Sequence[Target]
) -> bool:
    left_text, right_text = sentence[slice(*left)], sentence[slice(*right)]
    left_targets = targets_within(targets, start=left[0], end=left[1])
    right_targets = targets_within(targets, start=right[0], end=right[1])
    if match["strong"] is not None:
        clause = sentence[right[0] : right[0] + _LOOK_AHEAD]
        found = (
            _SIDE_ANSWER.match(clause) or _OTHERWISE_NORMAL.match(clause) or _ADVISED.search(clause)
        )
        said = bool(right_targets) or found is not None or calls_normal(clause)
        named = bool(left_targets) or " " in left_text.strip()
        return named and (said or len(clause.split()) > 2)
    if match["aside"] is not None:  # "no pneumothorax (small left effusion)"
        states = [{target.state for target in side} for side in (left_targets, right_targets)]
        return all(states) and states[0] != states[1]
    if _BINDS_NEXT.search(left_text[-16:]) or _STARTS_WITHOUT_SUBJECT.match(right_text):
        return False
    if match["denial"] is not None:
        return bool(right_targets)
    if _NEXT_STEP_CLAUSE.match(right_text):
        return "with" not in match[0].lower()
    if _VERB.search(left_text) and _VERB.search(right_text):
        return True
    if not left_targets or not right_targets:
        bare = right_text if left_targets else left_text
        return bool(left_targets or right_targets) and _stands_apart(match[0], bare, right_text)
    right_place = right_text[: right_targets[0].end - right[0]]
    return _separate(
        {target.state for target in left_targets},
        {target.state for target in right_targets},
        left_place=_has_place(left_text),
        right_place=_has_place(right_place),
        any_right_place=_has_place(right_text),
    )


def _stands_apart(joint: str, bare: str, right: str) -> bool:
    """Whether `bare`, beside a finding, calls a structure normal or unchanged.

    "Heart size normal, small left effusion" says two things.
    """
    if _STATE_ONLY.fullmatch(right.strip(" .")) or _HALF_SAID.search(bare):
        return False
    # "Calcified hilar and mediastinal nodes unchanged" says one.
    return calls_normal(bare) or (joint.strip() not in {"and", "or"} and calls_unchanged(bare))


def _separate(
    left_states: set[Assertion],
    right_states: set[Assertion],
    *,
    left_place: bool,
    right_place: bool,
    any_right_place: bool,
) -> bool:
    """Whether two neighbours of a list are statements of their own."""
    if "uncertain" in left_states and right_states == {"uncertain"}:
        return left_place and right_place
    if left_states != right_states or left_states == {"absent"}:
        return True
    # "Left atelectasis and effusion" and "atelectasis and effusion on the left" share a place.
    return right_place or not (left_place or any_right_place)


def _has_place(text: str) -> bool:
    return find_side(text) is not None or find_zone(text) is not None


def _trim(sentence: str, span: Span) -> Span | None:
    start, end = span
    while start < end and not (sentence[start].isalnum() or sentence[start] in "(\"'<[_?"):
        start += 1
    while end > start and (sentence[end - 1].isspace() or sentence[end - 1] in ".,;:"):
        end -= 1
    if sentence[start:end].endswith(")") and "(" not in sentence[start:end]:
        end -= 1
    return (start, end) if any(letter.isalnum() for letter in sentence[start:end]) else None
