"""How good is retrieval on real films, judged by their labels and boxes?

usage: python benchmarks/retrieval_real.py --folder DIR [--data ../shared/data] [--checkpoint NAME]

DIR lies outside the tree: the index of the films of the split val is built there; what is there
already is kept. Writes benchmarks/results/retrieval_real.json and docs/results_retrieval_real.md.
"""

import argparse
import csv
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from _intervals import cell, interval
from _report import DATA, ROOT, write_report
from numpy.typing import NDArray
from score import LABELS

from explorer import pipeline
from explorer.adapters import scoring_of
from explorer.corpora.boxed_csv import read as read_boxed
from explorer.pipeline.embedding import embed_phrases
from explorer.pipeline.retrieval import asking_of
from explorer.retrieval.corpus import Corpus
from explorer.retrieval.scoring import film_log_odds, statement_gains
from explorer.retrieval.search_film import film_of_index, likeness_parts

PAGE = ROOT / "docs" / "results_retrieval_real.md"
SEED = 0
NEAR = 5
Scores = Callable[[int], NDArray[np.float64]]  # of all films, for a query
PROTOCOL = (
    "Films of the split val of ../shared/data (patients not in training) that the index takes, "
    "without reports. Films of the query's own patient are no candidates. Film to film: of the "
    "nearest five, the share that carry a label of the query, mean over queries and labels. "
    "Phrase to film: for the usual name of each of 14 labels, the share of the first five, and of "
    "the first K (K films carry it), that carry it; for its denial the share of the first ten. "
    "Box to region: a box of a finding is drawn on its film; of the nearest five regions, one a "
    "film, the share on films that carry the box's label. Beside each: whole-film vectors, and "
    "chance = the share of all candidates. NIH labels were read out of reports by a program. "
    "Shares in [0, 1]; 95 % bootstrap intervals by patient (by label for phrases)."
)


@dataclass(frozen=True)
class Truth:
    """Labels, patient and boxes of the films of an index, in its order."""

    labels: list[frozenset[str]]
    patients: NDArray[np.str_]
    boxes: list[list[Any]]


