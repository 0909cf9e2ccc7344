"""Intervals of the phantom benchmark draw whole studies: what one study holds is one piece."""

import numpy as np
import pytest

from explorer.evaluation.phantom_benchmark import Measured, SampleScore
from explorer.evaluation.phantom_report import as_report


def measured(copies: int) -> Measured:
    """Twelve studies, each with the same sample and the same answer so many times."""
    found = Measured()
    for study in range(12):
        hit = float(study % 2)
        found.scores += [SampleScore("plain", study, "mass", "finding", hit, hit, hit)] * copies
        found.note("named side", study, [bool(hit)] * copies)
        found.labels.append(frozenset({("mass", None)}))
        found.pooled.append(np.array([0.5], np.float32))
    return found


@pytest.mark.parametrize("place", ["overall", "macro"])
def test_samples_of_one_study_do_not_narrow_the_interval(place: str) -> None:
    spans = []
    for copies in (1, 9):
        report = as_report(measured(copies), vocabulary=[("mass", None)], replicates=300)
        spans.append(report["intervals"][place]["plain"]["pointing"])
    assert spans[0] == spans[1]
    assert spans[0][1] - spans[0][0] > 0.4


def test_answers_of_one_study_do_not_narrow_the_interval() -> None:
    spans = []
    for copies in (1, 9):
        report = as_report(measured(copies), vocabulary=[("mass", None)], replicates=300)
        spans.append(report["trust"]["named side"]["interval"])
    assert spans[0] == spans[1]
