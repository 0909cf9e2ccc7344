"""The Evaluate page in a browser: a run that is cancelled, and two runs on films of one's own."""

import csv
import io
import zipfile
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from explorer import pipeline

from .conftest import ROOT, Visit, file

pytestmark = [pytest.mark.browser, pytest.mark.slow]
DEFAULT = pipeline.list_checkpoints()[0].name


def open_evaluate(visit: Visit) -> Page:
    visit.settle()
    visit.page.get_by_role("link", name="Evaluate").click()
    visit.page.get_by_role("button", name="Run", exact=True).wait_for()
    return visit.page


def test_a_run_is_cancelled_between_two_pieces_and_the_page_goes_on(
    open_tab: Callable[..., Visit],
) -> None:
    page = open_evaluate(open_tab())
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_enabled()
    expect(page.get_by_test_id("stAlert")).to_have_count(0)


def own_films() -> tuple[bytes, bytes]:
    """A table of phrases with their boxes, and a zip of the films: two bundled ones, renamed."""
    corpus = pipeline.read_placed(ROOT / "assets" / "studies")
    known = [p for p in corpus.phrases if p.present and p.boxes]
    names = {
        image: f"film {k}.dcm" for k, image in enumerate(dict.fromkeys(p.image for p in known))
    }
    names = dict(list(names.items())[:2])
    table, films = io.StringIO(), io.BytesIO()
    rows = csv.writer(table)
    rows.writerow(["image", "phrase", "x", "y", "w", "h"])
    for phrase in known:
        if phrase.image in names:
            box = phrase.boxes[0]
            size = (box.x_max - box.x_min, box.y_max - box.y_min)
            rows.writerow([names[phrase.image], phrase.phrase, box.x_min, box.y_min, *size])
    with zipfile.ZipFile(films, "w") as archive:
        for image, name in names.items():
            archive.write(image, name)
    return table.getvalue().encode(), films.getvalue()


def test_two_checkpoints_on_films_of_ones_own_and_the_film_on_which_they_differ(
    open_tab: Callable[..., Visit],
) -> None:
    visit = open_tab()
    page = open_evaluate(visit)
    table, films = own_films()
    page.get_by_text("Your files", exact=True).click()
    table_input, films_input = (
        page.get_by_test_id("stFileUploader").filter(has_text=words).locator("input[type=file]")
        for words in ("Table: image", "Images as a zip")
    )
    table_input.set_input_files(file("phrases.csv", table))
    films_input.set_input_files(file("films.zip", b"no zip at all"))
    expect(page.get_by_text("The images must come as a zip file, this is none.")).to_be_visible()
    expect(page.get_by_role("button", name="Run", exact=True)).to_have_count(0)

    films_input.set_input_files(file("films.zip", films))
    expect(page.get_by_text("(reader plain_csv): 2 images")).to_be_visible()
    page.get_by_role("combobox", name="Checkpoints").click()
    page.get_by_role("option", name="small-dense-grounding", exact=True).click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("heading", name="small-dense-grounding")).to_have_count(2)
    expect(page.get_by_role("heading", name=f"minus {DEFAULT}")).to_be_visible()
    # Two forest plots, and one of the difference: where every phrase is there no share can be told.
    expect(page.get_by_text("This takes phrases that are there and")).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(3)
    page.get_by_role("button", name="Open in Compare").first.click()
    expect(page.locator(".pane")).to_have_count(2)
    visit.settle()
    chosen = [
        page.get_by_role("combobox", name=f"Checkpoint, pane {letter}").input_value()
        for letter in "AB"
    ]
    assert chosen == [DEFAULT, "small-dense-grounding"]
    page.get_by_role("tab", name="Compare", exact=True).click()
    expect(page.locator(".numbers table").first).to_contain_text("CNR")  # the box came along


def test_a_kept_run_is_deleted_after_a_second_press(open_tab: Callable[..., Visit]) -> None:
    page = open_evaluate(open_tab())
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    table = page.locator("[class*='st-key-kept_runs_'] [data-testid=stDataFrame]")
    delete = page.get_by_role("button", name="Delete selected")
    expect(delete).to_be_disabled()
    table.scroll_into_view_if_needed()
    edge = table.bounding_box()
    assert edge is not None
    page.mouse.click(edge["x"] + 16, edge["y"] + 52)  # the box of the first row
    delete.click()
    page.get_by_role("button", name="Delete 1 run", exact=True).click()
    expect(page.get_by_text("1 run deleted.")).to_be_visible()
    # Other tests of this server may have kept runs of theirs, of which none is chosen now.
    expect(page.get_by_role("button", name="Delete 1 run", exact=True)).to_have_count(0)
    expect(delete.and_(page.locator(":enabled"))).to_have_count(0)
