"""Splits a part of a report into sentences, given as spans of the original text."""

import re
from collections.abc import Iterator
from itertools import pairwise

Span = tuple[int, int]

_LINE = re.compile(r"[^\r\n\u2028\u2029]*(?:\r\n|[\r\n\u2028\u2029]|\Z)")
_MARKER = re.compile(
    r"(?:\(?\d{1,2}[.)]|\(?[a-hA-H]\)|[-*•·●▪►‣\u2013\u2014>+]+|#+)[ \t]*(?=[^\W\d]|[\"'(\[<])"
    r"|\(?\d{1,2}[.)][ \t]+(?=\S)|(?:[-*•·●▪►‣\u2013\u2014>+]+|#+)[ \t]+(?=\S)"
)
_TERMINATOR = re.compile(r"[.!?…]{1,9}[\"')\]*\u201d\u2019]{0,3}|[\u3002\uff01\uff1f]")
_JOINING_END = re.compile(
    r"(?:,|\b(?:and|or|the|a|an|of|in|with|to|at|is|are|for|by|no|from))\Z", re.IGNORECASE
)
_TOKENS = re.compile(r"(?:X{2,}|_{2,})\Z")
_PAREN_ITEM = re.compile(
    r"(?<!\S)\(?(?P<item>\d{1,2}|[a-hA-H]|(?i:i{1,3}|iv|vi{0,3}))\)\s{1,4}(?=\S)"
)
# "1 No pneumonia 2 Stable cardiomegaly", and no sizes, times or views: "1 CM", "2 Views".
_BARE_ITEM = re.compile(
    r"(?<!\S)(?P<hash>#\s?)?(?P<item>\d{1,2})(?(hash)[.:)]?\s{1,4}(?=\S)|\s{1,4}(?=(?-i:[A-Z])))"
    r"(?!(?:[cm]m|views?|images?|films?|days?|weeks?|months?|years?|hours?|hrs?|[ap]m|x|of|or|to|and)\b)",
    re.IGNORECASE,
)
_DASHED_ITEM = re.compile(r"(?<!\S)(?P<mark>[-*•])\s{1,4}(?=[A-Z])")
_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii")
_LABEL = re.compile(r"[A-Za-z][\w /()-]{1,40}:(?:\s|\Z)")
_ANSWER = re.compile(
    r"(?:no|none|yes|negative|absent|present|possible|possibly|unlikely|not seen)\W{0,3}(?:\Z|\s)",
    re.IGNORECASE,
)
# "Consolidation: No" at the end of a line is an answer, not the start of "No effusion".
_ANSWERED_LABEL = re.compile(
    r"\w[^:]{0,60}:[ \t]{0,4}"
    r"(?:no|none|nil|yes|negative|absent|present|possible|equivocal)\W{0,2}\Z",
    re.IGNORECASE,
)
# "LUNGS: clear HEART: enlarged": a template whose lines were run together.
_PART = (
    r"(?:lungs?|airways?|pleura|pleural (?:spaces?|surfaces?)|heart(?: size)?|mediastinum|"
    r"cardiac(?: silhouette)?|cardiomediastinal silhouette|mediastinal contours?|bones?|"
    r"hil(?:a|um|ar regions?)|"
    r"bony thorax|osseous structures?|skeleton|soft tissues?|chest wall|(?:upper )?abdomen|"
    r"diaphragms?|lines?|tubes?|(?:support )?devices?|vasculature|trachea|other)"
)
_RUN_ON_LABEL = re.compile(
    rf"(?<=[\w)\]%])[ \t]{{1,4}}(?=(?-i:[A-Z]))(?={_PART}"
    rf"(?:(?: and | & |/| / ){_PART})?:[ \t])",
    re.IGNORECASE,
)
_WIDE_STOPS = "\u3002\uff01\uff1f"
_WRAPPED_LINE = 55

