"""Rewrites the tables of README.md from the checkpoint cards and the result files.

Run: python benchmarks/readme.py    (a test fails while the README says anything else)
"""

import json
from pathlib import Path
from typing import Any

from _report import ROOT

README = ROOT / "README.md"
# (what, result file, path to the figure, digits, to reach); "{checkpoint}" stands for the name of
# the checkpoint that the file is of
_VAL = "Pointing game on held-out real radiographs"
FIGURES: tuple[tuple[str, str, str, int, str], ...] = (
    (f"{_VAL}, plain phrases", "grounding_val", "results/macro/plain/pointing", 2, "at least .64"),
    (
        f"{_VAL}, located phrases",
        "grounding_val",
        "results/macro/located/pointing",
        2,
        "at least .76",
    ),
    (f"{_VAL}, location prior", "grounding_val", "results/macro/prior/pointing", 2, ""),
    (
        "Pointing game on PhantomCXR-v1, located phrases, all findings present",
        "phantom_cxr",
        "results/overall/located/pointing",
        2,
        "at least .85",
    ),
    (
        "Right finding among 22 for sentences of real reports, from the text tower alone",
        "language_openi",
        "results/ways/{checkpoint}/which_finding/micro/0",
        2,
        "at least .80",
    ),
    (
        "20-sentence report, end to end over its bare encoder calls",
        "report_overhead",
        "results/ratio",
        2,
        "at most 1.3",
    ),
    (
        "Start of the process to the first map, seconds",
        "first_map",
        "results/first_map_s",
        1,
        "at most 10",
    ),
    (
        "One further phrase with its controls, over an image encode",
        "first_map",
        "results/phrase_over_encode",
        2,
        "at most 0.2",
    ),
    (
        "Image encode after resize, slowest over fastest of 256 to 4096 pixels a side",
        "scaling",
        "results/encode_largest_over_smallest",
        2,
        "flat",
    ),
    ("Each further phrase of one batch, milliseconds", "scaling", "results/phrase_slope_ms", 1, ""),
)


def main() -> None:
    """Rewrite README.md in place."""
    README.write_text(with_tables(README.read_text(encoding="utf-8")), encoding="utf-8")


def with_tables(text: str) -> str:
    """The README text with both tables as cards and result files have them now."""
    for name, rows in (("checkpoints", checkpoint_rows()), ("benchmarks", benchmark_rows())):
        before, start, rest = text.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"<!-- end of {name} -->")
        text = before + start + rows + end + after
    return text


def checkpoint_rows(root: Path = ROOT / "assets" / "checkpoints") -> str:
    """A Markdown table with a row for every card below `root`, the default first.

    Checkpoints that only differ in how they learned (`small-...`) share one row.
    """
    cards, small = [], []
    for path in sorted(root.glob("*/card.json")):
        card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        size = sum(file.stat().st_size for file in path.parent.iterdir()) / 1e6
        if path.parent.name.startswith("small-"):
            small.append((path.parent.name, card, size))
            continue
        mark = " (default)" if card.get("default") else ""
        name, title = f"`{path.parent.name}`{mark}", card["title"]
        cards.append((not card.get("default"), _row(name, title, card, f"{size:.0f} MB")))
    if small:
        names = ", ".join(f"`{name}`" for name, _, _ in small)
        title = f"One small tower, {len(small)} ways of learning"
        cards.append((True, _row(names, title, small[0][1], f"{small[0][2]:.1f} MB each")))
    if not cards:
        return ""
    head = "| name | title | parameters | on disk | input | licence | learned from |\n"
    return head + "|---|---|---|---|---|---|---|\n" + "".join(row for _, row in sorted(cards))


def _row(name: str, title: str, card: dict[str, Any], size: str) -> str:
    cells = (
        name,
        title,
        f"{card['parameters'] / 1e6:.1f} M",
        size,
        f"{card['input_size']} px, {card['grid_size']} x {card['grid_size']} patches",
        card["licence"],
        card["training_data"],
    )
    return "| " + " | ".join(cells) + " |\n"


def benchmark_rows(root: Path = ROOT / "benchmarks" / "results") -> str:
    """A Markdown table with a row for every figure whose result file exists."""
    rows = []
    for what, name, key, digits, target in FIGURES:
        found = figure(name, key, root)
        if found is not None:
            path, value = found
            link = f'[{value:.{digits}f}](benchmarks/results/{name}.json "{path}")'
            rows.append(f"| {what} | {link} | {target} |\n")
    return "| what | measured | to reach |\n|---|---|---|\n" + "".join(rows) if rows else ""


def figure(
    name: str, key: str, root: Path = ROOT / "benchmarks" / "results"
) -> tuple[str, float] | None:
    """Path with the checkpoint's name in it, and the figure there; None without a result file."""
    path = root / f"{name}.json"
    if not path.exists():
        return None
    value = json.loads(path.read_text(encoding="utf-8"))
    if "{checkpoint}" in key:
        key = key.replace("{checkpoint}", value["results"]["checkpoint"]["name"])
    for part in key.split("/"):
        value = value[int(part) if isinstance(value, list) else part]
    return key, float(value)


if __name__ == "__main__":
    main()
