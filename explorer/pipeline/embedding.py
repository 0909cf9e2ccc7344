"""From radiographs, phrases, reports and boxes to vectors that name the space they lie in."""

from collections.abc import Sequence

import numpy as np

from explorer.adapters import Engine, scoring_of
from explorer.embeddings import RegionEmbedding, StudyEmbeddings, TextEmbeddings
from explorer.entities import (
    Box,
    Float32,
    ImageEmbeddings,
    Radiograph,
    Report,
    SimilarityMap,
)
from explorer.errors import NotARadiographError
from explorer.grounding.alignment import representatives
from explorer.grounding.geometry import box_to_grid
from explorer.grounding.similarity import similarity_maps
from explorer.pipeline.image_check import checked
from explorer.reading.notes import PROCESSING_NOTE


def embed(engine: Engine, radiograph: Radiograph) -> ImageEmbeddings:
    """Encode a radiograph once; every phrase is then a cheap read of the result."""
    return embed_pixels(engine, radiograph.pixels)


def embed_pixels(engine: Engine, pixels: Float32) -> ImageEmbeddings:
    """Encode pixels (H, W) in [0, 1], bright = dense."""
    return embed_many(engine, [pixels])[0]


def embed_many(engine: Engine, images: Sequence[Float32]) -> tuple[ImageEmbeddings, ...]:
    """Encode several images in one batch, each (H, W) in [0, 1] and of any shape."""
    frames = [engine.frame_of(*pixels.shape) for pixels in images]
    inputs = [
        engine.model_input(pixels, frame=frame)
        for pixels, frame in zip(images, frames, strict=True)
    ]
    return checked(engine.embed_images(inputs, frames=frames), images)


def embed_pair(engine: Engine, current: Radiograph, prior: Radiograph) -> ImageEmbeddings:
    """Encode a film beside an earlier one of the same patient.

    Raises:
        CheckpointError: The checkpoint reads one film at a time.
    """
    frame = engine.frame_of(*current.shape)
    before = engine.model_input(prior.pixels, frame=engine.frame_of(*prior.shape))
    found = engine.embed_pair(engine.model_input(current.pixels, frame=frame), before, frame=frame)
    return checked([found], [current.pixels])[0]


def summarise(embeddings: ImageEmbeddings) -> StudyEmbeddings:
    """What a store keeps of an encoded radiograph: a few vectors that stand for all patches."""
    patches, counts = representatives(embeddings.grid.values)
    return StudyEmbeddings(embeddings.space_id, patches, counts)


def embed_phrases(engine: Engine, phrases: Sequence[str]) -> TextEmbeddings:
    """Vectors of phrases; those the engine does not know yet are embedded in one batch.

    Raises:
        PhraseError: A phrase is empty or too long, or the checkpoint is image-only.
    """
    return TextEmbeddings(engine.space_id, tuple(phrases), engine.text_vectors(phrases))


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
    return maps_of(engine, embeddings, text.phrases)


def maps_of(
    engine: Engine, embeddings: ImageEmbeddings, phrases: Sequence[str]
) -> tuple[SimilarityMap, ...]:
    """Similarity maps of phrases, one text batch, no controls."""
    return as_maps(engine, embeddings, engine.similarity(embeddings, phrases), phrases)


def as_maps(
    engine: Engine, embeddings: ImageEmbeddings, similarity: Float32, phrases: Sequence[str]
) -> tuple[SimilarityMap, ...]:
    """Maps from what `Engine.similarity` gave, smoothed as the checkpoint's card says."""
    return similarity_maps(
        similarity,
        phrases,
        frame=embeddings.grid.frame,
        scoring=scoring_of(engine),
        smoothing_sigma=engine.card.smoothing,
        cosine_range=engine.card.cosine_range,
    )


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
