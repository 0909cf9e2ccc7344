"""How good is retrieval on phantoms, whose findings are known to the pixel?

usage: python benchmarks/retrieval_quality.py --folder DIR [--studies N] [--checkpoint NAME]

DIR lies outside the tree: PhantomCXR-v1 is rendered there as study folders, and its index is built
beside them; what is there already is kept. Writes benchmarks/results/retrieval_quality.json and
the page docs/results_retrieval.md.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from _intervals import cell, interval
from _report import ROOT, write_report
from numpy.typing import NDArray

from explorer import pipeline
from explorer.adapters import scoring_of
from explorer.entities import Box
from explorer.evaluation.retrieval import chance_recall, recall_at, relevance
from explorer.grounding import alignment
from explorer.phantom import benchmark_set
from explorer.phantom.findings import list_findings
from explorer.pipeline.embedding import embed_phrases
from explorer.pipeline.query import statements_of
from explorer.pipeline.retrieval import asking_of
from explorer.retrieval.corpus import Corpus
from explorer.retrieval.nearest import region_likeness
from explorer.retrieval.records import QueryPart
from explorer.retrieval.scoring import film_log_odds, statement_gains
from explorer.retrieval.search_film import film_of_index
from explorer.retrieval.search_region import standing_regions
from explorer.retrieval.search_text import word_scores
from explorer.retrieval.statements import sentence_gains
from explorer.text import read_report

PAGE = ROOT / "docs" / "results_retrieval.md"
SEED = 0
LEAST_FILMS = 5  # findings on fewer films are not asked
NEAR = 5
LEAST_IOU = 0.2
PROTOCOL = (
    "PhantomCXR-v1 as study folders in an index built by the pipeline. Image to report and report "
    "to image: the whole text of a report; studies with the same set of findings and sides are "
    "equally right; a study's own report or image is a candidate, but for BM25, whose rows leave "
    "it out (as do the image rows beside it). Region to region: of regions that stand out, the "
    "nearest five of other studies, one a study, that show the same finding (IoU with its box at "
    "least .2, and at least half of the smaller box shared). Denied: share of the first ten films "
    "for 'no FINDING' that have it. Shares in [0, 1]; 95 % bootstrap intervals by study."
)


@dataclass(frozen=True)
class Truth:
    """What is true of the films of the index, in its order."""

    labels: list[frozenset[tuple[str, str | None]]]
    boxes: list[list[tuple[str, Box]]]
    reports: list[str]


def main() -> None:
    """Render, build, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--studies", type=int, default=benchmark_set.STUDIES)
    parser.add_argument("--checkpoint")
    parser.add_argument("--workers", type=int)
    parser.add_argument("--ct-wheel", type=Path)
    options = parser.parse_args()
    studies = options.folder / "studies"
    pipeline.render_phantoms(
        studies, studies=options.studies, seed=0, formats=("dicom",), benchmark=True,
        workers=options.workers, ct=options.ct_wheel, progress=tell,
    )  # fmt: skip
    engine = pipeline.open_engine(options.checkpoint)
    uri = str(options.folder / f"{engine.card.name}.index")
    pipeline.build_index(
        studies / "dicom", uri, engine=engine, keep_paths=True,
        progress=lambda done, total: tell("Index", done, total),
    )  # fmt: skip
    index = pipeline.open_index(uri, engine=engine)
    truth = read_truth(index, studies / "dicom")
    results = {
        "checkpoint": pipeline.describe_engine(engine),
        "studies": len(index),
        "distinct_label_sets": len(set(truth.labels)),
        "reports": measure_reports(index, engine, truth),
        "findings": measure_findings(index, engine, truth),
        "regions": measure_regions(index, engine, truth),
    }
    write_report("retrieval_quality", protocol=PROTOCOL, seed=SEED, results=results)
    PAGE.write_text(render(results), encoding="utf-8")


def tell(stage: str, done: int, total: int) -> None:
    """Say now and then how far a stage is."""
    if done % 100 == 0 or done == total:
        sys.stderr.write(f"{stage} {done} of {total}\n")


def read_truth(index: Corpus, folder: Path) -> Truth:
    """Findings, boxes and reports of every film."""
    truth = Truth([], [], [])
    for path in index.films.columns["path"]:
        place = folder / Path(path).parent
        data = json.loads((place / "truth.json").read_text(encoding="utf-8"))
        found = data["findings"]
        truth.labels.append(frozenset((f["finding"], f["side"]) for f in found))
        truth.boxes.append([(f["finding"], Box(*f["box_xyxy"])) for f in found])
        truth.reports.append((place / "report.txt").read_text(encoding="utf-8"))
    return truth


# --- reports -------------------------------------------------------------------------------------


