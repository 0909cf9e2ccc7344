"""Texts that were written, and labelled by hand, before any version of the rules had seen them."""

from collections import Counter

import pytest

from tests.text.written import Written, misread, written_reports

CASES = written_reports()


@pytest.mark.parametrize("case", [one for one in CASES if not one.open], ids=lambda one: one.text)
def test_a_written_report_is_read_as_it_was_meant(case: Written) -> None:
    assert misread(case) == []


def test_what_is_known_to_be_misread_still_is() -> None:
    assert [one.text for one in CASES if one.open and not misread(one)] == []


def test_first_tries_are_those_that_the_page_gives() -> None:
    counts = Counter((one.group, one.right_at_first) for one in CASES)
    assert (counts["1", True], counts["1", False]) == (136, 23)
    assert (counts["2", True], counts["2", False]) == (79, 21)
    assert (counts["3", True], counts["3", False]) == (44, 6)
    assert (counts["4", True], counts["4", False]) == (117, 17)
    assert (counts["5", True], counts["5", False]) == (89, 15)
    assert (counts["6", True], counts["6", False]) == (108, 5)
