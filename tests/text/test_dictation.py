"""Further ways of dictating, each with the nearest sentence that means the opposite."""

import pytest

from explorer.text import phrase_assertion, read_report
from explorer.text.location import find_side

SENTENCES = [
    # gone, by other words
    ("Interval clearance of the right lower lobe pneumonia.", "absent"),
    ("Interval disappearance of the left effusion.", "absent"),
    ("The opacity no longer persists.", "absent"),
    ("The opacity persists.", "present"),
    ("ET tube removed.", "absent"),
    ("ET tube in place.", "present"),
    # not there on a day: that day is past
    ("Right basilar opacity, not seen on 3/4/2020.", "present"),
    ("A left nodule that was absent in 2019.", "present"),
    ("A left nodule that was not visible in March 2019.", "present"),
    ("The nodule is not seen in 2 views.", "absent"),
    # no change of two: both are there
    ("Neither the effusion nor the atelectasis has changed.", "present"),
    ("Neither nodule has grown.", "present"),
    ("Neither effusion nor atelectasis is seen.", "absent"),
    ("Neither hilum is enlarged.", "absent"),
    ("There is neither effusion nor pneumothorax and the film has not changed.", "absent"),
    # answers
    ("Pneumothorax = no", "absent"),
    ("Pneumothorax = small", "present"),
    ("Nodule -- likely benign", "present"),
    ("Fracture: likely old", "present"),
    ("ETT tip 2 cm above the carina - consider retracting", "present"),
    ("Pneumonia: likely", "uncertain"),
    ("Effusion: probable small left", "uncertain"),
    # doubt
    ("Pneumonia is less likely than atelectasis.", "uncertain"),
    ("It is unclear whether there is a small effusion.", "uncertain"),
    ("There is a small effusion.", "present"),
    ("Not excluded is a small left effusion.", "uncertain"),
    ("Atelectasis is favored over pneumonia.", "uncertain"),
    ("A small pneumothorax could be missed.", "uncertain"),
    ("Doubt pneumonia.", "uncertain"),
    ("No doubt pneumonia.", "present"),
    # denied without "no"
    ("Nothing to suggest tuberculosis.", "absent"),
    ("Findings suggest tuberculosis.", "uncertain"),
    ("Skin fold mimicking a pneumothorax.", "absent"),
    ("Lungs devoid of consolidation.", "absent"),
    # not said of this film
    ("Left wrist.", "not about the image"),
    ("Pelvis and left hip: 1.", "not about the image"),
    ("Left wrist fracture.", "present"),
    ("The images were e-mailed.", "not about the image"),
    ("CT would help to assess this finding.", "not about the image"),
    ("Three total images.", "not about the image"),
    # what is not normal
    ("The costophrenic angles are not sharp.", "present"),
    ("The costophrenic angles are sharp.", "absent"),
    ("Suspected rib disruption on the lateral view.", "uncertain"),
    ("Patient with a history of pneumonia.", "not about the image"),
    ("Fractures would be better assessed with dedicated views.", "not about the image"),
]

LISTS = [
    ("Negative for pneumonia, positive for cardiomegaly.", ["absent", "present"]),
    ("Focal consolidation (none), effusion (small left).", ["absent", "present"]),
    ("No pneumothorax with a small left effusion.", ["absent", "present"]),
    ("No edema, patchy opacity in the lingula.", ["absent", "present"]),
    ("No edema, opacity, or nodule in the lingula.", ["absent", "absent", "absent"]),
    ("No focal airspace disease, some scarring at the apices.", ["absent", "present"]),
    ("No effusion, hiatal hernia.", ["absent", "present"]),
    ("No effusion, hernia, or fracture.", ["absent", "absent", "absent"]),
    ("No acute disease, cardiomegaly.", ["absent", "present"]),
    ("No edema, cardiomegaly.", ["absent", "absent"]),
    ("Cardiomegaly w/o edema.", ["present", "absent"]),
    ("Degenerative changes, no acute fx.", ["present", "absent"]),
    # what is normal or unchanged is a phrase apart
    ("Heart normal in size, old rib fracture.", ["absent", "present"]),
    ("Enlarged heart, stable hilar contours.", ["present", "absent"]),
    ("Scarring at the apex otherwise no acute disease.", ["present", "absent"]),
    ("The heart is normal or slightly enlarged.", ["present"]),
    ("Calcified hilar and mediastinal contours unchanged.", ["present"]),
]


@pytest.mark.parametrize(("sentence", "assertion"), SENTENCES)
def test_a_sentence_is_read_as_it_is_meant(sentence: str, assertion: str) -> None:
    assert phrase_assertion(sentence) == assertion
    assert read_report(sentence).sentences[0].assertion == assertion


@pytest.mark.parametrize(("sentence", "assertions"), LISTS)
def test_each_item_of_a_list_has_its_own_assertion(sentence: str, assertions: list[str]) -> None:
    assert [p.assertion for p in read_report(sentence).sentences[0].phrases] == assertions


@pytest.mark.parametrize(
    ("words", "side"),
    [
        ("Bilat effusions", "bilateral"),
        ("What is left of the effusion", None),
        ("Effusion on the left", "left"),
        ("The patient left the department", None),
        ("A right to left shift", None),
        ("Right more than left effusion", "bilateral"),
    ],
)
def test_a_word_that_only_looks_like_a_side_is_none(words: str, side: str | None) -> None:
    assert find_side(words) == side


def test_each_answer_on_a_line_of_its_own_is_a_sentence() -> None:
    report = read_report(
        "Consolidation: No\nPleural effusion: Yes\nPneumothorax: no\nFracture: None\n"
    )
    assert [(s.text, s.assertion) for s in report.sentences] == [
        ("Consolidation: No", "absent"),
        ("Pleural effusion: Yes", "present"),
        ("Pneumothorax: no", "absent"),
        ("Fracture: None", "absent"),
    ]
    assert len(read_report("There is no\npneumothorax.").sentences) == 1


def test_a_sentence_begins_without_space_and_capital() -> None:
    report = read_report("There is no pneumothorax.the heart is enlarged.")
    assert [s.assertion for s in report.sentences] == ["absent", "present"]


LETTER = (
    "XR Chest\nClinical details: 67M, cough, ?LRTI.\nThere is left basal consolidation. "
    "The right lung is clear. Heart size normal.\nConclusion: Left lower zone pneumonia."
)


def test_a_body_without_heading_follows_the_clinical_details_on_the_next_line() -> None:
    report = read_report(LETTER)
    assert [(s.section, s.assertion) for s in report.sentences] == [
        ("Indication", "not about the image"),
        ("Report", "present"),
        ("Report", "absent"),
        ("Report", "absent"),
        ("Impression", "present"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Indication: Cough.\nHistory of heart failure.\nImpression: No pneumonia.",
        "Indication: Evaluate the lungs, heart and pleural\nEffusion after drainage.\n"
        "Findings: No effusion.",
    ],
)
def test_a_long_indication_stays_one(text: str) -> None:
    sentences = read_report(text).sentences
    assert {s.section for s in sentences[:-1]} == {"Indication"}
    assert sentences[-1].assertion == "absent"
