"""One search in two indices of the same films, made by two checkpoints."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from explorer.adapters import AdapterCard, Engine
from explorer.errors import RetrievalError
from explorer.pipeline.checkpoints import list_checkpoints
from explorer.pipeline.retrieval import index_info
from explorer.retrieval.beside import Beside, By, Placed, beside, ids_of, require_shared
from explorer.retrieval.corpus import Corpus
from explorer.retrieval.records import Results

DEPTH = 200  # hits of each ranking that are compared
MOST_HITS = 2000  # that are asked of an index which holds more than the other one
Searching = Callable[[Corpus, Engine, int], Results]


def maker_of(uri: str | Path) -> AdapterCard:
    """Card of the checkpoint on the shelf that an index was built with.

    Raises:
        RetrievalError: There is no index, or that checkpoint is not here.
    """
    space = index_info(uri).space
    found = next((card for card in list_checkpoints() if card.sha256 == space.sha256), None)
    if found is None:
        raise RetrievalError(
            f"The index {str(uri)!r} was built with the checkpoint {space.checkpoint!r} "
            f"({space.sha256[:12]}), which is not here. Add it: explorer checkpoints add."
        )
    return found


def search_beside(
    search: Searching,
    here: tuple[Corpus, Engine],
    there: tuple[Corpus, Engine],
    *,
    by: By,
    depth: int = DEPTH,
) -> Beside:
    """Ask two indices the same and compare the rankings.

    Args:
        search: Asks one index, opened for an engine, for its first hits.
        here: One index with the engine that it was opened for.
        there: The other one.
        by: "study" for texts and reports, "film" for films and regions.
        depth: Hits that are compared, of those that both hold.

    Raises:
        RetrievalError: The indices hold different films, or are of one checkpoint.
    """
    ids = [ids_of(corpus, by) for corpus, _ in (here, there)]
    require_shared(*ids, by=by)
    if here[0].space.same_as(there[0].space):
        raise RetrievalError(
            f"Both indices are of the checkpoint {here[0].space.checkpoint!r}, so their rankings "
            "are the same. Name an index of another checkpoint."
        )
    both = ids[0] & ids[1]
    found = [
        search(corpus, engine, min(depth + len(own - both), MOST_HITS))
        for (corpus, engine), own in zip((here, there), ids, strict=True)
    ]
    return beside(found[0], found[1], here_ids=ids[0], there_ids=ids[1], by=by)


def beside_document(found: Beside, uri: str | Path) -> dict[str, Any]:
    """Both rankings as plain values for a file, beside the hits of the first."""
    return {
        "index": index_info(uri).as_json(),
        "ranked": {"study": "studies", "film": "films"}[found.by],
        "shared": found.shared,
        "only_here": found.only_here,
        "only_there": found.only_there,
        "overlap_at_10": found.overlap,
        "spearman": found.agreement,
        "here": [_placed(placed) for placed in found.here],
        "there": [_placed(placed) for placed in found.there],
    }


def _placed(placed: Placed) -> dict[str, Any]:
    return {
        "rank": placed.rank,
        "rank_in_the_other": placed.other,
        "study": placed.hit.study_id,
        "film": placed.hit.film_id,
        "score": placed.hit.score,
    }
