"""Report texts written for trials of the reader, with what is right and how it was first read."""

import csv
from dataclasses import dataclass
from pathlib import Path

from explorer.text import read_report

FILE = Path(__file__).parents[1] / "data" / "written_reports.csv"


@dataclass(frozen=True, slots=True)
class Written:
    """One text; `wanted` says of words in it how the phrase that holds them is to be read."""

    group: str
    right_at_first: bool
    open: bool  # known to be misread
    text: str
    wanted: tuple[str, ...]


def written_reports() -> list[Written]:
    """All texts, in the order in which they were written."""
    with FILE.open(newline="", encoding="utf-8") as file:
        return [
            Written(
                group=row["set"],
                right_at_first=row["at_first"] == "right",
                open=row["now"] == "open",
                text=row["text"],
                wanted=tuple(row["wanted"].split("; ")),
            )
            for row in csv.DictReader(file)
        ]


def misread(case: Written) -> list[str]:
    """What is read otherwise than wanted: "effusion=present / left @ Findings" names words,
    assertion, side and section; the last two may be left out."""
    report = read_report(case.text)
    faults = []
    for wanted in case.wanted:
        words, _, rest = wanted.partition("=")
        said, _, section = rest.partition(" @ ")
        assertion, _, side = said.partition(" / ")
        at = case.text.index(words)
        read = [
            (phrase, sentence)
            for sentence in report.sentences
            for phrase in sentence.phrases
            if phrase.start <= at < phrase.end
        ]
        if not read:  # part of a heading
            faults += [] if assertion == "not about the image" else [f"{wanted}: no phrase"]
            continue
        phrase, sentence = read[0]
        right = phrase.assertion == assertion
        right = right and side in {"", phrase.side or "no side"}
        right = right and section in {"", sentence.section}
        if not right:
            faults.append(f"{wanted}: {phrase.assertion} / {phrase.side} @ {sentence.section}")
    return faults
