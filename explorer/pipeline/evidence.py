"""Learn what standings are worth on rendered films, from phantoms that are not among them."""

from collections.abc import Iterator, Sequence

import numpy as np

from explorer.adapters import Engine, scoring_of
from explorer.embeddings import ReferenceFilms
from explorer.entities import Float32
from explorer.grounding.alignment import log_odds, phrase_base, pooled_logits
from explorer.grounding.evidence import fit_evidence
from explorer.grounding.reference import likeness, reference_logits
from explorer.pipeline.embedding import embed_phrases
from explorer.pipeline.seen_phantoms import SeenPhantom

LEAST_FILMS = 20  # fewer tell nothing
_PRECISIONS = ("plain", "sided", "zoned")
_AT_ONCE = 200  # phrases


def learn_evidence(
    engine: Engine, films: ReferenceFilms, phantoms: Sequence[SeenPhantom]
) -> Float32 | None:
    """Weights of `explorer.grounding.evidence` from phantoms; None where they are too few.

    Asked of each are its findings, with and without their place, and the names of the findings
    that it surely lacks.
    """
    seen = [(phantom.grid, list(_asked(phantom))) for phantom in phantoms]
    phrases = list(dict.fromkeys(text for _, pairs in seen for text, _ in pairs))
    shown = np.array([true for _, pairs in seen for _, true in pairs], dtype=bool)
    if len(seen) < LEAST_FILMS or shown.all() or not shown.any():
        return None
    place = {text: k for k, text in enumerate(phrases)}
    text, scoring = embed_phrases(engine, phrases).vectors, scoring_of(engine)
    reference = np.concatenate(
        [
            reference_logits(films, text[first : first + _AT_ONCE], scoring)
            for first in range(0, len(text), _AT_ONCE)
        ],
        axis=1,
    )
    odds, asked = [], []
    for grid, pairs in seen:
        columns = [place[phrase] for phrase, _ in pairs]
        cosines = text[columns] @ grid.reshape(-1, grid.shape[-1]).T
        weight = likeness(films, grid)[~films.normal]
        base = phrase_base(reference[~films.normal][:, columns], weight=weight)
        odds.append(log_odds(pooled_logits(cosines, scoring), base))
        asked += columns
    return fit_evidence(np.concatenate(odds), text[asked], shown, border=films.shown_from)


def _asked(phantom: SeenPhantom) -> Iterator[tuple[str, bool]]:
    """Phrases of a phantom, each with whether it is true of it."""
    from explorer.phantom.findings import list_findings

    for finding in phantom.findings:
        for precision in _PRECISIONS:
            if precision in finding.phrases:
                yield finding.phrases[precision][0], True
    for name in dict.fromkeys(name for name, _ in phantom.absent):
        yield list_findings()[name].CARD.name, False