def measure_reports(index: Corpus, engine: pipeline.Engine, truth: Truth) -> dict[str, Any]:
    """Recall of image to report and report to image, beside global vectors and words."""
    right = relevance(truth.labels, truth.labels)
    asking = asking_of(engine)
    to_report = np.zeros(right.shape)
    for row, film in enumerate(index.films.columns["film_id"]):
        gains = sentence_gains(index, film_of_index(index, film), asking)
        totals = np.bincount(index.sentences.study, weights=gains, minlength=len(index.study_ids))
        to_report[row] = totals[index.films.study]
        tell("Image to report", row + 1, len(index))
    queries = [statements_of(read_report(text)) for text in truth.reports]
    asked = sorted({s.asked for statements in queries for s in statements})
    vectors = embed_phrases(engine, asked).vectors
    column = {text: k for k, text in enumerate(asked)}
    odds = np.concatenate(
        [
            film_log_odds(index, np.arange(len(index)), vectors[k : k + 200], scoring_of(engine))
            for k in range(0, len(asked), 200)
        ],
        axis=1,
    )
    cosines = index.films.vectors @ vectors.T
    flat = alignment.log_odds(cosines, alignment.phrase_base(cosines))
    ways = {
        "image to report": to_report,
        "report to image": agreement(index, engine, odds, vectors, queries, column).T,
    }
    ways["report to image, whole-film vectors"] = flat_agreement(flat, queries, column).T
    result = {way: recalls(scores, right) for way, scores in ways.items()}
    words = np.full(right.shape, -np.inf)
    for row, statements in enumerate(queries):
        parts = [
            QueryPart(s.asked, s.shown, s.assertion, vectors[column[s.asked]]) for s in statements
        ]
        if parts:
            words[row] = np.nan_to_num(word_scores(index, parts), nan=0.0)[index.films.study]
        tell("Words", row + 1, len(queries))
    for way, scores in (
        ("report to image, without its own", ways["report to image"]),
        ("report to report's image by words (BM25), without its own", words),
    ):
        result[way] = recalls_of_others(scores, right)
    return result


def agreement(
    index: Corpus,
    engine: pipeline.Engine,
    odds: NDArray[np.float64],
    vectors: NDArray[np.float32],
    queries: Sequence[Any],
    column: dict[str, int],
) -> NDArray[np.float64]:
    """(films, reports) what a search for the text of every report gives to every film."""
    found = np.zeros((len(odds), len(queries)))
    rows = np.arange(len(odds))
    for k, statements in enumerate(queries):
        columns = [column[s.asked] for s in statements]
        said = [s.assertion for s in statements]
        gains = statement_gains(
            index, rows, odds[:, columns], vectors[columns], said, reference=engine.reference
        )
        found[:, k] = gains.sum(axis=1)
    return found


def flat_agreement(
    odds: NDArray[np.float64], queries: Sequence[Any], column: dict[str, int]
) -> NDArray[np.float64]:
    """The same with one vector a film, whose odds are taken as they are."""
    found = np.zeros((len(odds), len(queries)))
    for k, statements in enumerate(queries):
        own = odds[:, [column[s.asked] for s in statements]]
        found[:, k] = alignment.report_log_odds(own, [s.assertion for s in statements])
    return found


def recalls(scores: NDArray[np.float64], right: NDArray[np.bool_]) -> dict[str, Any]:
    """R@1, 5, 10 with intervals, and what chance gives."""
    found: dict[str, Any] = {}
    for k in (1, 5, 10):
        values = recall_at(scores, right, k)
        chance = np.mean([chance_recall(len(row), int(row.sum()), k) for row in right])
        found[f"recall_at_{k}"] = {**by_film(values), "chance": round(float(chance), 4)}
    return found


def recalls_of_others(scores: NDArray[np.float64], right: NDArray[np.bool_]) -> dict[str, Any]:
    """The same without a query's own study; queries that no other study answers are left out."""
    own = np.eye(len(right), dtype=bool)
    others = right & ~own
    kept = others.any(axis=1)
    lowest = np.where(own, -np.inf, scores)
    return recalls(lowest[kept], others[kept])


def by_film(values: NDArray[np.float64], films: Sequence[int] | None = None) -> dict[str, Any]:
    """Mean with its 95 % interval; one value a film, or several of `films`."""
    names = [str(k) for k in (range(len(values)) if films is None else films)]
    return interval(values, names, seed=SEED)


# --- findings and regions ------------------------------------------------------------------------


def measure_findings(index: Corpus, engine: pipeline.Engine, truth: Truth) -> dict[str, Any]:
    """First ten films for "FINDING" and for "no FINDING", against how common it is."""
    names = {name: module.CARD.name for name, module in list_findings().items()}
    has = {n: np.array([any(f == n for f, _ in film) for film in truth.labels]) for n in names}
    asked = [name for name in names if has[name].sum() >= LEAST_FILMS]
    found = {}
    for name in asked:
        share = []
        for text in (names[name], f"no {names[name]}"):
            hits = pipeline.search_text(index, engine, text, count=10).hits
            share.append(float(np.mean([has[name][index.row_of(h.film_id)] for h in hits])))
        found[name] = {"asked": share[0], "denied": share[1], "base": float(has[name].mean())}
    mean = {k: float(np.mean([entry[k] for entry in found.values()])) for k in found[asked[0]]}
    return {"mean": {k: round(v, 4) for k, v in mean.items()}, "findings": found}


