"""What does each head add to a frozen checkpoint, and what does each copy keep?

usage: python benchmarks/heads.py [--index URI] [--checkpoint NAME] [--seeds 0 1 2]
           [--phantoms FOLDER --films 80 --work FOLDER]

Binary codes beside codes of random planes and RaBitQ; studies as a graph; prompts from a few
films; with --phantoms also a student beside its teacher, and a copy adapted to films whose
greys were changed. Writes benchmarks/results/heads.json.
"""

import argparse
import statistics
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from _report import RESULTS, write_report

from explorer import pipeline
from explorer.adapters import Engine
from explorer.entities import Float32
from explorer.errors import TrainingError
from explorer.methods._heads import HeadData
from explorer.methods.cmimh import CmimhOptions
from explorer.pipeline.heads import HeadSources, head_data
from explorer.retrieval.codes import RegionCodes, pack, recall_of_shortlist
from explorer.retrieval.corpus import Corpus
from explorer.retrieval.vocabulary import SIGNATURE
from explorer.training.heads import fit_head

BITS = (32, 64, 128)
SHORTLISTS = {"tenth": 0.1, "fifth": 0.2}  # of the films
SHOTS = 8
PROTOCOL = (
    "Index of {films} films, every fifth study held out of what is learned; means and standard "
    "deviations over seeds {seeds}. Codes: share of the ten films that exact scores put first that "
    "a shortlist of a tenth or a fifth of all films holds, over {phrases} phrases; random planes: "
    "signs of random projections; RaBitQ (Gao and Long, SIGMOD 2024): signs after a random "
    "rotation, {dimension} bits, with its estimate of the inner product from the whole query; "
    "chance is the size of the list. Graph: share of the five nearest held-out films with a "
    "finding in common. Prompts: {shots} films with and {shots} without the finding, AUROC on "
    "held-out films by the name alone and by the prompt, findings with enough films."
)
OF_FILMS = (
    " Student and copy: {films} phantoms rendered at 160 px, every fifth held out, one seed; the "
    "other site are the same kind of phantoms with inverted gamma and blur. One thread."
)


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--index")
    parser.add_argument("--checkpoint")
    parser.add_argument("--phantoms", type=Path)
    parser.add_argument("--films", type=int, default=80)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    engine = pipeline.open_engine(options.checkpoint, device="cpu")
    uri = options.index or pipeline.bundled_index()
    index = pipeline.open_index(uri, engine=engine)
    learned, held_out = head_data(HeadSources(index=uri), engine)
    found: dict[str, Any] = {
        "checkpoint": engine.card.name,
        "codes": codes(index, engine, learned, options.seeds),
        "graph": over_seeds(graph(learned, held_out), options.seeds),
        "prompts": prompts(learned, held_out, options.seeds),
    }
    protocol = PROTOCOL.format(
        films=len(index), seeds=options.seeds, phrases=len(SIGNATURE), shots=SHOTS,
        dimension=index.regions.vectors.shape[1],
    )  # fmt: skip
    if options.phantoms:
        found |= copies(options, engine)
        protocol += OF_FILMS.format(films=options.films)
    write_report("heads", protocol=protocol, seed=0, results=found, folder=options.out)


# --- binary codes -----------------------------------------------------------------------------


def codes(
    index: Corpus, engine: Engine, learned: HeadData, seeds: Sequence[int]
) -> dict[str, dict[str, dict[str, float]]]:
    """Recall@10 by length of the shortlist, kind of code and bits."""
    queries = pipeline.embed_phrases(engine, SIGNATURE).vectors
    found: dict[str, dict[str, dict[str, float]]] = {}
    for name, share in SHORTLISTS.items():
        length = round(share * len(index))
        rows = {
            f"RaBitQ {queries.shape[1]} bits": over_seeds(rabitq(index, queries, length), seeds)
        }
        for bits in BITS:
            for kind, make in (("cmimh", learned_codes), ("random planes", random_codes)):
                made = partial(make, index, learned, bits=bits, shortlist=length)
                rows[f"{kind} {bits} bits"] = over_seeds(of_codes(made, queries, index), seeds)
        found[name] = rows | {"chance": {"recall": round(length / len(index), 3)}}
    return found


def of_codes(
    made: Callable[..., RegionCodes], queries: Float32, index: Corpus
) -> Callable[[int], dict[str, float]]:
    """Mean recall over the phrases, by seed of the codes."""

    def once(seed: int) -> dict[str, float]:
        found = recall_of_shortlist(made(seed=seed), queries, index.films.signatures)
        return {"recall": float(found.mean())}

    return once


def learned_codes(
    index: Corpus, learned: HeadData, *, bits: int, seed: int, shortlist: int
) -> RegionCodes:
    """Of the head cmimh."""
    head: Any = fit_head("cmimh", learned, {"bits": bits, "seed": seed})
    assert isinstance(head.options, CmimhOptions)
    return RegionCodes(
        pack(head.encode(index.regions.vectors, side="image")),
        index.regions.film,
        lambda vectors: head.encode(vectors, side="text"),
        shortlist,
    )


