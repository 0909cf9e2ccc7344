"""Prototypes of an index: build them, ask where a study uses one, write them to a file."""

import importlib.util
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from explorer.adapters import Engine
from explorer.embeddings import TextEmbeddings
from explorer.entities import Float32, ImageEmbeddings
from explorer.errors import PrototypeError
from explorer.pipeline.embedding import embed_phrases
from explorer.prototypes import clusterings
from explorer.prototypes import planes as ways_of_planes
from explorer.prototypes.measures import stability
from explorer.prototypes.naming import standing
from explorer.prototypes.records import Assignments, Clustering, Level, Marks, Points, Use
from explorer.prototypes.rooms import furnish
from explorer.prototypes.use import uses_of
from explorer.registry import discover
from explorer.retrieval.corpus import Corpus
from explorer.retrieval.proposals import seen_cells
from explorer.retrieval.vocabulary import SIGNATURE
from explorer.text import mentions

GRANULARITIES = (12, 24, 48, 96)
DEFAULT_METHOD, DEFAULT_GRANULARITY = "kmeans", 48
_FEWEST = 2  # points a prototype, on average, below which there is nothing to learn


def clustering_methods() -> dict[str, tuple[str, str]]:
    """Title and one sentence about each clustering, by its id."""
    return {name: (m.TITLE, m.ABOUT) for name, m in discover(clusterings).items()}


def planes() -> dict[str, str]:
    """Title of each way to draw a map that can be used here, by its id; "pca" always can."""
    return {
        name: module.TITLE
        for name, module in discover(ways_of_planes).items()
        if not module.NEEDS or importlib.util.find_spec(module.NEEDS) is not None
    }


def on_a_plane(vectors: Float32, *, way: str = "pca", seed: int = 0) -> tuple[Float32, str]:
    """(N, 2) points on a map, and a sentence on what the map keeps.

    Args:
        vectors: (N, D) unit rows.
        way: Of `planes`.
        seed: Of everything random.

    Raises:
        PrototypeError: There is no such way here.
    """
    if way not in planes():
        raise PrototypeError(
            f"Unknown map {way!r}. Available here: {', '.join(planes())}. LocalMAP needs: "
            "pip install 'radiograph-grounding-explorer[maps]'."
        )
    plane, words = discover(ways_of_planes)[way].place(vectors, seed=seed)
    return np.asarray(plane, dtype=np.float32), str(words)


def points_of(index: Corpus, engine: Engine, *, level: Level = "regions") -> Points:
    """What an index holds of a level, with the phrases that prototypes are named with.

    Args:
        index: Opened with this engine.
        engine: Embeds the vocabulary.
        level: "regions", "films", or "sentences" (statements that reports claim).

    Raises:
        PrototypeError: The index holds too little, or too much for the memory.
    """
    if level not in _READERS:
        raise PrototypeError(f"The level must be one of {', '.join(_READERS)}, got {level!r}.")
    columns = _READERS[level](index)
    phrases = SIGNATURE if engine.reads_text else ()
    return Points(
        level=level,
        space_id=index.space.sha256,
        vocabulary=embed_phrases(engine, phrases),
        spoken=(
            _marks([(text,) for text in columns["texts"]], phrases),
            _marks(columns["findings"], phrases),
        ),
        **columns,
    )


def build_prototypes(
    points: Points,
    *,
    method: str = DEFAULT_METHOD,
    granularity: int = DEFAULT_GRANULARITY,
    seed: int = 0,
    with_stability: bool = True,
) -> Clustering:
    """Cluster the points of an index; the same seed gives the same prototypes.

    Args:
        points: From `points_of`.
        method: Id of a clustering.
        granularity: Number of prototypes, or about how many there could be for methods that find
            the number themselves.
        seed: Of everything random.
        with_stability: Whether to cluster five samples as well and compare.

    Raises:
        PrototypeError: The method is unknown, or there are too few points.
    """
    methods = discover(clusterings)
    if method not in methods:
        raise PrototypeError(f"Unknown method {method!r}. Available: {', '.join(methods)}.")
    different = len({row.tobytes() for row in points.vectors.round(5)})
    if granularity < 2 or len(points) < _FEWEST * granularity or different < granularity:
        raise PrototypeError(
            f"{granularity} prototypes need at least {_FEWEST * max(granularity, 2)} "
            f"{points.level}, {max(granularity, 2)} of them different; got {len(points)}, "
            f"{different} of them different. Choose fewer prototypes or index more studies."
        )
    assignments = methods[method].cluster(points.centred, granularity=granularity, seed=seed)
    built = Clustering(
        method=method,
        level=points.level,
        parameters={"granularity": granularity},
        seed=seed,
        space_id=points.space_id,
        origin=points.origin,
        assignments=assignments,
        prototypes=furnish(points, assignments),
    )
    return with_stability_of(built, points) if with_stability else built


def with_stability_of(clustering: Clustering, points: Points) -> Clustering:
    """The same prototypes, with how far clusterings of samples of the points agree with them."""
    method = discover(clusterings)[clustering.method]

    def cluster(vectors: np.ndarray, seed: int) -> Assignments:
        found: Assignments = method.cluster(vectors, seed=seed, **clustering.parameters)
        return found

    found = stability(points.centred, clustering.assignments, cluster, seed=clustering.seed)
    return replace(clustering, stability=found)


