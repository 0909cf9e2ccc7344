"""Text of others stays text."""

from itertools import pairwise

import pytest

from explorer.ui.wording import plain


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "![x](http://203.0.113.1/x.png)",
        ":material/home: :red[x] $x^2$",
        "[link](javascript:alert(1))",
        "`code` *em* __strong__ ~~del~~ # head",
    ],
)
def test_no_punctuation_is_left_for_markdown(text: str) -> None:
    escaped = plain(text)
    assert escaped.replace("\\", "") == text.replace("\\", "")
    for before, mark in pairwise(escaped):
        assert mark.isalnum() or mark in " \\" or before == "\\"


def test_direction_marks_and_line_ends_are_taken_out() -> None:
    assert plain("a\u202eb\nc\x00") == "a b c"
