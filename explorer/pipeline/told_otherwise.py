"""What would have to change on a film for a learned prompt to answer otherwise."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from explorer.adapters import Engine
from explorer.entities import ImageEmbeddings
from explorer.errors import CheckpointError
from explorer.grounding.geometry import map_to_image
from explorer.pipeline.embedding import summarise


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The answer of a prompt on one film.

    Attributes:
        finding, similar: What the prompt asks for, and the finding it is contrasted with.
        probability: Of the finding, where half of the films show it.
        changes, dimension: Fewest features that, taken from films of the similar finding, would
            let that one win; and how many there are. 0 = it wins already.
        turned: Whether they suffice; else `changes` counts all that help.
        row, column: Of the film, where these features speak most for the finding.
    """

    finding: str
    similar: str
    probability: float
    changes: int
    dimension: int
    turned: bool
    row: int
    column: int


def what_if(engine: Engine, embeddings: ImageEmbeddings, folder: Path) -> WhatIf:
    """Ask a head of the method counterfactual_prompts about an encoded film.

    Raises:
        CheckpointError: The folder holds no such head, or one of another checkpoint.
    """
    from explorer.methods.counterfactual_prompts import CounterfactualPrompts
    from explorer.training.heads import read_head

    stored = read_head(folder, checkpoint_sha256=engine.card.sha256)
    head = stored.head
    if not isinstance(head, CounterfactualPrompts):
        raise CheckpointError(
            f"What would have to change is told by a head of the method counterfactual_prompts, "
            f"{folder.name!r} holds another. Train one: explorer train --method "
            "counterfactual_prompts --option finding=NAME --out FOLDER."
        )
    film = summarise(embeddings)
    probability, chosen, turned = head.on_film(film.patches, film.counts)
    grid = embeddings.grid
    evidence = map_to_image(head.evidence(grid.values, chosen), grid.frame)
    row, column = np.unravel_index(int(np.nanargmax(evidence)), evidence.shape)
    return WhatIf(
        finding=head.options.finding,
        similar=str(stored.about["names"][int(head.get_buffer("near"))]),
        probability=probability,
        changes=int(chosen.sum()),
        dimension=len(chosen),
        turned=turned,
        row=int(row),
        column=int(column),
    )
