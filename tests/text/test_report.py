"""Sections, sentences, offsets and robustness of read_report."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explorer.errors import ReportError
from explorer.text import MAX_CHARACTERS, read_report
from explorer.text.sections import split_sections

WORDS = ["FINDINGS:", "IMPRESSION:\n", "## Technique\n", "No effusion", ", but ", "XXXX", "Dr. "]
WORDS.extend(
    ["left basilar atelectasis", "The heart is enlarged", "Recommend CT", "e.g. ", " and "]
)
MARKS = [". ", ".\r\n", "\n\n", "\t", "1. ", "2) ", "- ", "___", "3.5 cm", "; ", "?", "<script>"]
MARKS.extend(["\U0001fac1", "\u200f", "\x00", "é", "肺", "\u3002", "\ud800", "\u2028", "(", "**"])
PIECES = st.sampled_from(WORDS + MARKS)
TEXTS = st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=30).map("".join))


def sections_and_sentences(text: str) -> list[tuple[str, str]]:
    return [(sentence.section, sentence.text) for sentence in read_report(text).sentences]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(TEXTS)
def test_every_sentence_and_phrase_is_a_slice_in_order_without_overlap(text: str) -> None:
    report = read_report(text)
    last = 0
    for sentence in report.sentences:
        assert text[sentence.start : sentence.end] == sentence.text
        assert sentence.text == sentence.text.strip() != ""
        assert last <= sentence.start < sentence.end
        last = inside = sentence.end
        inside = sentence.start
        for phrase in sentence.phrases:
            assert text[phrase.start : phrase.end] == phrase.text
            assert inside <= phrase.start < phrase.end <= sentence.end
            inside = phrase.end


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(TEXTS)
def test_every_letter_lies_in_a_heading_or_a_sentence(text: str) -> None:
    sections = split_sections(text)
    covered = [(part.heading_start, part.start) for part in sections]
    covered += [(sentence.start, sentence.end) for sentence in read_report(text).sentences]
    inside: set[int] = set()
    for start, end in covered:
        inside.update(range(start, end))
    for position, character in enumerate(text):
        # The letter of a list marker such as "a)" is the one exception.
        marker = text[position + 1 : position + 2] == ")"
        assert position in inside or not character.isalpha() or marker


@given(TEXTS)
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_sections_cover_the_text_in_order(text: str) -> None:
    sections = split_sections(text)
    assert sections[0].heading_start == 0
    for one, following in itertools.pairwise(sections):
        assert one.heading_start <= one.start <= one.end == following.heading_start
    assert sections[-1].end == len(text)


def test_headings_on_lines_of_their_own_and_inline() -> None:
    text = "INDICATION: Cough. FINDINGS: Clear lungs.\r\nImpression:\r\nNo acute disease."
    assert sections_and_sentences(text) == [
        ("Indication", "Cough."),
        ("Findings", "Clear lungs."),
        ("Impression", "No acute disease."),
    ]


@pytest.mark.parametrize(
    ("heading", "section"),
    [
        ("FINDINGS AND IMPRESSION:", "Findings and impression"),
        ("Findings/Impression:", "Findings and impression"),
        ("## Findings\n", "Findings"),
        ("**Impression:**", "Impression"),
        ("CLINICAL HISTORY:", "Indication"),
        ("REASON FOR EXAM:", "Indication"),
        ("Comparison -", "Comparison"),
        ("TECHNIQUE", "Technique"),
        ("CONCLUSION:", "Impression"),
        ("ADDENDUM #1:", "Addendum"),
        ("WET READ:", "Wet read"),
        ("NOTIFICATION:", "Communication"),
    ],
)
def test_variants_of_headings(heading: str, section: str) -> None:
    assert sections_and_sentences(f"{heading} Small left effusion.") == [
        (section, "Small left effusion.")
    ]


def test_word_findings_inside_a_sentence_is_no_heading() -> None:
    text = "No acute findings. These findings are stable."
    assert {section for section, _ in sections_and_sentences(text)} == {"Report"}


def test_paragraph_after_technique_without_a_heading_is_about_the_image() -> None:
    text = "TECHNIQUE: Two views.\n\nThere is a left effusion."
    technique, finding = read_report(text).sentences
    assert technique.assertion == "not about the image"
    assert (finding.section, finding.assertion) == ("Report", "present")


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("1. No mass. 2. Right effusion.", ["No mass.", "Right effusion."]),
        ("1. No mass 2. Right effusion", ["No mass", "Right effusion"]),
        ("- Left effusion\n- Cardiomegaly", ["Left effusion", "Cardiomegaly"]),
        ("A 1.5 cm mass. Dr. Lee at 9 a.m. today.", ["A 1.5 cm mass.", "Dr. Lee at 9 a.m. today."]),
        ("Clear bilaterally.There is none.", ["Clear bilaterally.", "There is none."]),
        ("No effusion. .", ["No effusion."]),
        ("Small left\npleural effusion.", ["Small left\npleural effusion."]),
        ("Heart normal\nLungs clear", ["Heart normal", "Lungs clear"]),
        ("heart is normal. lungs are clear.", ["heart is normal.", "lungs are clear."]),
        ("Seen on XXXX. since then stable.", ["Seen on XXXX. since then stable."]),
        ("Tube 4 cm up\r\n\r\n___\r\nNo effusion", ["Tube 4 cm up", "No effusion"]),
    ],
)
def test_sentences(text: str, sentences: list[str]) -> None:
    assert [sentence.text for sentence in read_report(text).sentences] == sentences


@pytest.mark.parametrize("text", ["", " \r\n\t", "...", "___"])
def test_report_without_words_has_no_sentences(text: str) -> None:
    assert read_report(text).sentences == ()


def test_sixty_page_report_is_refused_with_rule_value_and_remedy() -> None:
    text = "No pleural effusion. " * 9000
    with pytest.raises(ReportError, match=r"50,000 characters, got 189,000\. Paste"):
        read_report(text)
    assert len(text) > MAX_CHARACTERS


def test_tags_are_in_no_sentence_and_offsets_count_in_what_was_given() -> None:
    given = "<p>Small <b>left</b> pleural&nbsp;effusion.</p><p>No <i>pneumothorax</i>.</p>"
    read = read_report(given)
    assert [" ".join(s.text.split()) for s in read.sentences] == [
        "Small left pleural effusion.",
        "No pneumothorax .",
    ]
    assert [s.phrase for s in read.sentences] == ["Small left pleural effusion", "No pneumothorax"]
    for sentence in read.sentences:
        assert read.text[sentence.start : sentence.end] == sentence.text
    assert len(read.text) == len(given)
    assert given.index("Small") == read.sentences[0].start


def test_markup_emoji_and_other_languages_stay_plain_text() -> None:
    text = (
        "<script>alert('x')</script> Left effusion 🫁. Kein Erguss. 胸水なし。 \u202eNo mass\x00."
    )
    read = read_report(text)
    assert read.text == text
    assert read.sentences[0].text.startswith("<script>alert('x')</script>")
    assert len(read.sentences) == 4
