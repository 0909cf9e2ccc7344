"""Decides whether a sentence says that a finding is there, in the manner of NegEx.

Chapman et al., J Biomed Inform 34 (2001), with doubt and normality beside negation: a cue puts
every finding in its reach into a state; the reach ends at a conjunction or a new clause.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from explorer.entities import Assertion
from explorer.text import _cues, _speech
from explorer.text._events import CUES, Event, find_events
from explorer.text._patterns import CueTable
from explorer.text.findings import find_mentions

_ABNORMAL = CueTable({"abnormal": _cues.ABNORMAL})
_NORMAL = CueTable({"normal": _cues.NORMAL})
_NEXT_STEP = CueTable(
    {"next": _speech.RECOMMENDATION, "told": _speech.COMMUNICATION, "limited": _speech.LIMITATION}
)
_TECHNIQUE = CueTable({"technique": _speech.TECHNIQUE})
_COMPARISON_ONLY = CueTable({"same": _cues.UNCHANGED})
_ANATOMY = re.compile(
    r"(?<!\w)(?:lungs?|heart|cardi\w+|mediast\w+|pleura\w?|hil\w+|aort\w+|bon\w{1,2}|osseous|"
    r"spine|ribs?|diaphragms?|hemidiaphragms?|trachea|soft tissues?|vascul\w+|silhouette|"
    r"pulmonary|thora\w+|tissues|contours?|structures?|skelet\w+)(?!\w)",
    re.IGNORECASE,
)
_PART = re.compile(
    r"\b(?:(?:sides?|bases?|apex|apices|zones?|angles?|fields?|chest|sinus(?:es)?)\b"
    r"|(?:right|left|rt|lt)(?=\s(?:is\s)?(?:clear|normal|unremarkable|negative)\b))",
    re.IGNORECASE,
)
_SAME = re.compile(r"\b(?:stable|unchanged)\b", re.IGNORECASE)
# The title of an examination and no statement: "Right knee.", "Chest 1."
_TITLE_ONLY = re.compile(
    r"(?:(?:left|right|bilateral|upper|lower|thoracic|lumbar|lumbosacral|cervical|post-?operative)\s)"
    r"{0,2}(?:chest|abdomen|pelvis|hip|knee|foot|ankle|hand|wrist|elbow|shoulder|clavicle|humerus|"
    r"femur|ribs?|spine|sternum|skull|rib films?)(?:\sand\s(?:left\s|right\s)?"
    r"(?:pelvis|hip|knee|foot|ankle|hand|wrist|elbow|shoulder|clavicle|humerus|femur|ribs?|spine))?"
    r"(?:\s?:)?(?:\s\d{1,2})?[\s.:]{0,4}",
    re.IGNORECASE,
)
_NOT_NORMAL = re.compile(
    r"\b(?:not|neither|never|isn['\u2019]t|aren['\u2019]t)\s(?:\w{1,14}\s){0,3}"
    r"(?:normal(?:ly)?|clear(?:ed)?|sharp|unremarkable|intact|patent|midline|symmetric\w{0,2}|within)\b",
    re.IGNORECASE,
)
_CLAUSE_END = re.compile(r"[,;:]|\bbut\b", re.IGNORECASE)
_EMPTY_WORD = re.compile(
    r"(?:acute |significant )?(?:findings?|process|abnormal|changes?|diseases?|complication)",
    re.IGNORECASE,
)
_TOKENS_ONLY = re.compile(r"(?:X{2,}+|[\W\d_])*+")


@dataclass(frozen=True, slots=True)
class Target:
    """A finding or a word for something wrong at `text[start:end]`, and its state there."""

    start: int
    end: int
    state: Assertion


# A sentence of a report is asked again for its denied form.
@lru_cache(maxsize=64)
def find_targets(text: str) -> tuple[Target, ...]:
    """Everything in a sentence that can be asserted, denied or doubted, with its state."""
    named = [(start, end) for start, end, _ in find_mentions(text)]
    wrong = [match.span() for match in _ABNORMAL.finditer(text)]
    events, quiet = find_events(text, named, sorted([*named, *wrong]))
    spans = [(start, -end, "named") for start, end in named]
    spans += [(start, -end, "vague") for start, end in wrong]
    # The "significant change" of "no significant change" is nothing that could be there.
    spans += [(start, -end, "quiet") for start, end in quiet]
    targets: list[Target] = []
    vague: set[int] = set()
    taken = 0
    for start, negative_end, kind in sorted(spans):
        if start >= taken:
            taken = -negative_end
            if kind != "quiet":
                targets.append(Target(start, taken, "present"))
            if kind == "vague":
                vague.add(start)
    targets = _sweep(targets, events, before=True)
    targets = _sweep(targets[::-1], events[::-1], before=False)[::-1]
    targets = _doubt_around(targets, events)
    return tuple(_without_findings_told(text, targets, vague))


_BEFORE: dict[str, Assertion] = {
    "denial_before": "absent",
    "doubt_before": "uncertain",
    "void_before": "not about the image",
}
_AFTER: dict[str, Assertion] = {
    "denial_after": "absent",
    "doubt_after": "uncertain",
    "void_after": "not about the image",
}


_NEIGHBOURS = {"versus": (-1,), "doubt_last": (-1,), "doubt_next": (0,)}


def _sweep(targets: Sequence[Target], events: Sequence[Event], *, before: bool) -> list[Target]:
    """Carry the cues in one direction; `before` takes cues that stand before their target."""
    kinds = _BEFORE if before else _AFTER
    merged: list[tuple[int, str, Target | None]] = [(e.at, e.kind, None) for e in events]
    # A mention may hold its cue ("heart is not enlarged"): forward, it counts where it ends.
    merged += [(target.end - 1 if before else target.start, "target", target) for target in targets]
    merged.sort(key=lambda item: item[0], reverse=not before)
    scope: Assertion | None = None
    result = []
    for _, kind, target in merged:
        if target is not None:
            kept = scope is None or target.state == "not about the image"
            result.append(target if kept else replace(target, state=scope or target.state))
        elif kind == "end" or (kind == "pause" and scope != "absent"):
            scope = None
        elif kind in kinds and not (kind == "doubt_before" and scope is not None):
            scope = kinds[kind]
    return result


def _doubt_around(targets: list[Target], events: Sequence[Event]) -> list[Target]:
    """Put the neighbours of every "versus" and the like in doubt unless they are denied."""
    result = list(targets)
    doubted = any(target.state == "uncertain" for target in targets)
    for event in events:
        if event.kind == "doubt_next" and doubted:
            continue  # "in the proper setting, the opacity may represent pneumonia"
        if event.kind in _NEIGHBOURS:
            after = bisect_left(result, event.at, key=lambda target: target.start)
            for at in (after + step for step in _NEIGHBOURS[event.kind]):
                if 0 <= at < len(result) and result[at].state == "present":
                    result[at] = replace(result[at], state="uncertain")
    return result


def _without_findings_told(text: str, targets: list[Target], vague: set[int]) -> list[Target]:
    """Take back "findings" and the like where a clause only says who was told or what to do."""
    if not vague:
        return targets
    told = [match.start() for match in _NEXT_STEP.finditer(text)]
    if not told:
        return targets
    ends = [match.start() for match in _CLAUSE_END.finditer(text)]
    result = []
    for target in targets:
        clause = bisect_left(ends, target.start)
        start = ends[clause - 1] if clause else 0
        end = ends[clause] if clause < len(ends) else len(text)
        spoken = bisect_left(told, start) < bisect_left(told, end)
        empty = target.start in vague and _EMPTY_WORD.match(text, target.start) is not None
        taken_back = spoken and empty and target.state != "absent"
        result.append(replace(target, state="not about the image") if taken_back else target)
    return result


def targets_within(targets: Sequence[Target], *, start: int, end: int) -> Sequence[Target]:
    """The targets, which are in order, that begin in [start, end)."""
    first = bisect_left(targets, start, key=lambda target: target.start)
    return targets[first : bisect_left(targets, end, lo=first, key=lambda target: target.start)]


def assert_span(
    text: str, targets: Sequence[Target], *, start: int = 0, end: int | None = None
) -> Assertion:
    """Assertion of `text[start:end]`, a phrase of the sentence `text` with its `targets`."""
    end = len(text) if end is None else end
    part = text[start:end]
    if _TOKENS_ONLY.fullmatch(part) or _TITLE_ONLY.fullmatch(part):
        return "not about the image"
    states = {target.state for target in targets_within(targets, start=start, end=end)}
    if states:
        return combine(tuple(states))
    if _NEXT_STEP.search(part) is not None:
        return "not about the image"
    return _assert_without_target(part, normal=_NORMAL.search(part) is not None)


def _assert_without_target(part: str, *, normal: bool) -> Assertion:
    if normal:
        return "present" if _NOT_NORMAL.search(part) else "absent"
    kinds = [str(match.lastgroup) for match in CUES.finditer(part)]
    kind = next((kind for kind in kinds if kind != "end"), "")  # "there is" decides nothing
    same = _COMPARISON_ONLY.search(part) is not None or kind == "unchanged"
    if same and _ANATOMY.search(part):
        return "absent"
    if kind == "new":
        return "present"
    if same or kind == "aside" or _TECHNIQUE.search(part):
        return "not about the image"
    if kind.startswith("void"):
        return "not about the image"
    if kind.startswith("denial"):
        return "absent"
    return "uncertain" if kind.startswith(("doubt", "versus")) else "present"


def calls_normal(part: str) -> bool:
    """Whether a part that holds no finding calls a structure of the chest normal."""
    named = _ANATOMY.search(part) or _PART.search(part)
    return named is not None and _NORMAL.search(part) is not None


def calls_unchanged(part: str) -> bool:
    """Whether a part that holds no finding says only that a structure is unchanged."""
    return _ANATOMY.search(part) is not None and _SAME.search(part) is not None


def combine(assertions: Sequence[Assertion]) -> Assertion:
    """Assertion of a sentence from those of its phrases: the strongest claim counts."""
    order: tuple[Assertion, ...] = ("present", "uncertain", "absent")
    return next((state for state in order if state in assertions), "not about the image")


def phrase_assertion(phrase: str) -> Assertion:
    """Assertion of a phrase that stands alone, such as one that a person typed.

    "absent" covers denied findings and structures called normal: nothing to point at.

    >>> phrase_assertion("no left effusion"), phrase_assertion("possible nodule")
    ('absent', 'uncertain')
    """
    return assert_span(phrase, find_targets(phrase))
