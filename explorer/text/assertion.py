"""Decides whether a sentence says that a finding is there, in the manner of NegEx.

Chapman et al., J Biomed Inform 34 (2001), with doubt and normality beside negation: a cue puts
every finding in its reach into a state; the reach ends at a conjunction or a new clause.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace

from explorer.entities import Assertion
from explorer.text import _cues
from explorer.text._patterns import CueTable
from explorer.text.findings import find_mentions

_CLAUSE_COMMA = (
    r",\s{1,4}(?:and\s)?(?:(?:the|there|a|an|which|with)\b(?!\s+or\b)"
    # "No effusion, cardiac enlargement, or edema" is one list: no verb before its "or".
    r"|(?:heart|lungs?|cardiac|mediastin\w{2,5})\b"
    r"(?!(?:\s+(?!(?:is|are|appears?|remains?|size)\b)[\w-]{1,20},?){0,9}\s+or\b))"
)
_SIZE_COMMA = (
    r",\s{1,4}(?:and\s)?(?:small|mild|mildly|moderate|minimal|stable|unchanged|persistent|chronic|"
    r"improv\w{2,4}|worsen\w{2,4}|increas\w{2,4}|possible|probable|likely)\b"
)
_SCOPE = re.compile(
    rf"(?P<comma>{_CLAUSE_COMMA})|(?P<size>{_SIZE_COMMA})|(?P<stop>;|:\s)|(?P<pause>,)", re.I
)
_ALTERNATIVE = re.compile(r"\b(?:or|nor)\b", re.IGNORECASE)
_CUES = CueTable(
    {
        "unchanged": _cues.NO_CHANGE,
        "doubt_after": _cues.DOUBT_AFTER,
        "doubt_before": _cues.DOUBT_BEFORE,
        "denial_after": _cues.DENIAL_AFTER,
        "denial_before": _cues.DENIAL_BEFORE,
        "end": _cues.SCOPE_END,
    }
)
_ABNORMAL = CueTable({"abnormal": _cues.ABNORMAL})
_NORMAL = CueTable({"normal": _cues.NORMAL})
_NEXT_STEP = CueTable(
    {"next": _cues.RECOMMENDATION, "told": _cues.COMMUNICATION, "limited": _cues.LIMITATION}
)
_TECHNIQUE = CueTable({"technique": _cues.TECHNIQUE})
_COMPARISON_ONLY = CueTable({"same": _cues.UNCHANGED})
_ANATOMY = re.compile(
    r"(?<!\w)(?:lungs?|heart|cardi\w+|mediast\w+|pleura\w?|hil\w+|aort\w+|bon\w{1,2}|osseous|"
    r"spine|ribs?|diaphragms?|hemidiaphragms?|trachea|soft tissues?|vascul\w+|silhouette|"
    r"pulmonary|thora\w+|tissues|contours?|structures?|skelet\w+)(?!\w)",
    re.IGNORECASE,
)
_TOKENS_ONLY = re.compile(r"(?:X{2,}+|[\W\d_])*+")


@dataclass(frozen=True, slots=True)
class Target:
    """A finding or a word for something wrong at `text[start:end]`, and its state there."""

    start: int
    end: int
    state: Assertion


def find_targets(text: str) -> tuple[Target, ...]:
    """Everything in a sentence that can be asserted, denied or doubted, with its state."""
    spans = [(start, -end, True) for start, end, _ in find_mentions(text)]
    spans += [(match.start(), -match.end(), True) for match in _ABNORMAL.finditer(text)]
    # The "significant change" of "no significant change" is nothing that could be there.
    spans += [
        (match.start(), -match.end(), False)
        for match in _CUES.finditer(text)
        if match.lastgroup == "unchanged"
    ]
    targets: list[Target] = []
    taken = 0
    for start, negative_end, is_target in sorted(spans):
        if start >= taken:
            taken = -negative_end
            if is_target:
                targets.append(Target(start, taken, "present"))
    cues = _scope_events(text)
    targets = _sweep(targets, cues, before=True)
    return tuple(_sweep(targets[::-1], cues[::-1], before=False)[::-1])


def _scope_events(text: str) -> list[tuple[int, str]]:
    """(position, kind) of all cues and scope ends, in order."""
    last_alternative = max((match.start() for match in _ALTERNATIVE.finditer(text)), default=-1)
    events = [
        (match.start(), _kind_of(match))
        for match in _CUES.finditer(text)
        if not match[0].lower().startswith("to ")
    ]
    # "No consolidation, large effusion, or pneumothorax" is one list.
    events += [
        (match.start(), "pause" if match["pause"] else "end")
        for match in _SCOPE.finditer(text)
        if match["comma"] or match["stop"] or match.start() > last_alternative
    ]
    return sorted(events)


def _kind_of(match: re.Match[str]) -> str:
    """Name of a cue's group; "Resolved effusion" denies what follows, "effusion resolved" not."""
    if match.start() == 0 and match[0].lower() == "resolved":
        return "denial_before"
    return str(match.lastgroup)


def _sweep(
    targets: Sequence[Target], events: Sequence[tuple[int, str]], *, before: bool
) -> list[Target]:
    """Carry the cues in one direction; `before` takes cues that stand before their target."""
    kinds: dict[str, Assertion] = (
        {"denial_before": "absent", "doubt_before": "uncertain"}
        if before
        else {"denial_after": "absent", "doubt_after": "uncertain"}
    )
    merged: list[tuple[int, str, Target | None]] = [(at, kind, None) for at, kind in events]
    # A mention may hold its cue ("heart is not enlarged"): forward, it counts where it ends.
    merged += [(target.end - 1 if before else target.start, "target", target) for target in targets]
    merged.sort(key=lambda item: item[0], reverse=not before)
    scope: Assertion | None = None
    result = []
    for _, kind, target in merged:
        if target is not None:
            result.append(replace(target, state=scope) if scope else target)
        elif kind == "end" or (kind == "pause" and scope == "uncertain"):
            scope = None
        elif kind in kinds and not (kind == "doubt_before" and scope == "absent"):
            scope = kinds[kind]
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
    states = {target.state for target in targets_within(targets, start=start, end=end)}
    if _TOKENS_ONLY.fullmatch(part):
        return "not about the image"
    if _is_next_step(part):
        return "not about the image"
    normal = _NORMAL.search(part) is not None
    if not states:
        return _assert_without_target(part, normal=normal)
    states_first: tuple[Assertion, ...] = ("present", "uncertain", "absent")
    return next(state for state in states_first if state in states)


def _is_next_step(part: str) -> bool:
    return _NEXT_STEP.search(part) is not None


def _assert_without_target(part: str, *, normal: bool) -> Assertion:
    anatomy = _ANATOMY.search(part) is not None
    if normal:
        return "absent"
    if anatomy and _COMPARISON_ONLY.search(part):
        return "absent"
    if _TECHNIQUE.search(part):
        return "not about the image"
    kinds = (str(match.lastgroup) for match in _CUES.finditer(part))
    kind = next((kind for kind in kinds if kind != "end"), "")  # "there is" decides nothing
    if kind == "unchanged" or _COMPARISON_ONLY.search(part):
        return "not about the image"
    if kind.startswith("denial"):
        return "absent"
    return "uncertain" if kind.startswith("doubt") else "present"


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
