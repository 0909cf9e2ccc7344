"""Sentences of reports as phrases: whose they are, what they deny, whose negatives they are."""

from dataclasses import replace

import numpy as np

from explorer.training.augment import augment
from explorer.training.batches import Batch
from explorer.training.samples import LABEL_GROUPS, TrainingStudy
from explorer.training.told import make_report_batch, told

from .studies import labelled_study, square_study

REPORT = (
    "INDICATION: Cough.\n\nFINDINGS: Left pleural effusion. No pneumothorax. The heart is normal.\n"
    "\nIMPRESSION: Left pleural effusion."
)
OTHER = "FINDINGS: Right pneumothorax. No pleural effusion."


def reported(report: str, *, study: str = "") -> TrainingStudy:
    return replace(labelled_study(), labels=None, exact=True, report=report, study=study)


def batch(*studies: TrainingStudy, mirror: float = 0.0, sentences: int = 8) -> Batch:
    rng = np.random.default_rng(0)
    views = [augment(s, rng, side=64, grid=8, mirror=mirror) for s in studies]
    return make_report_batch(studies, views, rng, grid=8, sentences=sentences)


def test_only_sentences_about_the_image_are_told() -> None:
    found = told(REPORT)
    assert [s.text for s in found] == [
        "Left pleural effusion.",
        "No pneumothorax.",
        "The heart is normal.",
        "Left pleural effusion.",
    ]
    assert [s.section for s in found] == [1, 1, 1, 2]
    assert [s.denies for s in found[:2]] == [False, True]
    assert "effusion" in found[0].groups


def test_every_sentence_belongs_to_its_image_denials_too() -> None:
    found = batch(reported(REPORT), reported(OTHER))
    assert found.true_owner.tolist() == [0, 0, 0, 0, 1, 1]
    assert found.section.tolist() == [1, 1, 1, 2, 1, 1]
    assert not found.weight.any()


def test_a_denial_is_false_where_the_finding_is_and_a_finding_where_it_is_not() -> None:
    shown = square_study("Effusion", exact=True, labels=None, texts=("effusion",))
    found = batch(reported(REPORT), replace(shown, report=OTHER))
    safe = dict(zip(found.phrases, found.safe.T, strict=True))
    assert safe["No pleural effusion."].tolist() == [0, 0]  # nothing says what the first shows
    assert safe["Left pleural effusion."].tolist() == [0, 0]  # the second may show one
    both = batch(replace(shown, report=REPORT), reported(OTHER))
    safe = dict(zip(both.phrases, both.safe.T, strict=True))
    assert safe["No pleural effusion."].tolist() == [1, 0]
    assert safe["Left pleural effusion."].tolist() == [0, 1]


def test_images_of_one_examination_are_no_negatives_of_each_other() -> None:
    found = batch(reported(REPORT, study="a"), reported(OTHER, study="a"))
    assert not found.safe.any()


def test_a_mirrored_image_swaps_the_sides_of_its_sentences() -> None:
    assert batch(reported(OTHER), mirror=1.0).phrases[0] == "Left pneumothorax."


def test_no_more_sentences_than_asked_in_the_order_of_the_report() -> None:
    found = batch(reported(REPORT), sentences=2)
    order = [s.text for s in told(REPORT)]
    assert len(found.phrases) == 2
    assert order.index(found.phrases[0]) <= order.index(found.phrases[1])


def test_findings_alone_are_told_where_the_report_asserts_one() -> None:
    rng = np.random.default_rng(0)
    normal = "FINDINGS: No pneumothorax. The heart is normal."
    studies = [reported(REPORT), reported(normal)]
    views = [augment(s, rng, side=64, grid=8, mirror=0) for s in studies]
    found = make_report_batch(studies, views, rng, grid=8, sentences=8, findings_only=True)
    effusion = "Left pleural effusion."
    assert found.phrases == [effusion, effusion, "No pneumothorax.", "The heart is normal."]


def test_a_study_without_a_report_is_told_by_its_findings() -> None:
    found = batch(square_study(exact=True, labels=None, texts=("a mass",)))
    assert found.phrases[0] == "a mass"
    assert found.weight[0] > 0


def test_labels_are_known_present_known_absent_or_unknown() -> None:
    row = dict(zip(LABEL_GROUPS, square_study("Effusion").label_row(), strict=True))
    assert row["effusion"] == 1
    assert np.isnan(row["atelectasis"])  # looks alike
    assert row["pneumothorax"] == 0
    unknown = labelled_study(known=False).label_row()
    assert np.isnan(unknown).all()
