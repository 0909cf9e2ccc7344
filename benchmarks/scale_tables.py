"""Rewrites the figures of docs/scale.md from the result files of scale.py and vector_search.py.

Run: python benchmarks/scale_tables.py    (both scripts do; a test fails while the page says else)
"""

import json
from typing import Any

from _report import RESULTS, ROOT

from explorer.retrieval import ann

PAGE = ROOT / "docs" / "scale.md"
REGIONS = 100_000_000
SHARDS = 10
DIMENSION = 256  # of the bundled checkpoints
NOT_MEASURED = "not measured"
# Of the bundled index: regions and bytes of grid and picture a film.
REGIONS_A_FILM, BYTES_A_FILM = 23, 22_380 + 5_775


def main() -> None:
    """Rewrite docs/scale.md in place."""
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def with_tables(text: str) -> str:
    """The page with its tables as the result files have them now."""
    growth, scale = _results("vector_search"), _results("scale")
    tables = {
        "growth": _growth(growth),
        "parts": _parts(scale),
        "estimate": _estimate(growth, scale),
    }
    for name, rows in tables.items():
        before, start, rest = text.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"<!-- end of {name} -->")
        if not (start and end):
            raise SystemExit(f"docs/scale.md has lost its marks of {name!r}.")
        text = before + start + "\n".join(rows) + "\n" + end + after
    return text


def _results(name: str) -> dict[str, Any]:
    path = RESULTS / f"{name}.json"
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))["results"] if path.exists() else {}
    return found


def _growth(found: dict[str, Any]) -> list[str]:
    rows = ["| vectors | way | same kind | other kind | 1 % filter |", "|---|---|---|---|---|"]
    for size, measured in found.items():
        for way, of in measured["ways"].items():
            cells = " | ".join(
                f"{of[kind]['recall_at_10']:.3f}, {of[kind]['p50_ms']:.1f} ms"
                for kind in ("same", "cross", "one in 100")
            )
            rows.append(f"| {int(size):,} | {way} | {cells} |")
        if "FAISS HNSW" not in measured["ways"]:
            rows.append(f"| {int(size):,} | FAISS HNSW | {NOT_MEASURED} | | |")
    if "10000000" not in found:
        rows.append(f"| 10,000,000 | ours (Lance IVF_RQ) | {NOT_MEASURED} | | |")
    return rows


def _parts(found: dict[str, Any]) -> list[str]:
    rows = ["| what | figure | to reach |", "|---|---|---|"]
    for what, part, keys, wording, goal in _FIGURES:
        value: Any = found.get(part)
        for key in keys:
            value = None if value is None else value[key]
        said = NOT_MEASURED if value is None else wording.format(value)
        rows.append(f"| {what} | {said} | {goal} |")
    return rows


_PAGE = "Phrase to ranked page of 100,000 studies"
_OURS, _PLAIN = "ours k-means", "scikit-learn KMeans, 4 starts"
_FIGURES: tuple[tuple[str, str, tuple[str, ...], str, str], ...] = (
    ("Index build over the bare encoder, films a second", "build", ("share_of_bare",), "{:.2f}",
     "at least .9"),
    ("Own memory at each quarter of the build, MB", "build", ("own_memory_mb",), "{}", "flat"),
    (f"{_PAGE}, median, ms", "page", ("p50_ms",), "{:.0f}", "below 300"),
    (f"{_PAGE}, 95 of 100, ms", "page", ("p95_ms",), "{:.0f}", "below 300"),
    ("The same without the text tower, median, ms", "page", ("p50_without_text_ms",), "{:.0f}", ""),
    ("Its recall@10 of regions by dot product", "page", ("recall_at_10",), "{:.2f}", ""),
    ("Reports of 100,000 studies for a film, median, ms", "page", ("p50_reports_ms",), "{:.0f}",
     ""),
    ("Opening the index of 100,000 studies, s", "page", ("open_s",), "{:.1f}", ""),
    ("Of the best ten of 1,000 reports in a list of 100", "reports", ("recall_at_10", "100"),
     "{:.2f}", ""),
    ("In a list of 20", "reports", ("recall_at_10", "20"), "{:.2f}", ""),
    ("Two Ray workers over one", "workers", ("two_against_one",), "{:.2f}", "at least 1.5"),
    ("48 prototypes of 100,000 x 256, our k-means, s", "prototypes", ("ways", _OURS, "seconds"),
     "{:.1f}", "seconds"),
    ("The same, scikit-learn with all processors, s", "prototypes", ("ways", _PLAIN, "seconds"),
     "{:.1f}", ""),
)  # fmt: skip


def _estimate(growth: dict[str, Any], scale: dict[str, Any]) -> list[str]:
    """What 100 million regions take, each row with where it comes from."""
    films, each = REGIONS / REGIONS_A_FILM, REGIONS // SHARDS
    rows = [
        f"| {REGIONS:,} regions, {films / 1e6:.1f} million films | a shard | {SHARDS} shards |",
        "|---|---|---|",
    ]
    memory = ann.memory_mb(each, DIMENSION) / 1000
    rows.append(f"| memory of the vector index, GB | {memory:.1f} | {memory * SHARDS:.0f} |")
    vectors = each * (2 * DIMENSION) / 1e9 + memory
    rows.append(f"| vectors and index on disk, GB | {vectors:.1f} | {vectors * SHARDS:.0f} |")
    pictures = films * BYTES_A_FILM / 1e9
    rows.append(f"| patch grids and pictures, GB | {pictures / SHARDS:.0f} | {pictures:.0f} |")
    size, built = max(
        (int(size), of["ways"]["ours (Lance IVF_RQ)"]["build_s"]) for size, of in growth.items()
    )
    # Each vector is compared with every cell, and there are as many cells as the root of all.
    hours = built * (each / size) ** 1.5 * (DIMENSION / 128) / 3600
    rows.append(f"| vector index, hours of this machine | {hours:.1f} | {hours * SHARDS:.0f} |")
    rate = scale.get("build", {}).get("build_films_a_second")
    if rate is not None:
        days = films / rate / 86_400
        rows.append(
            f"| reading and encoding, days of this machine | {days / SHARDS:.1f} | {days:.0f} |"
        )
    return rows


if __name__ == "__main__":
    main()
