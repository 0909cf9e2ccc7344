"""Films for texts: precision among the first k by label, as CheXpert 8 x 200 is measured."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from explorer.adapters import Engine
from explorer.corpora.labelled_films import LabelledFilms
from explorer.corpora.text_queries import TextQuery
from explorer.errors import DataSetError
from explorer.evaluation.retrieval import precision_at
from explorer.evaluation.statistics import Interval, grouped_means
from explorer.pipeline.exports import describe_engine
from explorer.pipeline.findings import score_films

PROTOCOL = "text_to_film/1"
DEFINITION = (
    "Films are ranked for a text by the pooled logit of its map; right is a film whose label is 1, "
    "wrong one whose label is 0 or unknown. P@k: share of right ones among the first k, over all "
    "orders of ties; mean over the queries of a label, then over labels. Intervals draw queries: "
    "candidates stay as they are. Chance: share of right films."
)
RANKS = (1, 5, 10, 50, 100)


def evaluate_text_retrieval(
    engine: Engine,
    films: LabelledFilms,
    queries: Sequence[TextQuery],
    *,
    replicates: int = 1000,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> dict[str, Any]:
    """P@k by label and macro, with chance.

    Args:
        engine: Loaded checkpoint.
        films: Candidates with their labels.
        queries: Texts with the label that they ask for.
        replicates: Of the bootstrap.
        progress: Told how many films of how many are scored.

    Raises:
        DataSetError: A query asks for a label that the films do not have.
    """
    strangers = sorted({q.label for q in queries} - set(films.findings))
    if strangers or not queries:
        raise DataSetError(
            f"Queries must ask for labels of the films ({', '.join(films.findings)}), got "
            f"{', '.join(strangers) or 'no query'}."
        )
    scores = score_films(engine, films.paths, [q.text for q in queries], progress=progress).T
    column = [films.findings.index(q.label) for q in queries]
    relevant = films.labels.T[column] == 1
    labels = [q.label for q in queries]
    figures: dict[str, Any] = {}
    for k in RANKS:
        by_label, macro = grouped_means(
            precision_at(scores, relevant, k),
            groups=labels,
            clusters=[str(n) for n in range(len(queries))],
            replicates=replicates,
            rng=np.random.default_rng(0),
        )
        for label, interval in (*by_label.items(), ("macro", macro)):
            figures.setdefault(label, {})[f"p_at_{k}"] = _plain(interval)
    for label in by_label:
        figures[label]["chance"] = float((films.labels[:, films.findings.index(label)] == 1).mean())
    figures["macro"]["chance"] = float(np.mean([figures[label]["chance"] for label in by_label]))
    return {
        "protocol": PROTOCOL,
        "definition": DEFINITION,
        "labels": figures,
        "queries": len(queries),
        "films": len(films.paths),
        "checkpoint": describe_engine(engine),
    }


def _plain(interval: Interval) -> dict[str, float]:
    return {"mean": interval.mean, "low": interval.low, "high": interval.high}
