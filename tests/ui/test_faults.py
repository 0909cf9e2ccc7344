"""Errors reach a person in words, and the log without anything that was uploaded."""

import logging

import pytest

from explorer.errors import DamagedFileError, ExplorerError, ReportError
from explorer.ui.faults import explain, title_of
from explorer.ui.state import Problem


def test_an_own_error_is_shown_as_it_is() -> None:
    assert explain(DamagedFileError("The file ends early. Export it again.")) == (
        "The file ends early. Export it again."
    )


def test_an_unexpected_error_tells_neither_page_nor_log_its_message(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fails() -> None:
        raise KeyError("DOE^JANE born 1950")

    with caplog.at_level(logging.ERROR, logger="explorer.ui"):
        try:
            fails()
        except KeyError as error:
            message = explain(error)
    assert "DOE" not in message
    assert "DOE" not in caplog.text
    number = message.split("number ")[1][:8]
    assert f"Unexpected error {number}: KeyError" in caplog.text
    assert "fails" in caplog.text  # the place in the code is there


@pytest.mark.parametrize(
    ("error", "title"),
    [
        (ReportError("x"), "The report could not be used"),
        (ExplorerError("x"), "Something went wrong"),
        (ZeroDivisionError(), "Something went wrong"),
    ],
)
def test_the_most_specific_class_names_the_error(error: Exception, title: str) -> None:
    assert title_of(error) == title
    assert Problem.of(error, about="a.dcm").title == title
