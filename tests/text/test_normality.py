"""What is called normal, and what is denied."""

import pytest

from explorer.text import states_normal


@pytest.mark.parametrize(
    "sentence",
    ["Heart size is normal.", "The lungs are clear.", "Unremarkable bones.",
     "The right costophrenic angle is sharp.", "Contours are within normal limits."],
)  # fmt: skip
def test_a_structure_is_called_normal(sentence: str) -> None:
    assert states_normal(sentence)


@pytest.mark.parametrize(
    "sentence",
    ["No pneumothorax.", "No acute abnormality.", "The lungs are clear without effusion.",
     "Left effusion.", ""],
)  # fmt: skip
def test_a_denied_finding_is_not(sentence: str) -> None:
    assert not states_normal(sentence)
