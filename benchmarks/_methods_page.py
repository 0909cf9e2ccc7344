"""The page of the comparison of methods: its table, and which published orderings hold."""

from collections.abc import Callable
from typing import Any

FIGURES = {
    "pointing": "pointing game",
    "miou": "mIoU",
    "cnr": "CNR",
    "image_to_report_recall_at_1": "image to report R@1",
    "image_to_report_recall_at_10": "R@10",
    "report_to_image_recall_at_1": "report to image R@1",
    "report_to_image_recall_at_10": "R@10",
    "probe_auroc_1": "probe AUROC 1 %",
    "probe_auroc_10": "10 %",
    "probe_auroc_100": "100 %",
    "region_nmi": "NMI of regions",
    "information_nats": "information, nats",
    "step_s": "s a step",
    "memory_mb": "memory, MB",
}


def render(results: dict[str, Any], *, protocol: str) -> str:
    """The page."""
    lines = ["# Methods at equal cost", "", protocol, "", "Research use, not for diagnosis.", ""]
    lines += ["| method | seeds | " + " | ".join(FIGURES.values()) + " |"]
    lines += ["|---|---|" + "---|" * len(FIGURES)]
    for name, row in results["methods"].items():
        cells = [_cell(figure, row[figure], len(row["seeds"])) for figure in FIGURES]
        lines.append(f"| {name} | {len(row['seeds'])} | " + " | ".join(cells) + " |")
    if results["orderings"]:
        lines += ["", "## Orderings that papers claim", ""]
        lines += [
            "| claim | first | second | figures | p | holds here |",
            "|---|---|---|---|---|---|",
        ]
        for o in results["orderings"]:
            p = "" if o["p"] is None else f"{o['p']:.3f}"
            lines.append(
                f"| {o['claim']} | {o['better']} | {o['worse']} | {o['first']:.3f}, "
                f"{o['second']:.3f} | {p} | {'yes' if o['holds'] else 'no'} |"
            )
        lines += ["", _verdict(results["orderings"])]
    lines += ["", "[JSON](../benchmarks/results/methods.json), `benchmarks/methods.py`.", ""]
    return "\n".join(lines)


def _verdict(orderings: list[dict[str, Any]]) -> str:
    """Which claims hold here, in words."""

    def named(chosen: Callable[[dict[str, Any]], bool]) -> str:
        found = [f"{o['claim']} ({o['better']}, {o['worse']})" for o in orderings if chosen(o)]
        return "; ".join(found) or "none"

    return (
        f"Confirmed beyond chance (p < .05): {named(lambda o: o['holds'] and _sure(o))}. In the "
        f"claimed direction, not beyond chance or without a test: "
        f"{named(lambda o: o['holds'] and not _sure(o))}. The other way round, beyond chance: "
        f"{named(lambda o: not o['holds'] and _sure(o))}. Not confirmed: "
        f"{named(lambda o: not o['holds'] and not _sure(o))}. All of it after a common start with "
        "masks and a few hundred steps; a longer training from nothing may order them otherwise."
    )


def _sure(ordering: dict[str, Any]) -> bool:
    return ordering["p"] is not None and ordering["p"] < 0.05


def _cell(figure: str, value: dict[str, float], seeds: int) -> str:
    digits = 0 if figure == "memory_mb" else 2 if figure in ("step_s", "information_nats") else 3
    text = f"{value['mean']:.{digits}f}"
    return text + (f" ± {value['spread']:.{digits}f}" if seeds > 1 else "")