def phrases_of_prototype(
    index: Corpus, clustering: Clustering, points: Points, *, number: int, count: int = 5
) -> tuple[str, ...]:
    """Claims of the reports of an index that stand out most on a prototype, the best first.

    Raises:
        PrototypeError: There is no such prototype.
    """
    rows = clustering.members(clustering.prototype(number).id)
    if index.sentence_count == 0:
        return ()
    said = index.sentences
    claimed = [r for r, how in enumerate(said.assertions) if said.counts[r] and how == "present"]
    words = {int(said.distinct[r]): said.words[r] for r in reversed(claimed)}
    if not words:
        return ()
    phrases = TextEmbeddings(
        points.space_id, tuple(words.values()), np.asarray(said.vectors[list(words)])
    )
    mean = points.vectors[rows].mean(axis=0, keepdims=True)
    order = np.argsort(-standing(mean, points.vectors, phrases)[0], kind="stable")
    return tuple(phrases.phrases[k] for k in order[:count])


def prototypes_of_study(
    clustering: Clustering,
    points: Points,
    engine: Engine,
    embeddings: ImageEmbeddings,
    *,
    ids: Sequence[int] | None = None,
) -> tuple[Use, ...]:
    """Where a radiograph uses prototypes, as maps over its patch grid, the most used first.

    Args:
        clustering: Prototypes.
        points: What they were made of.
        engine: That encoded the radiograph.
        embeddings: The radiograph.
        ids: Only these prototypes; None takes all that are not hidden.

    Raises:
        PrototypeError: The radiograph was encoded by another checkpoint, or a prototype is unknown.
    """
    if engine.card.sha256 != clustering.space_id:
        raise PrototypeError(
            f"These prototypes are of another checkpoint than {engine.card.name!r}: their vectors "
            "cannot be compared. Choose the checkpoint that the index was built with."
        )
    for number in ids or ():
        clustering.prototype(number)
    grid = embeddings.grid
    return uses_of(clustering, points, grid, seen=seen_cells(grid.frame), ids=ids)


def _marks(said: Sequence[tuple[str, ...] | None], phrases: Sequence[str]) -> Marks:
    """Which phrases name a finding that is said of each point; None where nothing is known."""
    columns = [set(mentions(phrase)) for phrase in phrases]
    found: dict[tuple[str, ...], list[bool]] = {}
    for words in set(said) - {None}:
        named = {finding for text in words or () for finding in mentions(text)}
        found[words or ()] = [bool(named & column) for column in columns]
    marked = np.zeros((len(said), len(phrases)), dtype=bool)
    for row, words in enumerate(said):
        if words is not None:
            marked[row] = found[words]
    return Marks(marked, np.array([words is not None for words in said], dtype=bool))


def _regions(index: Corpus) -> dict[str, Any]:
    """Regions that a phrase found; segments of the grid only where there are no others."""
    if not index.is_exact:
        raise PrototypeError(
            f"Prototypes are built in memory, from at most 50,000 regions; the index has "
            f"{index.region_count:,}. Choose the level films, or a smaller index."
        )
    regions = index.regions
    found = [row for row, label in enumerate(regions.columns["label"]) if label]
    rows = np.array(found or range(len(regions.film)), dtype=np.intp)
    boxes = [regions.box(row) for row in rows]
    films = regions.film[rows]
    shapes = index.films.shapes[films]
    findings = _findings(index)
    centres = [
        (box.center[0] / width, box.center[1] / height)
        for box, (height, width) in zip(boxes, shapes, strict=True)
    ]
    return {
        "ids": tuple(regions.columns["region_id"][row] for row in rows),
        "vectors": regions.vectors[rows],
        "films": tuple(index.films.columns["film_id"][row] for row in films),
        "boxes": tuple(boxes),
        "places": np.array(centres, dtype=np.float32).reshape(-1, 2),
        "findings": tuple(findings[row] for row in films),
        "views": tuple(index.films.columns["view"][row] for row in films),
        "texts": tuple(regions.columns["label"][row] for row in rows),
    }


def _films(index: Corpus) -> dict[str, Any]:
    ids = tuple(index.films.columns["film_id"])
    return {
        "ids": ids,
        "vectors": index.films.vectors,
        "films": ids,
        "boxes": (None,) * len(ids),
        "places": None,
        "findings": tuple(_findings(index)),
        "views": tuple(index.films.columns["view"]),
        "texts": ("",) * len(ids),
    }


def _sentences(index: Corpus) -> dict[str, Any]:
    said = index.sentences
    rows = [r for r, how in enumerate(said.assertions) if said.counts[r] and how != "absent"]
    first_film: dict[int, int] = {}
    for row, study in enumerate(index.films.study):
        first_film.setdefault(int(study), row)
    findings = _findings(index)
    film_rows = [first_film[int(said.study[row])] for row in rows]
    return {
        "ids": tuple(f"{index.study_ids[said.study[r]]}-{said.place[r]}-{r}" for r in rows),
        "vectors": said.vectors[said.distinct[rows]],
        "films": tuple(index.films.columns["film_id"][row] for row in film_rows),
        "boxes": (None,) * len(rows),
        "places": None,
        "findings": tuple(findings[row] for row in film_rows),
        "views": tuple(index.films.columns["view"][row] for row in film_rows),
        "texts": tuple(said.words[row] for row in rows),
    }


_READERS = {"regions": _regions, "films": _films, "sentences": _sentences}


def _findings(index: Corpus) -> list[tuple[str, ...] | None]:
    columns = index.films.columns
    pairs = zip(columns["findings"], columns["findings_known"], strict=True)
    return [tuple(found) if known else None for found, known in pairs]
