"""One checkpoint as an index sees it."""

from explorer.adapters import Engine
from explorer.errors import RetrievalError
from explorer.retrieval.records import Space


def space_of(engine: Engine) -> Space:
    """What makes vectors of this engine comparable, whatever device it runs on.

    Raises:
        RetrievalError: Its patch grid follows the shape of a film, an index keeps one grid.
    """
    card = engine.card
    if engine.grid_varies:
        raise RetrievalError(
            f"An index needs one patch grid for all films, {card.name!r} of the family "
            f"{card.family!r} has one for each shape. Use a checkpoint of a fixed input."
        )
    return Space(
        checkpoint=card.name,
        sha256=card.sha256,
        dimension=card.dimension,
        input_size=card.input_size,
        grid_size=card.grid_size,
        frame_mode=card.frame_mode,
        resize=card.resize,
    )
