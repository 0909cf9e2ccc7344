"""Twelve regions in three tight groups, in four numbers: every measure can be told by hand."""

import numpy as np
import pytest

from explorer.embeddings import TextEmbeddings, unit
from explorer.entities import Box
from explorer.prototypes.records import Points

# Each group lies around an axis of its own; the fourth number tells its members apart.
GROUPS = {"effusion": 0, "nodule": 1, "pacemaker": 2}
EACH = 4


def made_points() -> Points:
    vectors, places, findings, texts = [], [], [], []
    for name, axis in GROUPS.items():
        for k in range(EACH):
            vector = np.zeros(4, np.float32)
            vector[axis], vector[3] = 1.0, 0.02 * k
            vectors.append(vector)
            places.append((0.2 + 0.3 * axis, 0.5))  # a group lies at a place of its own
            findings.append((name,))
            texts.append(name)
    count = len(vectors)
    phrases = tuple(GROUPS)
    return Points(
        level="regions",
        space_id="tiny",
        ids=tuple(f"r{k}" for k in range(count)),
        vectors=unit(np.stack(vectors)),
        films=tuple(f"film{k % EACH}" for k in range(count)),
        boxes=tuple(Box(0, 0, 10, 10) for _ in range(count)),
        places=np.array(places, np.float32),
        findings=tuple(findings),
        texts=tuple(texts),
        views=("PA",) * count,
        vocabulary=TextEmbeddings("tiny", phrases, np.eye(3, 4, dtype=np.float32)),
    )


@pytest.fixture
def points() -> Points:
    return made_points()
