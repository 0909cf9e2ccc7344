"""A grounding as a document or a figure for other programs and people."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from explorer import __version__
from explorer.adapters import Engine
from explorer.entities import GroundedPhrase, ImageEmbeddings, Radiograph, Sentence
from explorer.exchange import figure, grounding_json
from explorer.grounding.geometry import with_image_shape
from explorer.grounding.similarity import score_image
from explorer.text import phrase_assertion

MOST_PANELS = 40
"""Phrases that a figure shows; some ten rows of four columns."""


def describe_engine(engine: Engine) -> dict[str, object]:
    """Name, digest and run settings of a loaded checkpoint, as plain values for a file."""
    card = engine.card
    return {
        "name": card.name,
        "title": card.title,
        "sha256": card.sha256,
        "licence": card.licence,
        "device": engine.device,
        "precision": engine.precision,
    }


def grounding_document(
    engine: Engine,
    radiograph: Radiograph,
    embeddings: ImageEmbeddings,
    grounded: Sequence[GroundedPhrase],
    *,
    sentences: Sequence[Sentence] | None = None,
) -> dict[str, Any]:
    """Gather a grounding into plain values for JSON: boxes in original pixels, no patient data."""
    assertions = [s.assertion for s in sentences or ()]
    return grounding_json.grounding_document(
        radiograph,
        check=embeddings.check,
        frame=embeddings.grid.frame,
        grounded=grounded,
        checkpoint=describe_engine(engine),
        version=__version__,
        assertions=assertions or [phrase_assertion(g.phrase) for g in grounded],
        sentences=sentences,
    )


def grounding_figure(
    engine: Engine, radiograph: Radiograph, grounded: Sequence[GroundedPhrase]
) -> bytes:
    """Draw the radiograph and one panel a phrase as a PNG without patient data.

    At most `MOST_PANELS` phrases are drawn, and the foot says how many there are; more make a
    picture of gigabytes that no viewer opens.
    """
    shape = figure.picture_shape(radiograph.shape)
    panels = []
    for item in grounded[:MOST_PANELS]:
        small = replace(item.map, frame=with_image_shape(item.map.frame, shape))
        panels.append(figure.FigurePanel(item, score_image(small)))
    caption = f"Checkpoint {engine.card.name}, sha256 {engine.card.sha256[:12]}."
    if len(grounded) > len(panels):
        caption = f"The first {len(panels)} of {len(grounded)} phrases. {caption}"
    return figure.draw_figure(
        radiograph.pixels, panels, caption=caption, left_edge=radiograph.laterality
    )
