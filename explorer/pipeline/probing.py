"""The evaluation card of a checkpoint: what simple readers make of its film vectors."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer.adapters import Engine
from explorer.entities import Float32
from explorer.errors import DataSetError
from explorer.evaluation.corruptions import CORRUPTIONS, corrupted
from explorer.evaluation.probing import (
    Areas,
    LinearProbe,
    alignment,
    areas,
    fit_linear,
    mean_areas,
    nearest_scores,
    share_of_patients,
    uniformity,
)
from explorer.grounding.alignment import film_vector
from explorer.pipeline.embedding import embed_many, embed_phrases
from explorer.pipeline.exports import describe_engine
from explorer.pipeline.films_known import KnownFilm
from explorer.pipeline.head_data import FilmVectors, encode_films, labels_of

if TYPE_CHECKING:
    from explorer.methods.probe import ProbeOptions

PROTOCOL = "probe/1"
SHARES = (0.01, 0.1, 1.0)
PIXEL_BUDGETS = (1 / 255, 2 / 255)  # of the full range
VECTOR_BUDGETS = (0.05, 0.1, 0.2)  # of the standard deviation of each number
_BATCH = 8
Progress = Callable[[str, int, int], None]


class _Set:
    """Films of one split with vectors and labels of the findings that are measured."""

    def __init__(self, films: Sequence[KnownFilm], vectors: Float32, labels: Float32) -> None:
        self.films, self.vectors, self.labels = films, vectors, labels
        self.patients = [film.patient for film in films]

    def some(self, count: int) -> "_Set":
        """At most so many films, spread over the set."""
        rows = np.unique(np.linspace(0, len(self.films) - 1, count).round().astype(int))
        return _Set([self.films[r] for r in rows], self.vectors[rows], self.labels[rows])


def evaluate_probe(
    engine: Engine,
    films: Sequence[KnownFilm],
    *,
    options: "ProbeOptions | None" = None,
    replicates: int = 1000,
    seed: int = 0,
    work: Path | None = None,
    progress: Progress = lambda *_: None,
) -> dict[str, Any]:
    """Measure a checkpoint on films with known findings, by the pinned protocol `probe/1`.

    Args:
        engine: Loaded checkpoint; text is not needed.
        films: From `known_films`; probes learn from train and are measured on val.
        options: What is pinned; the defaults when None.
        replicates: Bootstrap replicates, by patient.
        seed: Of everything random.
        work: Folder that keeps the vectors of films; None keeps none.
        progress: Told how far each stage is.

    Raises:
        DataSetError: Too few findings are known on both splits.
    """
    from explorer.methods.probe import ProbeOptions

    options = options or ProbeOptions()
    known = [film for film in films if film.findings is not None]
    vectors = encode_films(
        engine, known, work=work, progress=lambda done, total: progress("Films", done, total)
    )
    names, train, val = _sets(known, vectors.images, least=options.least)

    def measure(scores: Any, subset: _Set) -> Areas:
        return areas(
            scores, subset.labels, patients=subset.patients, replicates=replicates, seed=seed
        )

    linear, nearest = _readers(train, val, measure, options=options, seed=seed)
    whole = fit_linear(train.vectors, train.labels, strength=options.strength)
    worse, mild = _corruption(
        engine, whole, val.some(options.corrupted), measure, seed=seed, progress=progress
    )
    return {
        "protocol": PROTOCOL,
        "checkpoint": describe_engine(engine),
        "findings": list(names),
        "n": _counts(names, train, val),
        "linear": linear,
        "nearest": nearest,
        "corruption": worse,
        "attacks": _attacks(engine, whole, val, measure, options=options, progress=progress),
        "alignment": {
            "film and the film made a little worse": mild,
            "region and its phrase": _region_and_phrase(engine, known, vectors),
        },
        "uniformity": uniformity(val.vectors),
        "seed": seed,
        "replicates": replicates,
    }


def _counts(names: Sequence[str], train: _Set, val: _Set) -> dict[str, Any]:
    """Films, patients of val, and how many of its films have each finding."""
    present = np.nansum(val.labels, 0).astype(int).tolist()
    return {
        "train": len(train.films),
        "val": len(val.films),
        "patients": len(set(val.patients)),
        "present": dict(zip(names, present, strict=True)),
    }


def _sets(
    films: Sequence[KnownFilm], vectors: Float32, *, least: int
) -> tuple[tuple[str, ...], _Set, _Set]:
    """Findings that can be measured, and the two splits."""
    everything = sorted({n for film in films for n in (film.findings or ())})
    labels = labels_of(films, everything)
    split = np.array([film.split for film in films])
    counts = {
        (name, kind): (labels[split == name] == kind).sum(0)
        for name in ("train", "val")
        for kind in (0, 1)
    }
    enough = [counts["val", kind] >= least for kind in (0, 1)]
    seen = [counts["train", kind] >= 1 for kind in (0, 1)]
    kept = np.flatnonzero(np.logical_and.reduce([*enough, *seen]))
    if not kept.size:
        raise DataSetError(
            f"A probe needs a finding with at least {least} films that show it and {least} that "
            f"do not in the split val, and one of each in train; of {len(films)} labelled films "
            "none is so common. Give more films."
        )
    sets = []
    for name in ("train", "val"):
        rows = np.flatnonzero(split == name)
        sets.append(_Set([films[int(r)] for r in rows], vectors[rows], labels[np.ix_(rows, kept)]))
    return tuple(everything[k] for k in kept), sets[0], sets[1]


def _readers(
    train: _Set,
    val: _Set,
    measure: Callable[[Any, _Set], Areas],
    *,
    options: "ProbeOptions",
    seed: int,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Linear probe and k-NN at each share of the training patients."""
    linear, nearest = {}, {}
    for share in SHARES:
        found: tuple[list[Areas], list[Areas]] = ([], [])
        for repeat in range(options.repeats if share < 1 else 1):
            rng = np.random.default_rng([seed, repeat])
            rows = share_of_patients(train.patients, share, rng=rng)
            vectors, labels = train.vectors[rows], train.labels[rows]
            probe = fit_linear(vectors, labels, strength=options.strength)
            found[0].append(measure(probe.logits(val.vectors), val))
            near = nearest_scores(vectors, labels, val.vectors, count=options.neighbours)
            found[1].append(measure(near, val))
        name = f"{share:.0%}"
        linear[name], nearest[name] = (_figures(each) for each in found)
    return linear, nearest


