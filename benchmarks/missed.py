"""Rewrites docs/missed.md: every figure with a bound that its result file does not keep.

Run: python benchmarks/missed.py    (a test fails while the page says anything else)
"""

import json

import readme
from _report import RESULTS, ROOT

PAGE = ROOT / "docs" / "missed.md"
START, END = "<!-- missed -->\n", "<!-- end of missed -->"
Row = tuple[str, str, str, int, str]
# (what, result file, path to the figure, digits, to reach), as in readme.py.
FIGURES: tuple[Row, ...] = (
    (
        "Badge raised for findings that are absent, validation films",
        "score",
        "results/badge/absent_raised",
        2,
        "at least .65",
    ),
    (
        "Badge kept down for boxed findings, plain phrases",
        "score",
        "results/badge/plain/kept",
        2,
        "at least .90",
    ),
    (
        "Badge raised for findings that are absent, PhantomCXR-v1",
        "score",
        "results/phantoms/absent abstains",
        2,
        "at least .55",
    ),
    (
        "Badge kept down for findings that are there, PhantomCXR-v1",
        "score",
        "results/phantoms/present stands",
        2,
        "at least .95",
    ),
    (
        "Image to report among 1,000 phantoms, R@10",
        "retrieval_quality",
        "results/reports/image to report/recall_at_10/mean",
        2,
        "at least .40",
    ),
    (
        "Report to image among 1,000 phantoms, R@10",
        "retrieval_quality",
        "results/reports/report to image/recall_at_10/mean",
        2,
        "at least .60",
    ),
    (
        "Nearest five regions with the same finding",
        "retrieval_quality",
        "results/regions/standing out/mean",
        2,
        "at least .45",
    ),
    (
        "48 prototypes of regions against findings, NMI",
        "prototypes",
        "results/prototypes/kmeans 48/iou_0.5/nmi",
        2,
        "at least .60",
    ),
    (
        "Evaluation over the bare encoder, films a second",
        "evaluation_throughput",
        "results/throughput_over_bare",
        2,
        "at least .9",
    ),
    (
        "Share of an evaluation that goes into measuring",
        "evaluation_throughput",
        "results/metrics_share",
        3,
        "at most .05",
    ),
    (
        "Training loop over bare steps, images a second",
        "training_throughput",
        "results/ratio",
        2,
        "at least .9",
    ),
    (
        "Index build over the bare encoder, films a second",
        "scale",
        "results/build/share_of_bare",
        2,
        "at least .9",
    ),
    (
        "20 phrases on BioViL's networks, one image encode for each over one for all",
        "biovil_report",
        "results/published_over_ours",
        1,
        "at least 10",
    ),
    (
        "20 phrases on BioViL's networks, over the bare encoder calls",
        "biovil_report",
        "results/ours_over_bare",
        2,
        "at most 1.15",
    ),
    (
        "Two workers of an index build over one",
        "scale",
        "results/workers/two_against_one",
        2,
        "at least 1.5",
    ),
)


def main() -> None:
    """Rewrite docs/missed.md in place."""
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def with_tables(text: str) -> str:
    """The page with the table as the result files have it now."""
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise SystemExit("docs/missed.md has lost its marks.")
    head = "| what | measured | to reach |\n|---|---|---|\n"
    return before + start + head + "".join(rows()) + end + after


def rows() -> list[str]:
    """One Markdown row for each figure that is beyond its bound."""
    found = []
    for what, name, key, digits, bound in (*readme.FIGURES, *FIGURES, *_losses()):
        value = readme.figure(name, key)
        if value is not None and not kept(value[1], bound):
            link = f'[{value[1]:.{digits}f}](../benchmarks/results/{name}.json "{value[0]}")'
            found.append(f"| {what} | {link} | {bound} |\n")
    return found


def kept(value: float, bound: str) -> bool:
    """Whether a figure keeps its bound; words that are no bound ("flat") are kept.

    >>> kept(0.66, "at least .65"), kept(1.34, "at most 1.3"), kept(1.3, "flat")
    (True, False, True)
    """
    words, _, number = bound.rpartition(" ")
    if words == "at least":
        return value >= float(number)
    return words != "at most" or value <= float(number)


def _losses() -> list[Row]:
    """One row a training method: what its loss costs beside the rest of a step."""
    path = RESULTS / "method_cost.json"
    measured = json.loads(path.read_text(encoding="utf-8"))["results"] if path.exists() else {}
    return [
        (
            f"Loss of `{name}`, share of a training step",
            "method_cost",
            f"results/{name}/share_of_step",
            2,
            "at most .1",
        )
        for name in measured
        if name != "default recipe"
    ]


if __name__ == "__main__":
    main()
