"""How many of the words that radiologists use of findings can the phantoms' grammar say?

usage: python benchmarks/language_coverage.py --reports NLMCXR_reports.tgz [--before COMMIT]

Needs the OpenI reports; only those with an even id are read, and only counts of words leave them.
`--before` measures the grammar of an older commit of this repository on the same sentences.
"""

import argparse
import re
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from _report import ROOT, write_report

from explorer.phantom import _frames, _normals
from explorer.phantom.findings import list_findings
from explorer.phantom.language import Where, all_phrases
from explorer.text import mentions, read_report

PROTOCOL = (
    "Sentences of FINDINGS and IMPRESSION of OpenI reports with an even id, cut by explorer.text, "
    "that mention a finding the corpus knows (by the names that explorer.text gives the nouns of "
    "the findings' cards). Words are runs of letters in lower case, hyphens and apostrophes inside "
    "kept; XXXX is left out. The vocabulary: the words of all phrases, frames, denials and normal "
    "statements. Frequent words occur in at least 5 of the sentences."
)
FREQUENT = 5
_WORD = re.compile(r"[a-z]+(?:[-'][a-z]+)*")
# Runs inside the older checkout, whose grammar could not be enumerated but for its randomness.
_OLD_VOCABULARY = """
import sys
import numpy as np
from explorer.phantom import language
from explorer.phantom.findings import list_findings
from explorer.phantom.findings._base import Inserted
out = [*language._FRAMES, *language._UNCERTAIN, *language._GENERAL_NORMAL, "are"]
out += language._IMPRESSION_NORMAL
mask = np.ones((2, 2), bool)
for module in list_findings().values():
    card = module.CARD
    out += card.absent
    for seed in range(12):
        for side in ("right", "left", "bilateral"):
            for zone in ("upper", "mid", "lower"):
                for severity in ("mild", "moderate", "severe"):
                    lobe = None if side == "bilateral" else side + " " + (
                        "middle" if zone == "mid" else zone) + " lobe"
                    placed = Inserted(mask=mask, side=side, zone=zone, severity=severity,
                                      lobe=lobe, size_mm=14.0)
                    spoken = language.phrases_of(card, placed, np.random.default_rng(seed))
                    out += [text for texts in spoken.values() for text in texts]
sys.stdout.write("\\n".join(dict.fromkeys(out)))
"""


def main() -> None:
    """Measure the grammar, and an older one when asked for, and write the result file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=Path, required=True, help="NLMCXR_reports.tgz")
    parser.add_argument("--before", help="commit whose grammar is measured too")
    arguments = parser.parse_args()
    sentences = [_words(text) for text in _sentences(arguments.reports)]
    results: dict[str, Any] = {"sentences": len(sentences)}
    if arguments.before:
        old = _vocabulary(_old_texts(arguments.before))
        results["before"] = {"commit": arguments.before, **_coverage(sentences, old, most=0)}
    results["now"] = _coverage(sentences, _vocabulary(_texts()), most=60)
    write_report("language_coverage", protocol=PROTOCOL, seed=None, results=results)


def _coverage(sentences: Sequence[list[str]], known: set[str], *, most: int) -> dict[str, Any]:
    """Shares of tokens, of frequent words and of whole sentences that the grammar can say."""
    tokens = Counter(word for words in sentences for word in words)
    spread = Counter(word for words in sentences for word in set(words))
    frequent = [word for word, count in spread.items() if count >= FREQUENT]
    missing = Counter({word: count for word, count in tokens.items() if word not in known})
    found = {
        "vocabulary": len(known),
        "tokens": sum(tokens.values()),
        "token_share": round(1 - sum(missing.values()) / sum(tokens.values()), 4),
        "frequent_words": len(frequent),
        "frequent_word_share": round(sum(w in known for w in frequent) / len(frequent), 4),
        "sentence_share": round(
            sum(all(w in known for w in words) for words in sentences) / len(sentences), 4
        ),
    }
    return found | ({"missing": dict(missing.most_common(most))} if most else {})


def _sentences(archive: Path) -> Iterator[str]:
    known = {
        name
        for module in list_findings().values()
        for noun in module.CARD.nouns
        for name in mentions(noun)
    }
    for report in _even_reports(archive):
        for sentence in read_report(report).sentences:
            if known & set(mentions(sentence.text)):
                yield sentence.text


def _even_reports(archive: Path) -> Iterator[str]:
    with tarfile.open(archive) as tar:
        for member in sorted(tar.getmembers(), key=lambda m: m.name):
            number = Path(member.name).stem
            stream = tar.extractfile(member) if number.isdigit() else None
            if stream is None or int(number) % 2:
                continue
            parts = {
                node.get("Label"): node.text or ""
                for node in ElementTree.parse(stream).iter("AbstractText")
            }
            yield f"FINDINGS: {parts.get('FINDINGS', '')}\n\nIMPRESSION: " + parts.get(
                "IMPRESSION", ""
            )


def _texts() -> Iterator[str]:
    """Everything that the grammar of this checkout can say, in pieces."""
    for name in ("PRESENT", "PRESENT_FINDING", "PRESENT_DEVICE", "UNCERTAIN", "ABSENT"):
        yield from getattr(_frames, name)
    for name in ("ABSENT_FINDING", "ABSENT_DEVICE", "ABSENT_LISTS", "PRESENT_LISTS", "MIXED"):
        yield from getattr(_frames, name)
    yield from (*_frames.FOLLOWING, *_frames.FOLLOWING_CHANGE, *_frames.FOLLOWING_SIZE)
    yield from ("is are has have was were or and", *_normals.GENERAL)
    for texts in _normals.NORMALS.values():
        yield from texts
    for module in list_findings().values():
        yield from module.CARD.absent
        for where in _places():
            for texts in all_phrases(module.CARD, where).values():
                yield from texts


def _places() -> Iterator[Where]:
    for side in ("right", "left", "bilateral"):
        for zone in ("upper", "mid", "lower"):
            for severity in ("mild", "moderate", "severe"):
                third = "middle" if zone == "mid" else zone
                lobe = None if side == "bilateral" else f"{side} {third} lobe"
                size = "3.4 cm" if severity == "severe" else "14 mm"
                yield Where(side=side, zone=zone, lobe=lobe, severity=severity, size=size)


def _old_texts(commit: str) -> Iterator[str]:
    """What the grammar of an older commit says, drawn from it in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        tree = subprocess.run(
            ["git", "archive", commit, "explorer"], cwd=ROOT, capture_output=True, check=True
        )
        subprocess.run(["tar", "-x", "-C", folder], input=tree.stdout, check=True)
        said = subprocess.run(
            [sys.executable, "-c", _OLD_VOCABULARY],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        )
    yield from said.stdout.splitlines()


def _vocabulary(texts: Iterator[str]) -> set[str]:
    return {word for text in texts for word in _words(re.sub(r"\{\w+\}", " ", text))}


def _words(text: str) -> list[str]:
    return _WORD.findall(re.sub(r"\bX{2,}\b", " ", text).lower())


if __name__ == "__main__":
    main()
