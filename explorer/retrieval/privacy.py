"""What is taken out before anything is stored: exact ages, and dates, times, names and numbers.

An index holds no names, dates, identifiers or paths by construction: it has no column for them.
Sentences are text that somebody wrote, so they are gone through here; patterns cannot find every
name, which docs/privacy.md says.
"""

import re

MASK = "___"

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DATE = re.compile(
    rf"\b(?:\d{{1,4}}[./-]\d{{1,2}}[./-]\d{{2,4}}"
    rf"|{_MONTH}\.?\s+\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s+\d{{4}})?\b"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?\s+{_MONTH}\.?(?:,?\s+\d{{4}})?\b"
    rf"|{_MONTH}\.?,?\s+\d{{4}}"
    r"|(?:19|20)\d{2}(?=\b))\b",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"\b\d{1,2}:\d{2}(?::\d{2})?(?:\s*[ap]\.?m\b\.?)?|\b\d{1,2}\s*[ap]\.?m\b\.?", re.IGNORECASE
)
_NAME = re.compile(
    r"\b(?:(?i:dr|doctor|mr|mrs|ms|miss|prof|professor|nurse|rn|md)\b\.?)(?:\s+[A-Z](?:[\w'.-]*[\w'-])?){1,3}"
)
_BY = re.compile(r"\b(?i:by|with|to|per)\s+(?:[A-Z][a-z]+\s+){1,2}[A-Z][a-z]+\b")
_SIGNED = re.compile(r"\b[A-Z][\w'-]+(?:\s+[A-Z][\w'.-]*){0,2},\s*(?:M\.?D\b\.?|D\.?O\b\.?|RN\b)")
_ADDRESS = re.compile(r"\b(?:https?://|www\.)\S+|\b[\w.+-]+@[\w-]+\.[\w.]+", re.IGNORECASE)
_UID = re.compile(r"\b\d+(?:\.\d+){3,}\b")
_NUMBER = re.compile(r"\b(?=\w*\d{5})[\w-]+\b|\b\d{3}[-. ]\d{3,4}(?:[-. ]\d{4})?\b")
_PATTERNS = (_ADDRESS, _UID, _DATE, _TIME, _SIGNED, _NAME, _BY, _NUMBER)


def masked(sentence: str) -> str:
    """The sentence with dates, times, names after a title, addresses and long numbers as `___`.

    >>> masked("Discussed with Dr. Jane Roe at 5:30 pm on 3/14/2019, MRN 12345678.")
    'Discussed with ___ at ___ on ___, MRN ___.'
    >>> masked("A 12 mm nodule at T4, 4.5 cm above the carina.")
    'A 12 mm nodule at T4, 4.5 cm above the carina.'
    """
    for pattern in _PATTERNS:
        sentence = pattern.sub(MASK, sentence)
    return sentence


def age_band(age: str | None) -> str:
    """Decade of an age, from a DICOM age string or a number of years; "" when not known.

    >>> age_band("063Y"), age_band("7"), age_band("018M"), age_band("101Y"), age_band("66.0")
    ('60-69', '0-9', '0-9', '90+', '60-69')
    >>> age_band("old"), age_band(None)
    ('', '')
    """
    found = re.fullmatch(r"\s*(\d{1,3})(?:\.\d+)?\s*([YMWD]?)\s*", age or "", re.IGNORECASE)
    if found is None:
        return ""
    years = int(found[1]) if found[2].upper() in ("", "Y") else 0
    if found[2].upper() == "M":
        years = int(found[1]) // 12
    decade = years // 10 * 10
    return "90+" if decade >= 90 else f"{decade}-{decade + 9}"