def _figures(several: Sequence[Areas]) -> dict[str, Any]:
    found = mean_areas(several)
    return {
        "auroc": _finite(found.macro),
        "interval": [_finite(edge) for edge in found.interval],
        "draws": [_finite(each.macro) for each in several],
        "findings": [_finite(area) for area in found.findings],
    }


def _corruption(
    engine: Engine,
    probe: LinearProbe,
    subset: _Set,
    measure: Callable[[Any, _Set], Areas],
    *,
    seed: int,
    progress: Progress,
) -> tuple[dict[str, Any], float]:
    """AUROC of the probe on films made worse; and how far the mildest of each kind move them."""
    pixels = [film.load().astype(np.float32) / np.float32(255) for film in subset.films]
    clean = measure(probe.logits(subset.vectors), subset)
    found: dict[str, Any] = {"films": len(pixels), "clean": _figures([clean]), "kinds": {}}
    mild = []
    total = sum(len(strengths) for _, strengths, _ in CORRUPTIONS.values())
    done = 0
    for kind, (_, strengths, unit) in CORRUPTIONS.items():
        rows = []
        for strength in strengths:
            worse = [corrupted(p, kind, strength, seed=seed + k) for k, p in enumerate(pixels)]
            vectors = _vectors(engine, worse)
            rows.append(
                {"strength": strength, **_figures([measure(probe.logits(vectors), subset)])}
            )
            if strength == strengths[0]:
                mild.append(alignment(subset.vectors, vectors))
            done += 1
            progress("Corruptions", done, total)
        found["kinds"][kind] = {"unit": unit, "strengths": rows}
    return found, float(np.mean(mild))


