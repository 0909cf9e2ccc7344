"""Splits a sentence into phrases that each state one thing."""

import re
from collections.abc import Sequence

from explorer.text.assertion import Target
from explorer.text.location import find_side, find_zone

Span = tuple[int, int]

# The part before `keep` is dropped between two phrases; what `keep` holds opens the next one.
_SEPARATOR = re.compile(
    r"(?P<strong>[;,]?\s{1,4}(?:but|however|although|though|while|whereas|yet),?\s{1,4}"
    r"|;\s{0,4})"
    r"|(?P<list>,\s{0,4}(?:(?:and|or|as well as|and/or|with|plus|and with)\s{1,4})?)"
    r"|(?P<bare>\s{1,4}(?:and|or|as well as|and/or|with|plus|nor)\s{1,4})"
    r"|(?P<without>,?\s{1,4}(?=without\b))",
    re.IGNORECASE,
)
_VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|appears?|remains?|shows?|demonstrates?|seen|noted|recommended)\b",
    re.IGNORECASE,
)
_STARTS_WITHOUT_SUBJECT = re.compile(
    r"(?:is|are|was|were|has|have|appears?|remains?|may|might|could|can|likely|probably|which|that|"
    r"not|seen|most)\b",
    re.IGNORECASE,
)
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
        left = (begin, match.start())
        right = (match.end(), len(sentence) if following is None else following)
        if match["strong"] is not None or _cuts(sentence, match, left, right, targets):
            spans.append(left)
            begin = match.end()
    spans.append((begin, len(sentence)))
    return tuple(trimmed for span in spans if (trimmed := _trim(sentence, span)))


def _cuts(
    sentence: str, match: re.Match[str], left: Span, right: Span, targets: Sequence[Target]
) -> bool:
    left_text, right_text = sentence[slice(*left)], sentence[slice(*right)]
    if _NEXT_STEP_CLAUSE.match(right_text) and match["bare"] != " with ":
        return True
    left_states = {target.state for target in targets if left[0] <= target.start < left[1]}
    right_states = {target.state for target in targets if right[0] <= target.start < right[1]}
    if _STARTS_WITHOUT_SUBJECT.match(right_text):
        return False
    if match["without"] is not None:
        return bool(right_states)
    if _VERB.search(left_text) and _VERB.search(right_text):
        return True
    if not left_states or not right_states:
        return False
    if left_states != right_states or left_states == {"absent"}:
        return True
    return _separate_places(left_text, right_text, listed=match["list"] is not None)


def _separate_places(left: str, right: str, *, listed: bool) -> bool:
    left_place = find_side(left) or find_zone(left)
    right_place = find_side(right) or find_zone(right)
    if right_place:
        return bool(left_place) or listed
    return not left_place


def _trim(sentence: str, span: Span) -> Span | None:
    start, end = span
    while start < end and not (sentence[start].isalnum() or sentence[start] in "(\"'<[_?"):
        start += 1
    while end > start and (sentence[end - 1].isspace() or sentence[end - 1] in ".,;:"):
        end -= 1
    return (start, end) if any(letter.isalnum() for letter in sentence[start:end]) else None
