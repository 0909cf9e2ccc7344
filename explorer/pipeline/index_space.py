"""One checkpoint as an index sees it: its space, phrase vectors, and scores over base rate."""

from collections.abc import Sequence

import numpy as np

from explorer.adapters import Engine
from explorer.embeddings import Scoring
from explorer.entities import Float32
from explorer.retrieval.records import Space

_BATCH = 256
_REMEMBERED = 50_000


def space_of(engine: Engine) -> Space:
    """What makes vectors of this engine comparable, whatever device it runs on."""
    card = engine.card
    return Space(
        checkpoint=card.name,
        sha256=card.sha256,
        dimension=card.dimension,
        input_size=card.input_size,
        grid_size=card.grid_size,
        frame_mode=card.frame_mode,
    )


class PhraseVectors:
    """Vectors of phrases, each embedded once: the sentences of a corpus come back often."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[str, Float32] = {}

    def of(self, phrases: Sequence[str]) -> Float32:
        """(S, D) unit rows."""
        new = [p for p in dict.fromkeys(phrases) if p not in self._known]
        if len(self._known) > _REMEMBERED:
            self._known.clear()
            new = list(dict.fromkeys(phrases))
        for first in range(0, len(new), _BATCH):
            batch = new[first : first + _BATCH]
            self._known.update(zip(batch, self._engine.embed_text(batch), strict=True))
        if not phrases:
            return np.zeros((0, self._engine.card.dimension), dtype=np.float32)
        return np.stack([self._known[p] for p in phrases])


def scoring_of(engine: Engine) -> Scoring:
    """How the checkpoint turns cosines into logits of whole films."""
    return engine.scoring
