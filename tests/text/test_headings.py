"""Headings in their many forms, two reads of one film, and languages that are not read."""

import pytest

from explorer.text import read_report

FINDING = "Small left effusion."


@pytest.mark.parametrize(
    "heading",
    [
        "CHEST, TWO VIEWS:",
        "CHEST, PA AND LATERAL:",
        "Chest x-ray, 2 views:",
        "PORTABLE AP CHEST:",
        "PORTABLE CHEST -",
        "CHEST (PORTABLE AP):",
        "CXR:",
        "XR CHEST 2 VWS:",
        "PA and lateral views of the chest:",
        "SINGLE FRONTAL VIEW OF THE CHEST 3/4/2012:",
        "AP CHEST, 5:43 A.M., ___:",
        "CHEST, TWO VIEWS\n",
        "AP CHEST, 5:43 A.M., ___\n\n",
        "INDICATION: Cough. CHEST, TWO VIEWS:",
        "INTERPRETATION:",
        "FINDINGS AND IMPRESSION:",
        "FINDINGS.",
        "FINDIGNS:",
        "Impresion:",
        "IMPRESSON:",
        "FINDINGS AND IMPRESION:",
        "FINAL REPORT\n",
        "ADDENDUM:",
        "COMPARISION: ___.\n\nFINDNGS:",
        "TECHNIQUE: Two views.\n__________\n",
    ],
)
def test_finding_under_any_heading_stays_a_finding(heading: str) -> None:
    read = read_report(f"{heading} {FINDING}").sentences[-1]
    assert (read.text, read.assertion, read.phrase) == (FINDING, "present", FINDING[:-1])


@pytest.mark.parametrize(
    "heading",
    ["INDICTION:", "COMPARISION:", "TECHNQUE:", "HISTROY:", "CLINICAL HISTROY:", "RECOMENDATION:"],
)
def test_misspelt_heading_keeps_what_it_heads_from_the_findings(heading: str) -> None:
    (read,) = read_report(f"{heading} {FINDING}").sentences
    assert read.assertion == "not about the image"


@pytest.mark.parametrize(
    "text",
    ["Chest tube on the left: no pneumothorax.", "Left lung: effusion.", "Impressive: effusion."],
)
def test_words_before_a_colon_that_are_no_heading_stay(text: str) -> None:
    (read,) = read_report(text).sentences
    assert read.text == text


def test_title_inside_the_findings_keeps_their_name() -> None:
    (read,) = read_report(f"FINDINGS:\nPA and lateral chest:\n{FINDING}").sentences
    assert (read.section, read.text) == ("Findings", FINDING)


def test_title_under_technique_is_technique() -> None:
    read, finding = read_report(f"TECHNIQUE:\nPA AND LATERAL CHEST\nFINDINGS: {FINDING}").sentences
    assert (read.section, read.assertion) == ("Technique", "not about the image")
    assert finding.section == "Findings"


@pytest.mark.parametrize(
    "text",
    [
        "WET READ: ___ ___ 10:41 PM\n Left effusion.\n"
        + "_" * 78
        + "\n FINAL REPORT\n No effusion.",
        "PRELIMINARY REPORT:\nFINDINGS: Left effusion.\nFINAL REPORT:\nFINDINGS: No effusion.",
        "WET READ: Left effusion.\nFINDINGS: No effusion.",
        "PRELIMINARY IMPRESSION: Left effusion.\nFINAL IMPRESSION: No effusion.",
    ],
)
def test_final_read_counts_and_the_preliminary_one_does_not(text: str) -> None:
    report = read_report(text)
    assert [(s.text, s.assertion) for s in report.sentences] == [
        ("Left effusion.", "not about the image"),
        ("No effusion.", "absent"),
    ]
    assert report.notes == (
        "The report holds a preliminary and a final read; only the final one is used.",
    )


def test_preliminary_read_alone_counts() -> None:
    report = read_report("WET READ: AB 10:41 PM\nLeft effusion.")
    assert [(s.text, s.assertion) for s in report.sentences] == [("Left effusion.", "present")]
    assert report.notes == ()


def test_addendum_counts_beside_the_report() -> None:
    report = read_report("FINAL REPORT\nNo mass.\nADDENDUM: Left nodule.")
    assert [s.assertion for s in report.sentences] == ["absent", "present"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Kein Pleuraerguss. Das Herz ist normal groß. Infiltrat rechts basal.", "de"),
        ("Pas d'épanchement pleural. Le cœur est de taille normale.", "fr"),
        ("Sin derrame pleural. No se observa neumotórax.", "es"),
        ("Non si osserva versamento pleurico.", "it"),
        ("Sem derrame pleural. Área cardíaca normal.", "pt"),
        ("Geen pleuravocht. Het hart is niet vergroot.", "nl"),
        ("Свободной жидкости нет.", "ru"),
        ("胸水なし。", "ja"),
        ("未见胸腔积液。", "zh"),
    ],
)
def test_other_languages_are_not_guessed_at(text: str, code: str) -> None:
    report = read_report(text)
    assert report.language == code
    assert {s.assertion for s in report.sentences} == {"not about the image"}
    (note,) = report.notes
    assert note.startswith("Only English reports are read.")


@pytest.mark.parametrize(
    "text",
    [
        "No left effusion. Heart size is normal.",
        "Cardiomegaly.",
        "Pneumonia. Atelectasis. Emphysema.",
        "Bilateral infiltrates in die-hard smoker.",
        "s/p CABG. En face sternal wires. Situs solitus.",
        "",
    ],
)
def test_english_and_bare_nouns_are_read(text: str) -> None:
    report = read_report(text)
    assert report.language in {"en", ""}
    assert report.notes == ()


def test_foreign_sentence_inside_an_english_report_is_left_out() -> None:
    report = read_report("There is a small left effusion. Kein Nachweis eines Infiltrats.")
    assert [s.assertion for s in report.sentences] == ["present", "not about the image"]
    assert "German" in report.notes[0]
