"""From radiographs, phrases, reports and boxes to vectors that name the space they lie in."""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np

from explorer.adapters import Engine
from explorer.embeddings import RegionEmbedding, StudyEmbeddings, TextEmbeddings
from explorer.entities import (
    Box,
    Float32,
    ImageEmbeddings,
    ModelFrame,
    Radiograph,
    Report,
    SimilarityMap,
)
from explorer.errors import NotARadiographError
from explorer.grounding.alignment import representatives
from explorer.grounding.geometry import box_to_grid, fit_frame, to_model_input
from explorer.grounding.similarity import similarity_maps
from explorer.reading.notes import PROCESSING_NOTE

KEPT_PHRASES = 4096  # text vectors kept an engine: 1 kB each


def embed(engine: Engine, radiograph: Radiograph) -> ImageEmbeddings:
    """Encode a radiograph once; every phrase is then a cheap read of the result."""
    return embed_pixels(engine, radiograph.pixels)


def embed_pixels(engine: Engine, pixels: Float32) -> ImageEmbeddings:
    """Encode pixels (H, W) in [0, 1], bright = dense."""
    frame = _frame(engine, pixels)
    return engine.embed_image(to_model_input(pixels, frame, pad_value=np.nan), frame=frame)


def embed_many(engine: Engine, images: Sequence[Float32]) -> tuple[ImageEmbeddings, ...]:
    """Encode several images in one batch, each (H, W) in [0, 1] and of any shape."""
    frames = [_frame(engine, pixels) for pixels in images]
    inputs = [
        to_model_input(pixels, frame, pad_value=np.nan)
        for pixels, frame in zip(images, frames, strict=True)
    ]
    return engine.embed_images(inputs, frames=frames)


def _frame(engine: Engine, pixels: Float32) -> ModelFrame:
    card = engine.card
    return fit_frame(
        (pixels.shape[0], pixels.shape[1]),
        input_shape=(card.input_size, card.input_size),
        grid_shape=(card.grid_size, card.grid_size),
        mode=card.frame_mode,
    )


def summarise(embeddings: ImageEmbeddings) -> StudyEmbeddings:
    """What a store keeps of an encoded radiograph: a few vectors that stand for all patches."""
    patches, counts = representatives(embeddings.grid.values)
    return StudyEmbeddings(embeddings.space_id, patches, counts)


def embed_phrases(engine: Engine, phrases: Sequence[str]) -> TextEmbeddings:
    """Vectors of phrases; those the engine does not know yet are embedded in one batch.

    Raises:
        PhraseError: A phrase is empty or too long.
    """
    known = _kept(engine)
    vectors = known.get(phrases)
    unknown = [phrase for phrase in dict.fromkeys(phrases) if phrase not in vectors]
    if unknown:
        fresh = dict(zip(unknown, engine.embed_text(unknown), strict=True))
        known.add(fresh)
        vectors |= fresh
    rows = [vectors[phrase] for phrase in phrases]
    shape = (len(rows), engine.card.dimension)
    stacked = np.asarray(rows, dtype=np.float32).reshape(shape)
    return TextEmbeddings(engine.space_id, tuple(phrases), stacked)


def embed_report(engine: Engine, report: Report) -> TextEmbeddings:
    """Vectors of the sentences of a report that speak of the image, in order."""
    spoken = [s.text for s in report.sentences if s.assertion != "not about the image"]
    return embed_phrases(engine, spoken)


def embed_region(embeddings: ImageEmbeddings, box: Box) -> RegionEmbedding:
    """The mean direction of the patches under a box, each by the area that it shares with it.

    Raises:
        ValueError: The box lies outside what the model looked at.
    """
    share = box_to_grid(box, embeddings.grid.frame)
    if not share.any():
        raise ValueError(f"A region must touch what the model looked at, got {box}.")
    mean = np.einsum("hw,hwd->d", share, embeddings.grid.values)
    return RegionEmbedding(
        embeddings.space_id, box, (mean / np.linalg.norm(mean)).astype(np.float32)
    )


def maps_from(
    engine: Engine, embeddings: ImageEmbeddings, text: TextEmbeddings
) -> tuple[SimilarityMap, ...]:
    """Similarity maps of embedded phrases on an encoded radiograph.

    Raises:
        ValueError: Image, text and engine are not of one space.
    """
    spaces = {engine.space_id, embeddings.space_id, text.space_id}
    if len(spaces) > 1:
        raise ValueError(
            f"Image and phrases must lie in one space, got {', '.join(sorted(spaces))}. "
            "Embed both with the same checkpoint, device and precision."
        )
    return similarity_maps(
        embeddings.grid,
        text.vectors,
        text.phrases,
        score_scale=engine.scoring.scale,
        score_bias=engine.scoring.bias,
    )


def maps_of(
    engine: Engine, embeddings: ImageEmbeddings, phrases: Sequence[str]
) -> tuple[SimilarityMap, ...]:
    """Similarity maps of phrases, one text batch, no controls."""
    return maps_from(engine, embeddings, embed_phrases(engine, phrases))


def check_image(embeddings: ImageEmbeddings, radiograph: Radiograph | None = None) -> None:
    """Refuse an image that is not a chest radiograph.

    Args:
        embeddings: Encoded radiograph.
        radiograph: Where the image comes from; a file that says it is unprocessed is told first.

    Raises:
        NotARadiographError: With the reason for the person.
    """
    if not embeddings.check.refuse:
        return
    raw = radiograph is not None and PROCESSING_NOTE in radiograph.notes
    raise NotARadiographError(
        f"{PROCESSING_NOTE} {embeddings.check.message}" if raw else embeddings.check.message
    )


class Recent:
    """The rows of the phrases that were asked last; safe to share between threads."""

    def __init__(self, most: int = KEPT_PHRASES) -> None:
        self._most = most
        self._rows: OrderedDict[str, Float32] = OrderedDict()
        self._lock = Lock()

    def get(self, phrases: Sequence[str]) -> dict[str, Float32]:
        """Rows of those phrases that are kept."""
        with self._lock:
            found = {phrase: self._rows[phrase] for phrase in phrases if phrase in self._rows}
            for phrase in found:
                self._rows.move_to_end(phrase)
        return found

    def add(self, rows: dict[str, Float32]) -> None:
        """Keep rows; the ones that were not asked for longest make room."""
        with self._lock:
            self._rows.update(rows)
            while len(self._rows) > self._most:
                self._rows.popitem(last=False)


_text_vectors: WeakKeyDictionary[Engine, Recent] = WeakKeyDictionary()


def _kept(engine: Engine) -> Recent:
    return _text_vectors.setdefault(engine, Recent())