def random_codes(
    index: Corpus, learned: HeadData, *, bits: int, seed: int, shortlist: int
) -> RegionCodes:
    """Signs of projections on random directions around the mean of each kind."""
    rng = np.random.default_rng(seed)
    planes = rng.normal(size=(index.regions.vectors.shape[1], bits)).astype(np.float32)
    regions, phrases = index.regions.vectors, learned.phrases.mean(0)
    return RegionCodes(
        pack((regions - regions.mean(0)) @ planes > 0),
        index.regions.film,
        lambda vectors: (vectors - phrases) @ planes > 0,
        shortlist,
    )


def rabitq(index: Corpus, queries: Float32, length: int) -> Callable[[int], dict[str, float]]:
    """Recall of the films whose best region has the largest estimated inner product."""
    regions, film = index.regions.vectors, index.regions.film
    exact = index.films.signatures

    def once(seed: int) -> dict[str, float]:
        draws = np.random.default_rng(seed).normal(size=(regions.shape[1],) * 2)
        rotation = np.linalg.qr(draws)[0].astype(np.float32)
        turned = (regions - regions.mean(0)) @ rotation
        signs = np.sign(turned) / np.sqrt(regions.shape[1])
        length_of = np.linalg.norm(turned, axis=1)
        along = (signs * turned).sum(1) / length_of  # cosine of a region with its code
        estimate = (queries @ rotation) @ signs.T / along * length_of  # (S, M)
        shares = []
        for row, best in zip(
            estimate, np.argsort(-exact, axis=0, kind="stable")[:10].T, strict=True
        ):
            order = dict.fromkeys(film[np.argsort(-row, kind="stable")].tolist())
            shares.append(len(set(list(order)[:length]) & set(best.tolist())) / len(best))
        return {"recall": float(np.mean(shares))}

    return once


# --- graph and prompts ------------------------------------------------------------------------


def graph(learned: HeadData, held_out: HeadData) -> Callable[[int], Mapping[str, float]]:
    """Figures of the head mvmi_ft by seed."""
    return lambda seed: fit_head("mvmi_ft", learned, {"seed": seed}).figures(held_out)


def prompts(
    learned: HeadData, held_out: HeadData, seeds: Sequence[int]
) -> dict[str, dict[str, float]]:
    """Figures of the head counterfactual_prompts by finding, and their means."""
    rows: dict[str, dict[str, float]] = {}
    for finding in learned.names:

        def once(seed: int, finding: str = finding) -> Mapping[str, float]:
            chosen = {"finding": finding, "shots": SHOTS, "seed": seed}
            return fit_head("counterfactual_prompts", learned, chosen).figures(held_out)

        try:
            row = over_seeds(once, seeds)
        except TrainingError:  # too few films
            continue
        if row["films with it"] >= 3:
            rows[finding] = row
    means = {
        name: round(statistics.fmean(row[name] for row in rows.values()), 3)
        for name in ("zero-shot AUROC", "few-shot AUROC")
    }
    better = sum(row["few-shot AUROC"] > row["zero-shot AUROC"] for row in rows.values())
    return {"mean": means | {"findings": len(rows), "findings that gained": better}} | rows


def over_seeds(
    once: Callable[[int], Mapping[str, float]], seeds: Sequence[int]
) -> dict[str, float]:
    """Means of figures, and the deviation of those that vary."""
    runs = [once(seed) for seed in seeds]
    found: dict[str, float] = {}
    for name in runs[0]:
        values = [run[name] for run in runs]
        found[name] = round(statistics.fmean(values), 3)
        if len(set(values)) > 1:
            found[f"{name} deviation"] = round(statistics.pstdev(values), 3)
    return found


# --- copies -----------------------------------------------------------------------------------


def copies(options: argparse.Namespace, engine: Engine) -> dict[str, Any]:
    """A student and its teacher; a copy before and after its adaptation."""
    work: Path = options.work
    site = work / "site"
    if not site.exists():
        other_site(options.phantoms, site, films=options.films)
    found: dict[str, Any] = {}
    for method, given in (
        ("mimkd", {"steps": str(options.steps)}),
        ("mi_uda", {}),
    ):
        sources = HeadSources(
            phantoms=options.phantoms, films=options.films,
            target=site if method == "mi_uda" else None,
        )  # fmt: skip
        figures = pipeline.train_head(
            method,
            sources,
            engine=engine,
            out=work / method,
            options=given,
            work=work / f"{method}.work",
        )
        found[method] = {name: round(value, 4) for name, value in figures.items() if value == value}
    return found


def other_site(phantoms: Path, folder: Path, *, films: int) -> None:
    """Phantoms that are not learned from, darker, steeper and less sharp."""
    known = pipeline.known_films(phantoms=phantoms)
    learned = {film.id for film in pipeline.few_of_each(known, films)}
    others = [film for film in known if film.id not in learned][:films]
    folder.mkdir(parents=True)
    for number, film in enumerate(others):
        darker = (film.load().astype(np.float32) / 255) ** 1.8
        grey = np.asarray(cv2.GaussianBlur(darker, (0, 0), 0.8))
        cv2.imwrite(str(folder / f"{number:03d}.png"), np.round(255 * grey).astype(np.uint8))


if __name__ == "__main__":
    main()
