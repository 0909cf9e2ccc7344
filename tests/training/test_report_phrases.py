"""What a report says becomes matched phrases, denials and negatives that are surely none."""

from dataclasses import replace

import numpy as np

from explorer.training.batches import NOWHERE, make_batch
from explorer.training.report_phrases import from_report, groups_of
from explorer.training.samples import TrainingStudy

from .studies import labelled_study


def reported_study(report: str, *, study: str = "") -> TrainingStudy:
    words = from_report(report)
    return replace(
        labelled_study(known=False),
        maybe_present=words.maybe_present,
        denials=words.denials,
        sentences=words.phrases,
        denied=words.denied,
        reported=True,
        study=study,
    )


def test_assertions_of_a_report_are_kept_apart() -> None:
    words = from_report(
        "INDICATION: Rule out pneumonia.\nFINDINGS: Heart size is normal. Small left effusion "
        "XXXX. No pneumothorax. Possible nodule. Cardiomegaly without edema. Small left effusion."
    )
    assert [(p.text, p.groups) for p in words.phrases] == [
        ("Small left effusion .", {"effusion"}),
        ("Cardiomegaly", {"heart"}),
        ("Small left effusion.", {"effusion"}),
    ]
    assert "No pneumothorax." in words.denials
    # Edema is denied as well, but it is not told apart from an effusion with certainty.
    assert words.denied == ("pneumothorax",)
    assert {"effusion", "heart", "nodule"} <= words.maybe_present
    assert from_report("").phrases == from_report("   ").denials == ()


def test_general_words_belong_to_every_group_they_may_mean() -> None:
    assert {"picc", "port", "chest_tube"} <= groups_of("A catheter is seen.")
    assert groups_of("rib fracture") == {"rib_fracture", "clavicle_fracture"}


def test_a_sentence_is_no_negative_of_its_study_or_of_one_that_says_alike() -> None:
    report = "FINDINGS: Small left effusion."
    studies = [
        reported_study(report, study="set/1"),
        reported_study("FINDINGS: The lungs are clear.", study="set/1"),  # its second image
        reported_study(report, study="set/2"),  # repeats the sentence
        reported_study("FINDINGS: Mild atelectasis.", study="set/3"),  # looks alike
        reported_study("FINDINGS: Cardiomegaly.", study="set/4"),
        labelled_study(known=False),  # nothing is known of it
    ]
    batch = make_batch(studies, np.random.default_rng(0), side=64, grid=8, mirror=0)
    (p,) = [n for n, o in enumerate(batch.owner) if o == 0 and "effusion" in batch.phrases[n]]
    assert batch.safe[:, p].tolist() == [0, 0, 0, 0, 1, 0]
    assert (0, p, True) in batch.weak
    assert batch.weight[p] == 0  # it has no place


def test_a_denied_finding_is_absent_by_name_and_its_denial_is_in_no_image() -> None:
    study = reported_study("FINDINGS: No pneumothorax.")
    batches = [
        make_batch([study], np.random.default_rng(seed), side=64, grid=8, mirror=0)
        for seed in range(8)
    ]
    for batch in batches:
        p = batch.phrases.index("pneumothorax")
        assert (0, p, False) in batch.weak
        assert batch.safe[0, p] == 1
    said = [b.owner[b.phrases.index(t)] for b in batches for t in b.phrases if t in study.denials]
    assert said
    assert set(said) == {NOWHERE}


def test_a_mirrored_image_swaps_the_side_of_its_sentences() -> None:
    study = reported_study("FINDINGS: Small left effusion.")
    batch = make_batch([study], np.random.default_rng(0), side=64, grid=8, mirror=1)
    assert "Small right effusion." in batch.phrases