def _vectors(engine: Engine, pixels: Sequence[Float32]) -> Float32:
    found = []
    for first in range(0, len(pixels), _BATCH):
        batch = embed_many(engine, pixels[first : first + _BATCH])
        found += [film_vector(embeddings.grid.values) for embeddings in batch]
    return np.stack(found)


def _attacks(
    engine: Engine,
    probe: LinearProbe,
    val: _Set,
    measure: Callable[[Any, _Set], Areas],
    *,
    options: "ProbeOptions",
    progress: Progress,
) -> dict[str, Any]:
    """FGSM and PGD: on the vectors of any family, on pixels where gradients reach them."""
    from explorer.methods.probe import ATTACKS, attacked_vectors

    learned = probe.learned
    weights = (probe.weights[learned] / probe.spread).astype(np.float32)
    bias = (probe.bias[learned] - weights.astype(np.float64) @ probe.mean).astype(np.float32)
    known = _Set(val.films, val.vectors, val.labels[:, learned])
    found: dict[str, Any] = {"vectors": {"unit": "standard deviations of each number"}}
    found["vectors"]["clean"] = _figures([measure(known.vectors @ weights.T + bias, known)])
    for attack in ATTACKS:
        rows = []
        for budget in VECTOR_BUDGETS:
            moved = attacked_vectors(
                known.vectors, known.labels, attack, weights=weights, bias=bias,
                budget=(budget * probe.spread).astype(np.float32), steps=options.steps,
            )  # fmt: skip
            rows.append({"budget": budget, **_figures([measure(moved @ weights.T + bias, known)])})
        found["vectors"][attack] = rows
    found["pixels"] = None
    if engine.card.family == "local_alignment":
        found["pixels"] = _pixel_attacks(
            engine, (weights, bias), known.some(options.attacked), measure,
            steps=options.steps, progress=progress,
        )  # fmt: skip
    return found


def _pixel_attacks(
    engine: Engine,
    probe: tuple[Float32, Float32],
    subset: _Set,
    measure: Callable[[Any, _Set], Areas],
    *,
    steps: int,
    progress: Progress,
) -> dict[str, Any]:
    from explorer.methods.probe import ATTACKS
    from explorer.training.pixel_attacks import AttackedReader

    reader = AttackedReader(engine.card.folder, weights=probe[0], bias=probe[1])
    framed = []
    for film in subset.films:
        pixels = film.load().astype(np.float32) / np.float32(255)
        framed.append(engine.model_input(pixels, frame=engine.frame_of(*pixels.shape)))
    runs = [("FGSM", 0.0), *((attack, budget) for attack in ATTACKS for budget in PIXEL_BUDGETS)]
    rows = []
    for done, (attack, budget) in enumerate(runs):
        progress("Attacks", done, len(runs))
        logits = reader.attacked_logits(framed, subset.labels, attack, budget=budget, steps=steps)
        rows.append({"budget": budget, **_figures([measure(logits.astype(np.float64), subset)])})
    progress("Attacks", len(runs), len(runs))
    count = len(PIXEL_BUDGETS)
    return {
        "unit": "of the full range of pixels",
        "films": len(framed),
        "clean": rows[0],
        "FGSM": rows[1 : 1 + count],
        "PGD": rows[1 + count :],
    }


def _region_and_phrase(
    engine: Engine, films: Sequence[KnownFilm], vectors: FilmVectors
) -> float | None:
    """How far regions of placed findings lie from their plain phrase; None without any."""
    phrases = [finding.phrases[0] for film in films for finding in film.placed]
    if not phrases or not engine.reads_text:
        return None
    return alignment(vectors.regions, embed_phrases(engine, phrases).vectors)


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
