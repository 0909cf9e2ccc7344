"""One checkpoint as an index sees it."""

from explorer.adapters import Engine
from explorer.retrieval.records import Space


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
        resize=card.resize,
    )
