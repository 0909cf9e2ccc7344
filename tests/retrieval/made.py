"""Made-up rows for the tests of the index: four numbers a vector, known by heart."""

import numpy as np

from explorer.embeddings import unit
from explorer.entities import Box
from explorer.retrieval.records import FilmRow, RegionRow, SentenceRow, Space, StudyRows

SPACE = Space(
    "tiny", "ab" * 32, dimension=4, input_size=(64, 64), grid_size=(8, 8), frame_mode="letterbox"
)


def study(
    name: str, *, regions: int = 2, sentences: int = 1, seed: int = 0, dimension: int = 4
) -> StudyRows:
    """A study of one film; everything in it carries the study's name."""
    rng = np.random.default_rng([seed, *name.encode()])

    def vector() -> np.ndarray:
        return unit(rng.normal(size=dimension).astype(np.float32))

    film = FilmRow(
        film_id=f"film-{name}",
        study_id=name,
        source_key=f"key-{name}",
        vector=vector(),
        signature=np.zeros(3, np.float32),
        grid=b"",
        shape=(100, 80),
        view="PA",
        age_band="60-69",
        sex="F",
        findings=("Effusion",),
        findings_known=True,
        source="made up",
        path="",
        thumbnail=b"webp",
    )
    return StudyRows(
        films=(film,),
        regions=tuple(_region(film, k, vector()) for k in range(regions)),
        sentences=tuple(_sentence(name, k, vector()) for k in range(sentences)),
    )


def _region(film: FilmRow, number: int, vector: np.ndarray) -> RegionRow:
    return RegionRow(
        region_id=f"{film.study_id}-{number}",
        film_id=film.film_id,
        study_id=film.study_id,
        vector=vector,
        box=Box(number, 0, number + 10, 10),
        label="effusion",
        source="vocabulary",
        score=0.5,
    )


def _sentence(study_id: str, number: int, vector: np.ndarray) -> SentenceRow:
    return SentenceRow(
        sentence_id=f"{study_id}-{number}",
        study_id=study_id,
        place=number,
        text="Left effusion.",
        section="Findings",
        words="Left effusion",
        asked="Left effusion",
        assertion="present",
        counts=True,
        vector=vector,
    )
