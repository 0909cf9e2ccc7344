"""From an examination on disk to the rows that an index keeps of it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from explorer.adapters import Engine, scoring_of, threshold_of
from explorer.corpora.studies import CorpusStudy
from explorer.entities import Float32, ImageEmbeddings, Radiograph, Sentence, SimilarityMap, Study
from explorer.errors import NotARadiographError, ReadingError, ReportError
from explorer.grounding.alignment import (
    film_vector,
    log_odds,
    phrase_base,
    pooled_logits,
)
from explorer.grounding.reference import reference_logits
from explorer.pipeline.embedding import as_maps, embed, embed_phrases, maps_of
from explorer.pipeline.query import statements_of_sentence
from explorer.reading import read_study
from explorer.retrieval.patch_factors import pack
from explorer.retrieval.privacy import age_band, masked
from explorer.retrieval.proposals import boxes_of_masks, propose, region_vectors
from explorer.retrieval.records import FilmRow, RegionRow, SentenceRow, StudyRows
from explorer.retrieval.thumbnails import to_thumbnail
from explorer.retrieval.vocabulary import PROPOSING, SIGNATURE
from explorer.text import mentions

# A vocabulary phrase proposes regions on a film where its log odds over the checkpoint's reference
# films are above this; generous, since a search asks again, over the films of the index.
LEAST_ODDS = 1.0
# The same as a pooled logit, where a checkpoint brings no reference films.
LEAST_LOGIT = -1.0
MAX_SENTENCE = 1000  # characters; a longer one is a list or a slip of the splitter
_WORDS = {
    "effusion": "pleural effusion",
    "infiltration": "infiltrate",
    "lung opacity": "opacity",
    "enlarged heart": "cardiomegaly",
}


@dataclass(frozen=True, slots=True)
class ReadStudy:
    """An examination whose files were read.

    Attributes:
        key: Digest of its files and of what the data set says: the same key, the same input.
        path: Of its first file below the corpus.
    """

    study: Study
    known: CorpusStudy
    key: str
    path: str

    def only(self, films: frozenset[str]) -> "ReadStudy":
        """The examination with those of its films alone."""
        kept = tuple(f for f in self.study.radiographs if f.digest[:32] in films)
        return replace(self, study=replace(self.study, radiographs=kept))


def source_key(known: CorpusStudy) -> str:
    """Digest of an examination's files, report and labels; its paths do not matter.

    Raises:
        OSError: A file cannot be read.
    """
    said = [known.report, *sorted(known.findings), known.view, known.age, known.sex, known.source]
    digest = hashlib.sha256("\0".join([str(known.labelled), *said]).encode("utf-8", "replace"))
    for path in known.paths:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:32]


def read_corpus_study(known: CorpusStudy, *, key: str, root: Path) -> ReadStudy:
    """Decode an examination's files.

    Raises:
        ReadingError: None of them can be read.
        OSError: A file cannot be opened.
    """
    report = known.report if known.report.strip() else None
    files = [path.read_bytes() for path in known.paths]
    try:
        study = read_study(files, report=report)
    except ReportError as error:
        raise ReadingError(str(error)) from error
    return ReadStudy(study, known, key, known.paths[0].relative_to(root).as_posix())


class RowMaker:
    """Makes the rows of studies with one checkpoint; text is embedded once a phrase."""

    def __init__(self, engine: Engine, *, keep_paths: bool = False) -> None:
        self.engine = engine
        self.keep_paths = keep_paths
        films = engine.reference
        self._base = None
        if films is not None and engine.reads_text:
            vectors = embed_phrases(engine, PROPOSING).vectors
            self._base = phrase_base(reference_logits(films, vectors, scoring_of(engine)))
        if engine.reads_text:
            # Here, not at the first studies: they are encoded at once, each would embed them all.
            embed_phrases(engine, SIGNATURE)

    def rows_of(self, read: ReadStudy) -> StudyRows:
        """Encode a study and make its rows.

        Raises:
            NotARadiographError: It has no frontal chest radiograph.
        """
        seen = [(film, embed(self.engine, film)) for film in read.study.radiographs]
        films = [(film, e) for film, e in seen if e.check.verdict == "frontal"]
        left_out = tuple(e.check.message for _, e in seen if e.check.verdict != "frontal")
        left_out += tuple(note for film, _ in seen for note in film.notes if "left out" in note)
        if not films:
            raise NotARadiographError(left_out[0])
        spoken = _spoken(read.study)
        sentences = self._sentence_rows(read.study.study_id, spoken)
        film_rows, regions = [], []
        for radiograph, embeddings in films:
            similar = self._similar(embeddings)
            film_rows.append(self._film_row(read, radiograph, embeddings, similar))
            regions += self._region_rows(film_rows[-1], embeddings, similar, spoken)
        return StudyRows(tuple(film_rows), tuple(regions), sentences, left_out)

    def _similar(self, embeddings: ImageEmbeddings) -> Float32:
        """(V, h, w) maps of `SIGNATURE`; none of an image-only checkpoint.

        It reads no phrases: its films are compared by their vectors.
        """
        if not self.engine.reads_text:
            return np.zeros((0, *embeddings.grid.values.shape[:2]), np.float32)
        return self.engine.similarity(embeddings, SIGNATURE)

    def _film_row(
        self,
        read: ReadStudy,
        radiograph: Radiograph,
        embeddings: ImageEmbeddings,
        similar: Float32,
    ) -> FilmRow:
        """A film; `similar` (V, h, w) are its maps of `SIGNATURE`."""
        known = read.known
        findings, is_known = findings_of(known, read.study)
        return FilmRow(
            film_id=radiograph.digest[:32],
            study_id=read.study.study_id,
            source_key=read.key,
            vector=film_vector(embeddings.grid.values),
            signature=self._logits(similar),
            grid=pack(embeddings.grid.values),
            shape=radiograph.shape,
            view=_view(radiograph, known),
            age_band=age_band(radiograph.age) or age_band(known.age),
            sex=radiograph.sex or known.sex[:1].upper(),
            findings=findings,
            findings_known=is_known,
            source=known.source,
            path=read.path if self.keep_paths else "",
            thumbnail=to_thumbnail(radiograph.pixels),
        )

    def _region_rows(
        self,
        film: FilmRow,
        embeddings: ImageEmbeddings,
        similar: Float32,
        spoken: Sequence[Sentence],
    ) -> list[RegionRow]:
        claims = [masked(s.text) for s in spoken if s.assertion in ("present", "uncertain")]
        claims = [text for text in claims if mentions(text)] if self.engine.reads_text else []
        standing = self._standing(film.signature[: len(PROPOSING)])
        named = as_maps(
            self.engine, embeddings, similar[standing], [PROPOSING[k] for k in standing]
        )
        proposals = propose(
            embeddings.grid,
            sentences=_scores(maps_of(self.engine, embeddings, claims) if claims else ()),
            vocabulary=_scores(named),
            threshold=threshold_of(self.engine),
        )
        boxes = boxes_of_masks([p.mask for p in proposals], embeddings.grid.frame)
        vectors = region_vectors(embeddings.grid, proposals)
        return [
            RegionRow(
                region_id=f"{film.film_id}-{number}",
                film_id=film.film_id,
                study_id=film.study_id,
                vector=vector,
                box=box,
                label=proposal.label,
                source=proposal.source,
                score=proposal.score,
            )
            for number, (proposal, box, vector) in enumerate(
                zip(proposals, boxes, vectors, strict=True)
            )
        ]

    def _standing(self, logits: Float32) -> NDArray[np.intp]:
        """Which vocabulary phrases may have a region on a film, from its logits for them."""
        if self._base is None:
            return np.flatnonzero(logits > LEAST_LOGIT)
        return np.flatnonzero(log_odds(logits, self._base) > LEAST_ODDS)

    def _sentence_rows(self, study_id: str, spoken: Sequence[Sentence]) -> tuple[SentenceRow, ...]:
        if not self.engine.reads_text:
            return ()
        told = [
            (place, sentence, statement, number)
            for place, sentence in enumerate(spoken)
            for number, statement in enumerate(statements_of_sentence(sentence))
        ]
        asked = [masked(statement.asked) for _, _, statement, _ in told]
        vectors = embed_phrases(self.engine, asked).vectors
        return tuple(
            SentenceRow(
                sentence_id=f"{study_id}-{place}-{number}",
                study_id=study_id,
                place=place,
                text=masked(sentence.text),
                section=sentence.section,
                words=masked(statement.shown),
                asked=masked(statement.asked),
                assertion=statement.assertion,
                counts=statement.counts,
                vector=vector,
            )
            for (place, sentence, statement, number), vector in zip(told, vectors, strict=True)
        )

    def _logits(self, similar: Float32) -> Float32:
        """(S,) pooled logits of maps (S, h, w)."""
        count, h, w = similar.shape
        flat = similar.reshape(count, h * w)
        return pooled_logits(flat, scoring_of(self.engine)).astype(np.float32)


def _scores(maps: Sequence[SimilarityMap]) -> list[tuple[str, Float32]]:
    return [(map.phrase, map.score) for map in maps]


def findings_of(known: CorpusStudy, study: Study) -> tuple[tuple[str, ...], bool]:
    """Findings in this program's words, and whether they are known: labels, else the report's."""
    if known.labelled:
        return tuple(sorted({_word(name) for name in known.findings})), True
    if study.report is None:
        return (), False
    present = [
        finding
        for sentence in study.report.sentences
        for phrase in sentence.phrases
        if phrase.assertion == "present"
        for finding in mentions(phrase.text)
    ]
    return tuple(sorted(set(present))), True


def _word(label: str) -> str:
    plain = label.replace("_", " ").strip().lower()
    return _WORDS.get(plain, plain)


def _spoken(study: Study) -> list[Sentence]:
    """Sentences that speak of the image and that a text tower takes."""
    if study.report is None:
        return []
    spoken = [s for s in study.report.sentences if s.assertion != "not about the image"]
    return [s for s in spoken if len(s.text) <= MAX_SENTENCE]


def _view(radiograph: Radiograph, known: CorpusStudy) -> str:
    if radiograph.view_position in ("PA", "AP"):
        return radiograph.view_position
    return known.view if known.view in ("PA", "AP") else "frontal"
