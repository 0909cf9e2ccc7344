"""Zero-shot findings: films with labels, scored by phrases of each label and nothing else."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.adapters import Engine, scoring_of
from explorer.corpora import read_pixels
from explorer.corpora.labelled_films import LabelledFilms
from explorer.evaluation.findings import calibration, compare_findings, rank_findings
from explorer.evaluation.statistics import Interval
from explorer.grounding.alignment import pooled_logits
from explorer.pipeline.exports import describe_engine

Floats = NDArray[np.float64]
TEMPLATES = ("{}",)
ENSEMBLE = ("{}", "there is {}", "{} is seen", "findings suggest {}")
NAMES = {
    "Edema": "pulmonary edema",
    "Effusion": "pleural effusion",
    "Fibrosis": "pulmonary fibrosis",
    "Hernia": "hiatal hernia",
    "Infiltration": "infiltrate",
    "Pleural_Thickening": "pleural thickening",
}
PROTOCOL = "zero_shot_findings/1"
DEFINITION = (
    "A film is scored for a finding by the pooled logit of its maps, with the pooling that the "
    "checkpoint was trained with, mean over the prompts of the finding; nothing is fitted. AUROC "
    "and AUPRC against image-level labels, unknown ones left out; intervals: patients drawn whole."
)
_BATCH = 8


def prompts_of(
    findings: Sequence[str],
    *,
    templates: Sequence[str] = TEMPLATES,
    own: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, list[str]]:
    """Prompts of every label: one's own, else its usual name in every template."""
    found = {}
    for finding in findings:
        name = NAMES.get(finding, finding.replace("_", " ").lower())
        found[finding] = list((own or {}).get(finding) or [t.format(name) for t in templates])
    return found


def score_findings(
    engine: Engine,
    films: LabelledFilms,
    prompts: Mapping[str, Sequence[str]],
    *,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Floats:
    """(N, F) pooled logits, mean over the prompts of a finding."""
    texts = [text for finding in films.findings for text in prompts[finding]]
    owner = np.repeat(np.arange(len(films.findings)), [len(prompts[f]) for f in films.findings])
    logits = score_films(engine, films.paths, texts, progress=progress)
    means = [logits[:, owner == number].mean(axis=1) for number in range(len(films.findings))]
    return np.stack(means, axis=1)


def score_films(
    engine: Engine,
    paths: Sequence[Path],
    texts: Sequence[str],
    *,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Floats:
    """(N, S) pooled logits of every text on every film, each film encoded once."""
    scoring, rows = scoring_of(engine), []
    for start in range(0, len(paths), _BATCH):
        images = [
            np.asarray(read_pixels(path), np.float32) / np.float32(255)
            for path in paths[start : start + _BATCH]
        ]
        frames = [engine.frame_of(*image.shape) for image in images]
        inputs = [engine.model_input(i, frame=f) for i, f in zip(images, frames, strict=True)]
        for embeddings in engine.embed_images(inputs, frames=frames):
            values = engine.similarity(embeddings, texts)
            rows.append(pooled_logits(values.reshape(len(texts), -1), scoring))
        progress(len(rows), len(paths))
    return np.array(rows, np.float64)


def evaluate_findings(
    engine: Engine,
    films: LabelledFilms,
    *,
    prompts: Mapping[str, Sequence[str]],
    against: Engine | None = None,
    replicates: int = 1000,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> dict[str, Any]:
    """Zero-shot figures of a checkpoint, and their paired differences to another.

    Args:
        engine: Loaded checkpoint.
        films: With their labels.
        prompts: Of every finding; see `prompts_of`.
        against: Another checkpoint, scored on the same films.
        replicates: Of the bootstrap, by patient.
        seed: Of the bootstrap.
        progress: Told how many films of how many are scored.

    Returns:
        Plain values: {"protocol", "definition", "findings": {finding or "macro": {"auroc", "auprc",
        "positive", "negative"}}, "calibration", "comparison", "prompts", "films", "patients",
        "checkpoint"}.
    """
    scores = score_findings(engine, films, prompts, progress=progress)
    shared: dict[str, Any] = {
        "findings": films.findings,
        "patients": films.patients,
        "replicates": replicates,
        "seed": seed,
    }
    found: dict[str, Any] = {
        "protocol": PROTOCOL,
        "definition": DEFINITION,
        "findings": _plain(rank_findings(scores, films.labels, **shared)),
        "prompts": {finding: list(texts) for finding, texts in prompts.items()},
        "films": len(films.paths),
        "patients": len(set(films.patients)),
        "checkpoint": describe_engine(engine),
    }
    if engine.scoring is not None and engine.scoring.calibrated:
        known = np.isfinite(films.labels)
        stated = 0.5 + 0.5 * np.tanh(0.5 * scores[known])
        found["calibration"] = calibration(stated, films.labels[known] > 0)
    if against is not None:
        other = score_findings(against, films, prompts, progress=progress)
        found["comparison"] = {
            "second minus first": _plain(compare_findings(scores, other, films.labels, **shared)),
            "second": describe_engine(against),
        }
    return found


def _plain(entry: Any) -> Any:
    if isinstance(entry, Interval):
        return {"mean": entry.mean, "low": entry.low, "high": entry.high}
    if isinstance(entry, dict):
        return {name: _plain(value) for name, value in entry.items()}
    return entry