# A full stop after these never ends a sentence.
_ABBREVIATIONS = frozenset(
    {
        "dr",
        "drs",
        "mr",
        "mrs",
        "ms",
        "prof",
        "st",
        "vs",
        "approx",
        "ca",
        "cf",
        "e.g",
        "i.e",
        "eg",
        "ie",
    }
    | {"fig", "figs", "resp", "incl", "ref", "viz"}
)
# A full stop after these ends a sentence only before a capital.
_SOFT_ABBREVIATIONS = frozenset(
    {"a.m", "p.m", "am", "pm", "etc", "no", "y.o", "yo", "yr", "yrs", "hr", "hrs", "min", "mins"}
    | {"sec", "wk", "mo", "pt", "pts", "dx", "hx", "sx", "jan", "feb"}
    | {"mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "r", "l", "rt", "lt"}
    | {"inf", "sup", "ant", "post"}
)


# After these, digits and single letters also begin a sentence: "1.2 cm. A nodule".
_UNITS = frozenset({"cm", "mm", "cc", "ml", "kg", "french", "fr"})
_BEGINS_SENTENCE = re.compile(
    r"(?:no|there|the|lungs?|heart|cardiac|mediastin\w{1,4}|pleural?|bones?|bony|osseous)\b"
)
_GOES_ON_AFTER_TIME = re.compile(
    r"(?:[ECMP][SD]?T|today|yesterday|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|January|February|"
    r"March|April|May|June|July|August|September|October|November|December)\b"
)


def split_sentences(text: str, *, start: int = 0, end: int | None = None) -> tuple[Span, ...]:
    """Spans (start, end) of the sentences of `text[start:end]`, in order, not overlapping.

    List markers and surrounding white space are left out of the spans; a line break inside a
    sentence stays inside. Spans without a letter are dropped.
    """
    end = len(text) if end is None else end
    spans: list[Span] = []
    for block_start, block_end in _blocks(text, start, end):
        for part_start, part_end in _run_on_parts(text, block_start, block_end):
            for item_start, item_end in _inline_items(text, part_start, part_end):
                spans.extend(_split_block(text, item_start, item_end))
    return tuple(spans)


def _blocks(text: str, start: int, end: int) -> Iterator[Span]:
    """Runs of lines that belong together: a paragraph or one item of a list."""
    block: Span | None = None
    previous = ""
    for line in _LINE.finditer(text, start, end):
        content = line[0].strip()
        if block and not (content and _continues(previous, content)):
            yield block
            block = None
        if content:
            block = (block[0] if block else line.start(), line.end())
        previous = content
        if line.end() >= end:
            break
    if block:
        yield block


def _continues(previous: str, line: str) -> bool:
    if _MARKER.match(line):
        return False
    if previous[-1] == ":":
        return True
    if _ANSWERED_LABEL.match(previous[-80:]):
        return False
    if _LABEL.match(line) and not _JOINING_END.search(previous[-12:]):
        return False
    if previous[-1] in ".!?" or not line[0].isupper():
        return True
    return len(previous) >= _WRAPPED_LINE or bool(_JOINING_END.search(previous[-12:]))


def _run_on_parts(text: str, start: int, end: int) -> Iterator[Span]:
    """Parts of a line that each begin with the label of a part of the chest."""
    cuts = [match.end() for match in _RUN_ON_LABEL.finditer(text, start, end)]
    yield from pairwise([start, *cuts, end])


def _inline_items(text: str, start: int, end: int) -> Iterator[Span]:
    """Items of a list inside one line: "1) left effusion 2) nodule", "(a) ... (b) ..."."""
    found = _numbered(_PAREN_ITEM, text, start, end)
    if not found and (marks := _from_the_first(text, start, end)):
        stops = [*(mark.start() for mark in marks[1:]), end]
        yield from ((mark.end(), stop) for mark, stop in zip(marks, stops, strict=True))
        return
    starts = [mark.start() for mark in found]
    if found and text[start : starts[0]].strip()[-1:] not in set(".:;"):
        del starts[0]  # what introduces the list stays with its first item
    for begin, stop in pairwise([start, *starts, end]):
        while stop > begin and (text[stop - 1].isspace() or text[stop - 1] in ",;"):
            stop -= 1
        yield begin, stop


def _numbered(mark: re.Pattern[str], text: str, start: int, end: int) -> list[re.Match[str]]:
    """Marks that count up from one in one kind; none where there is one alone."""
    found: list[re.Match[str]] = []
    kind = ""
    for match in mark.finditer(text, start, end):
        own_kind, number = _counted(match["item"].lower())
        kind = kind if found else own_kind
        if own_kind == kind and number == len(found) + 1:
            found.append(match)
    return found if len(found) > 1 else []


def _from_the_first(text: str, start: int, end: int) -> list[re.Match[str]]:
    """Marks of a line that begins with a bare number or a dash: "1 No effusion 2 Nodule"."""
    found = _numbered(_BARE_ITEM, text, start, end)
    if not found:
        marks = list(_DASHED_ITEM.finditer(text, start, end))
        found = [mark for mark in marks if mark["mark"] == marks[0]["mark"]]
    opens = len(found) > 1 and not text[start : found[0].start()].strip()
    return found if opens else []


def _counted(item: str) -> tuple[str, int]:
    """Kind and number of the mark of a list: "3", "c" and "iii" are the third of their kinds."""
    if item.isdigit():
        return "digit", int(item)
    if item in _ROMAN:
        return "roman", _ROMAN.index(item) + 1
    return "letter", ord(item) - ord("a") + 1


def _split_block(text: str, start: int, end: int) -> Iterator[Span]:
    begin, number = _skip_marker(text, start, end, expected=None)
    for match in _TERMINATOR.finditer(text, begin, end):
        if match.start() < begin:
            continue
        item = _item_number(text, match, begin)
        if item is not None:
            # "... abnormality 2. Right hilar ...": the number opens the next item.
            if number is not None and int(item) == number + 1:
                cut = match.start() - len(item)
                yield from _trimmed(text, begin, cut)
                begin, number = _skip_marker(text, cut, end, expected=number)
                continue
        elif not _ends_sentence(text, match, end):
            continue
        yield from _trimmed(text, begin, match.end())
        begin, number = _skip_marker(text, match.end(), end, expected=number)
    yield from _trimmed(text, begin, end)


def _item_number(text: str, match: re.Match[str], begin: int) -> str | None:
    """Digits of a one- or two-digit word before a full stop that a space and a letter follow."""
    found = re.search(r"(?<!\S)\d{1,2}\Z", text[max(begin, match.start() - 3) : match.start()])
    after = text[match.end() : match.end() + 3].lstrip()
    if found and match[0] == "." and after[:1].isalpha() and after[:1].isupper():
        return found[0]
    return None


def _ends_sentence(text: str, match: re.Match[str], end: int) -> bool:
    at, after = match.start(), match.end()
    if text[at] in _WIDE_STOPS:
        return True
    following = text[after : min(end, after + 40)]
    upcoming = following.lstrip()
    before = text[max(0, at - 24) : at]
    if not upcoming:
        return True
    words = before.split()
    word = words[-1] if words and not before[-1:].isspace() else ""
    if not following[0].isspace():
        glued = upcoming[0].isupper() and upcoming[1:2].isalpha()
        glued = glued and (upcoming[1].islower() or word.isupper())
        # Dictation leaves out space and capital: "no effusion.the heart is normal".
        glued = glued or _BEGINS_SENTENCE.match(upcoming) is not None
        return glued and text[at] == "." and re.search(r"[A-Za-z)]{3}\Z", word) is not None
    if text[at] == "?" and (not word or _ANSWER.match(upcoming)):
        return False  # "? pneumonia" opens a doubt; "Effusion? No." is one statement
    if text[at] != ".":
        return bool(word) and (upcoming[0].isupper() or not upcoming[0].isalpha())
    return _full_stop_ends(word, words[-2] if len(words) > 1 else "", upcoming)


def _full_stop_ends(word: str, word_before: str, upcoming: str) -> bool:
    bare = word.lower().strip("(\"'[")
    if bare in _ABBREVIATIONS:
        return False
    if len(bare) == 1 and word_before.lower() in {"dr.", "mr.", "mrs.", "ms.", "prof."}:
        return False
    if len(bare) == 1 and word_before[-1:] in {":", ","} and upcoming[0].isupper():
        return False  # "Read by: J. Smith"
    if bare in _UNITS:
        return not upcoming[0].islower() or _BEGINS_SENTENCE.match(upcoming) is not None
    if bare in {"a.m", "p.m", "am", "pm"} and _GOES_ON_AFTER_TIME.match(upcoming):
        return False
    if bare in _SOFT_ABBREVIATIONS:
        return upcoming[0].isupper() and upcoming[1:2].isalpha()
    if upcoming[0].islower():
        return len(bare) > 2 and not _TOKENS.search(word)
    return True


def _skip_marker(
    text: str, start: int, end: int, *, expected: int | None
) -> tuple[int, int | None]:
    """Position behind white space and one list marker, and the item number seen so far."""
    while start < end and text[start].isspace():
        start += 1
    marker = _MARKER.match(text, start, end)
    if marker is None:
        return start, expected
    digits = re.sub(r"\D", "", marker[0])
    return marker.end(), int(digits) if digits else expected


def _trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if any(character.isalpha() for character in text[start:end]):
        yield start, end
