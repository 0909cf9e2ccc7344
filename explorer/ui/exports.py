"""Files to take along: what is on screen as JSON and as a figure, without patient data."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from explorer.entities import GroundedPhrase, Radiograph, Sentence
from explorer.ui.door import pipeline
from explorer.ui.encoded import Encoded
from explorer.ui.sharing import turn

if TYPE_CHECKING:
    from explorer.pipeline import Engine


def as_json(
    loaded: "Engine",
    encoded: Encoded,
    radiograph: Radiograph,
    *,
    sentences: Sequence[tuple[Sentence, GroundedPhrase]],
    typed: Sequence[GroundedPhrase],
) -> str:
    """Write one JSON document: the report's phrases, then the typed ones."""
    parts = loaded, radiograph, encoded.embeddings
    document = pipeline.grounding_document(
        *parts, [g for _, g in sentences], sentences=[s for s, _ in sentences]
    )
    document["phrases"] += pipeline.grounding_document(*parts, typed)["phrases"]
    return pipeline.to_json_text(document)


def as_figure(
    loaded: "Engine", radiograph: Radiograph, grounded: Sequence[GroundedPhrase]
) -> bytes:
    """Draw grounded phrases as a PNG."""
    with turn():
        return pipeline.grounding_figure(loaded, radiograph, grounded)
