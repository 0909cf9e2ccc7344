"""Letters that are sides and letters that are not; where sentences and list items end."""

import pytest

from explorer.text import read_report, side_swapped
from explorer.text.location import find_side


@pytest.mark.parametrize(
    ("phrase", "side"),
    [
        ("R effusion", "right"),
        ("L effusion", "left"),
        ("L IJ line", "left"),
        ("R. lung base opacity", "right"),
        ("R-sided effusion", "right"),
        ("effusion on the L.", "left"),
        ("opacity at the base (R)", "right"),
        ("effusion: L", "left"),
        ("L 8th rib fracture", "left"),
        ("effusions, L > R", "bilateral"),
        ("B/L effusions", "bilateral"),
        ("R/O effusion", None),
        ("L-spine degenerative change", None),
        ("L spine degenerative change", None),
        ("L1 compression fracture", None),
        ("T12-L1 fracture", None),
        ("L/S spine spurring", None),
        ("Dr. R. Smith was told of the effusion", None),
        ("discussed with L. Jones", None),
        ("pneumonia in the right clinical setting", None),
        ("tube left in place", None),
    ],
)
def test_letters_that_are_sides(phrase: str, side: str | None) -> None:
    assert find_side(phrase) == side


@pytest.mark.parametrize(
    ("phrase", "swapped"),
    [
        ("R effusion", "L effusion"),
        ("R/O left effusion", "R/O right effusion"),
        ("L1 fracture", None),
        ("R/O effusion", None),
    ],
)
def test_swapping_leaves_other_letters_alone(phrase: str, swapped: str | None) -> None:
    assert side_swapped(phrase) == swapped


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Nodule of 1.2 cm. A second one is seen.", ["Nodule of 1.2 cm.", "A second one is seen."]),
        ("Nodule of 1.2 cm. 3 mm granuloma.", ["Nodule of 1.2 cm.", "3 mm granuloma."]),
        ("nodule of 8 mm. lungs are clear.", ["nodule of 8 mm.", "lungs are clear."]),
        ("Mass of 3 cm. in diameter.", ["Mass of 3 cm. in diameter."]),
        ("Told at 3 p.m. The heart is large.", ["Told at 3 p.m.", "The heart is large."]),
        ("Told at 3 p.m. Monday by phone.", ["Told at 3 p.m. Monday by phone."]),
        ("Read: J. Smith, M.D.", ["Read: J. Smith, M.D."]),
        ("Told Drs. Lee and Roe. No mass.", ["Told Drs. Lee and Roe.", "No mass."]),
        ("1) Left effusion 2) No mass", ["Left effusion", "No mass"]),
        ("(a) left effusion, (b) right nodule", ["left effusion", "right nodule"]),
        ("(1) Left effusion. (2) No mass.", ["Left effusion.", "No mass."]),
        ("Effusion at 2) is not a list.", ["Effusion at 2) is not a list."]),
        ("NO MASS. SMALL LEFT EFFUSION.", ["NO MASS.", "SMALL LEFT EFFUSION."]),
        ("NO MASS.SMALL LEFT EFFUSION.", ["NO MASS.", "SMALL LEFT EFFUSION."]),
        ("effusion: none\nnodule: right", ["effusion: none", "nodule: right"]),
        ("Effusion:\nNone", ["Effusion:\nNone"]),
        ("Effusion? No. Mass? Yes.", ["Effusion? No.", "Mass? Yes."]),
        ("Left opacity ? pneumonia.", ["Left opacity ? pneumonia."]),
        ("Effusion? Recommend CT.", ["Effusion?", "Recommend CT."]),
    ],
)
def test_ends_of_sentences_and_list_items(text: str, sentences: list[str]) -> None:
    assert [sentence.text for sentence in read_report(text).sentences] == sentences