def main() -> None:
    """Build, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--checkpoint")
    options = parser.parse_args()
    engine = pipeline.open_engine(options.checkpoint)
    corpus = validation_corpus(options.data.resolve(), options.folder / "val")
    uri = str(options.folder / f"{engine.card.name}.val.index")
    pipeline.build_index(corpus, uri, engine=engine, keep_paths=True, progress=tell)
    index = pipeline.open_index(uri, engine=engine)
    truth = read_truth(index, corpus)
    results = {
        "checkpoint": pipeline.describe_engine(engine),
        "films": len(index),
        "patients": len(set(truth.patients.tolist())),
        "film to film": measure_films(index, truth),
        "phrase to film": measure_phrases(index, engine, truth),
        "box to region": measure_boxes(index, engine, truth),
    }
    write_report("retrieval_real", protocol=PROTOCOL, seed=SEED, results=results)
    PAGE.write_text(render(results), encoding="utf-8")


def tell(done: int, total: int) -> None:
    """Say now and then how far the index is."""
    if done % 50 == 0 or done == total:
        sys.stderr.write(f"Index {done} of {total}\n")


def validation_corpus(data: Path, place: Path) -> Path:
    """A folder that holds the films of the split val alone: their rows, and a link to the films."""
    place.mkdir(parents=True, exist_ok=True)
    films = place / "radiographs"
    if not films.exists():
        films.symlink_to(data / "radiographs", target_is_directory=True)
    kept: set[str] = set()
    for name in ("radiographs.csv", "boxes.csv"):
        with (data / name).open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            columns = list(reader.fieldnames or ())
            rows = [r for r in reader if r.get("split") == "val" or r["path"] in kept]
        kept |= {row["path"] for row in rows if "split" in row}
        with (place / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)
    return place


def read_truth(index: Corpus, corpus: Path) -> Truth:
    """What the tables say of every film of the index."""
    known = {
        str(image.path.relative_to(corpus)): image
        for image in read_boxed(corpus / "radiographs.csv", corpus / "boxes.csv")
    }
    films = [known[path] for path in index.films.columns["path"]]
    return Truth(
        [frozenset(film.findings) & set(LABELS) for film in films],
        np.array([film.patient for film in films]),
        [[box for box in film.boxes if box.label in film.findings] for film in films],
    )


# --- what is measured ----------------------------------------------------------------------------


def measure_films(index: Corpus, truth: Truth) -> dict[str, Any]:
    """Share of the nearest five films that carry a label of the query."""
    vectors = index.films.vectors - index.films.vectors.mean(axis=0)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)

    def ours(row: int) -> NDArray[np.float64]:
        query = film_of_index(index, index.films.columns["film_id"][row])
        return likeness_parts(index, query).sum(axis=1)

    def whole(row: int) -> NDArray[np.float64]:
        return np.asarray(vectors @ vectors[row], dtype=np.float64)

    queries = [(row, label) for row, found in enumerate(truth.labels) for label in sorted(found)]
    return nearest_films(truth, queries, {"likeness": ours, "whole-film vectors": whole})


def measure_boxes(index: Corpus, engine: pipeline.Engine, truth: Truth) -> dict[str, Any]:
    """The same for boxes that a person drew, by the regions nearest to them."""
    vectors = index.films.vectors - index.films.vectors.mean(axis=0)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    drawn = [(row, box) for row, boxes in enumerate(truth.boxes) for box in boxes]

    def ours(query: int) -> NDArray[np.float64]:
        row, box = drawn[query]
        film = index.films.columns["film_id"][row]
        hits = pipeline.search_region(index, engine, film, box.box, count=len(index)).hits
        scores = np.full(len(index), -np.inf)
        for hit in hits:
            scores[index.row_of(hit.film_id)] = hit.score
        return scores

    def whole(query: int) -> NDArray[np.float64]:
        return np.asarray(vectors @ vectors[drawn[query][0]], dtype=np.float64)

    queries = [(row, box.label) for row, box in drawn if box.label in LABELS]
    ways: dict[str, Scores] = {"nearest regions": ours, "whole-film vectors": whole}
    return nearest_films(truth, queries, ways, by_query=True)


def nearest_films(
    truth: Truth,
    queries: Sequence[tuple[int, str]],
    ways: dict[str, Scores],
    *,
    by_query: bool = False,
) -> dict[str, Any]:
    """P@5 of each way, and what chance gives; scores are asked by film, or by query."""
    found: dict[str, list[float]] = {way: [] for way in (*ways, "chance")}
    patients = []
    for number, (row, label) in enumerate(queries):
        others = truth.patients != truth.patients[row]
        carries = np.array([label in labels for labels in truth.labels])
        for way, score in ways.items():
            scores = np.where(others, score(number if by_query else row), -np.inf)
            found[way].append(float(carries[np.argsort(-scores, kind="stable")[:NEAR]].mean()))
        found["chance"].append(float(carries[others].mean()))
        patients.append(str(truth.patients[row]))
    return {way: interval(values, patients, seed=SEED) for way, values in found.items()}


def measure_phrases(index: Corpus, engine: pipeline.Engine, truth: Truth) -> dict[str, Any]:
    """P@5, P@K and the share of the first ten of a denial, for the name of each label."""
    names = {label: text for label, text in LABELS.items() if any(label in f for f in truth.labels)}
    vectors = embed_phrases(engine, list(names.values())).vectors
    rows = np.arange(len(index))
    odds = film_log_odds(index, rows, vectors, scoring_of(engine))
    reference = asking_of(engine).reference
    gains = {
        said: statement_gains(index, rows, odds, vectors, [said] * len(names), reference=reference)
        for said in ("present", "absent")
    }
    flat = index.films.vectors @ vectors.T
    findings = {}
    for k, label in enumerate(names):
        carries = np.array([label in labels for labels in truth.labels])
        count = int(carries.sum())
        first = np.argsort(-gains["present"][:, k], kind="stable")
        whole = np.argsort(-flat[:, k], kind="stable")
        denied = np.argsort(-gains["absent"][:, k], kind="stable")
        findings[label] = {
            "films": count,
            "precision_at_5": float(carries[first[:NEAR]].mean()),
            "precision_at_k": float(carries[first[:count]].mean()),
            "whole_film_at_k": float(carries[whole[:count]].mean()),
            "denied_at_10": float(carries[denied[:10]].mean()),
            "chance": float(carries.mean()),
        }
    columns = [name for name in findings[next(iter(findings))] if name != "films"]
    mean = {
        name: interval([entry[name] for entry in findings.values()], list(findings), seed=SEED)
        for name in columns
    }
    return {"mean": mean, "findings": findings}


# --- the page ------------------------------------------------------------------------------------


def render(results: dict[str, Any]) -> str:
    """The page docs/results_retrieval_real.md."""
    lines = [
        "# Results of retrieval on real films",
        "",
        f"Checkpoint `{results['checkpoint']['name']}`, {results['films']} films of "
        f"{results['patients']} patients that were not in training. Written by",
        "`benchmarks/retrieval_real.py` from",
        "[retrieval_real.json](../benchmarks/results/retrieval_real.json); do not edit by hand.",
        "",
        "Judged by image-level NIH labels, which a program read out of reports: a film that shows",
        "a finding may lack its label. Films of the same patient are no candidates. In brackets:",
        "95 % interval by bootstrap over patients, over labels for phrases.",
        "",
        "| of the nearest five films, the share with the label | queries | share |",
        "|---|---|---|",
    ]
    for part in ("film to film", "box to region"):
        for way, entry in results[part].items():
            lines.append(f"| {part}: {way} | {entry['n']} | {cell(entry)} |")
    lines += [
        "",
        "Phrases: the usual name of a label is asked of all films; K films carry the label.",
        "",
        "| label | films | P@5 | P@K | P@K, whole-film vectors | denied, first ten | chance |",
        "|---|---|---|---|---|---|---|",
    ]
    for label, entry in results["phrase to film"]["findings"].items():
        shares = [entry[name] for name in entry if name != "films"]
        name = LABELS[label]
        lines.append(f"| {name} | {entry['films']} | {' | '.join(f'{s:.2f}' for s in shares)} |")
    mean = [cell(entry) for entry in results["phrase to film"]["mean"].values()]
    return "\n".join([*lines, f"| **mean** | | {' | '.join(mean)} |", ""])


if __name__ == "__main__":
    main()
