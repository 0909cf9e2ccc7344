"""The part of a sentence that is looked for on the image."""

import pytest

from explorer.text import read_report


@pytest.mark.parametrize(
    ("sentence", "part"),
    [
        ("No interval increase in the left effusion.", "left effusion"),
        ("There is a small right pleural effusion.", "small right pleural effusion"),
        ("The left effusion is unchanged.", "left effusion"),
        ("Interval decrease in size of the right lung mass.", "right lung mass"),
        (
            "No change in the right base opacity or left effusion.",
            "right base opacity or left effusion",
        ),
        (
            "No effusion, but left base atelectasis is stable since the prior film.",
            "left base atelectasis",
        ),
        ("Compared to the prior film, there is a new left opacity.", "new left opacity"),
        ("The mass has not enlarged.", "mass"),
        ("Partially resolved right effusion.", "right effusion"),
        ("No pneumothorax, left effusion has increased.", "left effusion"),
        ("New left pneumothorax, discussed with Dr. Lee at 3 p.m.", "New left pneumothorax"),
        ("Dr. Lee was told of the right pneumothorax.", "right pneumothorax"),
        ("CT is recommended for the left upper lobe nodule.", "left upper lobe nodule"),
        ("Right base opacity, correlate clinically.", "Right base opacity"),
        ("Pleural effusion: small, left", "small left pleural effusion"),
        ("NODULE: NONE", "no nodule"),
        ("R/O pneumonia.", "pneumonia"),
        ("Pneumonia is not ruled out.", "Pneumonia"),
        ("Edema and a left effusion are unchanged.", "Edema and a left effusion"),
        ("Recommend CT.", ""),
        ("Possible left nodule.", "Possible left nodule"),
        ("No pneumothorax.", "No pneumothorax"),
        ("Unchanged.", ""),
        # An answer keeps its place, and no number.
        ("Consolidation: right middle lobe.", "right middle lobe consolidation"),
        ("Nodule: yes, LUL 9 mm", "LUL nodule"),
        ("Rib fractures: left 6-8", "left rib fractures"),
        ("Pleura: small left effusion.", "small left effusion"),
        ("Heart: enlarged.", "enlarged heart"),
        ("Lung volumes: low", "low lung volumes"),
        ("Heart: not enlarged.", "Heart: not enlarged"),
        ("Aorta: tortuous and calcified.", "tortuous and calcified aorta"),
        # Frames of doubt, of earlier films and of people.
        ("Findings raise the possibility of a hilar mass.", "hilar mass"),
        (
            "Cannot exclude an early infiltrate at the right base.",
            "early infiltrate at the right base",
        ),
        ("A nodule is difficult to exclude.", "nodule"),
        ("Pneumonia cannot be ruled out.", "Pneumonia"),
        ("Right base opacity may represent pneumonia.", "Right base opacity"),
        ("Not free of effusion.", "effusion"),
        ("A nodule in the left lung was not present in 2019.", "nodule in the left lung"),
        ("Effusion is not seen.", "Effusion is not seen"),
        (
            "The nurse was told that the tube is in the left bronchus.",
            "tube is in the left bronchus",
        ),
        ("Stable to minimally decreased left effusion.", "left effusion"),
        ("Lungs are clear apart from a left band of atelectasis.", "left band of atelectasis"),
        # What is cut off may name the place, but not that of the film.
        ("Fluid persists at the right base.", "Fluid at the right base"),
        ("Effusion unchanged, seen on the left lateral film.", "Effusion"),
        ("The nodule now measures 1.2 cm.", "nodule"),
    ],
)
def test_finding_part_leaves_out_words_of_change_and_comparison(sentence: str, part: str) -> None:
    (read,) = read_report(sentence).sentences
    assert read.phrase == part
    assert read.text == sentence