def measure_regions(index: Corpus, engine: pipeline.Engine, truth: Truth) -> dict[str, Any]:
    """Share of the nearest five regions that show the finding of the query region."""
    names = sorted({name for film in truth.boxes for name, _ in film})
    regions = index.regions
    shows = np.zeros((len(regions.film), len(names)), dtype=bool)
    for row, film in enumerate(regions.film):
        for name, box in truth.boxes[film]:
            if same_place(regions.box(row), box):
                shows[row, names.index(name)] = True
    standing = standing_regions(index)
    result: dict[str, Any] = {"regions": len(standing), "standing": int(standing.sum())}
    for way, kept in (("standing out", standing), ("all", np.ones_like(standing))):
        result[way] = nearest(index, shows, np.flatnonzero(kept))
    result["finding's own box"] = by_box(index, engine, truth, shows, names)
    return result


def same_place(first: Box, second: Box) -> bool:
    """IoU of at least .2, and at least half of the smaller box shared."""
    overlap = first.iou(second)
    shared = overlap * (first.area + second.area) / (1 + overlap)
    return overlap >= LEAST_IOU and shared >= 0.5 * min(first.area, second.area)


def nearest(index: Corpus, shows: NDArray[np.bool_], kept: NDArray[np.intp]) -> dict[str, Any]:
    """P@5 over the regions of `kept` that show a finding, candidates being the same regions."""
    regions = index.regions
    films = regions.film[kept]
    asked = np.flatnonzero(shows[kept].any(axis=1))
    likeness = region_likeness(index, regions.vectors[kept[asked]], regions.vectors[kept])
    share, chance = [], []
    for query, row in zip(asked, likeness, strict=True):
        same = (shows[kept] & shows[kept[query]]).any(axis=1)
        others = films != films[query]
        order = np.argsort(np.where(others, -row, np.inf), kind="stable")[:200]
        _, first = np.unique(films[order], return_index=True)
        share.append(same[order[np.sort(first)[:NEAR]]].mean())
        chance.append(same[others].mean())
    found = by_film(np.array(share), films[asked].tolist())
    return {**found, "chance": round(float(np.mean(chance)), 4), "candidates": len(kept)}


def by_box(
    index: Corpus,
    engine: pipeline.Engine,
    truth: Truth,
    shows: NDArray[np.bool_],
    names: list[str],
) -> dict[str, Any]:
    """The same where a person draws the box of a finding on a film of the index."""
    number = {region: k for k, region in enumerate(index.regions.columns["region_id"])}
    share, films = [], []
    for row, boxes in enumerate(truth.boxes):
        film = index.films.columns["film_id"][row]
        for name, box in boxes:
            hits = pipeline.search_region(index, engine, film, box, count=NEAR).hits
            rows = [number[hit.region_id] for hit in hits]
            share.append(float(shows[rows, names.index(name)].mean()))
            films.append(row)
        tell("Regions", row + 1, len(truth.boxes))
    return by_film(np.array(share), films)


# --- the page ------------------------------------------------------------------------------------


def render(results: dict[str, Any]) -> str:
    """The page docs/results_retrieval.md."""
    reports, regions, found = results["reports"], results["regions"], results["findings"]
    lines = [
        "# Results of retrieval",
        "",
        f"Checkpoint `{results['checkpoint']['name']}`, {results['studies']} studies of "
        f"PhantomCXR-v1 with {results['distinct_label_sets']} distinct sets of findings. Written",
        "by `benchmarks/retrieval_quality.py` from",
        "[retrieval_quality.json](../benchmarks/results/retrieval_quality.json); do not edit by "
        "hand.",
        "",
        "Whole reports; studies with the same findings and sides are equally right. In brackets:",
        "95 % interval by bootstrap over studies; then what chance gives.",
        "",
        "| way | n | R@1 | R@5 | R@10 |",
        "|---|---|---|---|---|",
    ]
    for way, figures in reports.items():
        cells = [f"{cell(entry)}, {entry['chance']:.2f}" for entry in figures.values()]
        lines.append(f"| {way} | {figures['recall_at_1']['n']} | {' | '.join(cells)} |")
    mean = found["mean"]
    lines += [
        "",
        "First ten films for the name of a finding, and for its denial, mean over "
        f"{len(found['findings'])} findings:",
        f"{mean['asked']:.2f} have it when it is asked, {mean['denied']:.3f} when it is denied, "
        f"{mean['base']:.3f} of all films have it.",
        "",
        "Region to region: share of the nearest five regions, one a study, that show the same "
        "finding.",
        "",
        "| query and candidates | queries | P@5 | chance |",
        "|---|---|---|---|",
    ]
    for way in ("standing out", "all", "finding's own box"):
        entry = regions[way]
        chance = f"{entry['chance']:.3f}" if "chance" in entry else ""
        lines.append(f"| {way} | {entry['n']} | {cell(entry)} | {chance} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
