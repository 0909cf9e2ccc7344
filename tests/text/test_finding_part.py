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
    ],
)
def test_finding_part_leaves_out_words_of_change_and_comparison(sentence: str, part: str) -> None:
    (read,) = read_report(sentence).sentences
    assert read.phrase == part
    assert read.text == sentence
