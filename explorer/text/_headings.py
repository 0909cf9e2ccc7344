"""Table of section headings: canonical name and the ways in which reports write it."""

import re

IMPLIED_SECTION = "Report"
"""Name of text that stands under no heading."""

HEADINGS: dict[str, tuple[str, ...]] = {
    "Findings and impression": (
        r"findings? ?(?:and|/|&|\+) ?(?:impressions?|conclusions?)",
        r"impressions? ?(?:and|/|&|\+) ?findings?",
        "(?:radiological |radiologist'?s? )?interpretation",
    ),
    "Impression": (
        "(?:final |preliminary |overall )?(?:impressions?|conclusions?)",
        "impressions? ?(?:and|/|&) ?recommendations?",
        "opinion",
        "summary",
        "assessment",
        "diagnosis",
        "radiological diagnosis",
    ),
    "Findings": (
        "(?:chest |imaging |radiographic |radiological |x-?ray |pertinent |key |additional )?"
        "findings?",
        "comments?",
        "observations?",
        "description",
        "body of report",
        "results?",
    ),
    "Indication": (
        "(?:clinical )?indications?(?: for (?:exam|examination|study))?",
        "indications? ?(?:and|/|&) ?history",
        "(?:clinical |patient |medical )?history",
        "history ?(?:and|/|&) ?indications?",
        "clinical (?:information|data|details|statement|question)",
        "reason for (?:this |the )?(?:exam|examination|study|procedure|visit|request)",
        "(?:underlying )?medical conditions?",
        "(?:presenting )?(?:complaint|symptoms?)",
        "signs? ?(?:and|/|&) ?symptoms?",
        "reason",
        "hx",
    ),
    "Comparison": (
        "compari[st]ions?(?: (?:exams?|stud(?:y|ies)|films?|radiographs?|made))?",
        "comparisons?(?: (?:exams?|stud(?:y|ies)|films?|radiographs?|made))?",
        "prior (?:exams?|stud(?:y|ies)|films?|radiographs?)",
        "compared (?:to|with)",
        "comp",
    ),
    "Technique": (
        "(?:imaging )?techniques?",
        "technical (?:factors|details|quality|comments)",
        "procedure comments?",
        "projections?",
        "views?",
        "protocol",
    ),
    "Examination": (
        "(?:type of )?(?:exam|examination)(?: type| performed| date| title)?",
        "procedure",
        "study",
        "modality",
    ),
    "Recommendation": ("recommendations?", "recommended follow-?up", "suggestions?", "plan"),
    "Communication": ("notifications?", "communications?", "critical results?"),
    "Addendum": ("addend(?:um|a)", "amendment", "end of addend(?:um|a)"),
    "Wet read": (
        "wet read(?:ing)?(?: version)?",
        "prelim",
        "(?:preliminary|prelim|overnight|resident|initial) (?:read|reading|report|interpretation)",
    ),
    "Administration": (
        "(?:electronically )?(?:signed|verified|approved) by",
        "(?:dictated|transcribed|reviewed|interpreted) by",
        "(?:attending(?! read)|referring|ordering|requesting)"
        "(?: (?:physician|provider|radiologist|doctor))?",
        "(?:patient )?name",
        "(?:patient |medical record )(?:id|number)",
        "accession(?: number)?",
        "mrn",
        "date of (?:birth|exam|examination|service|study)",
        "dob",
        "date",
        "radiologist",
    ),
    IMPLIED_SECTION: (
        "(?:final |full |radiology )?report",
        "final",
        "(?:final|attending|staff|official) (?:read|reading|interpretation)",
    ),
}

IMAGE_SECTIONS = frozenset(
    {
        "Findings",
        "Impression",
        "Findings and impression",
        "Addendum",
        "Wet read",
        IMPLIED_SECTION,
    }
)
"""Sections whose sentences may speak of the image; all others never do."""

# These may stand in capitals before running text without a colon: "IMPRESSION No acute disease."
BARE_HEADINGS = frozenset({"Findings", "Impression", "Indication", "Comparison", "Technique"})

_names = list(HEADINGS)
_GROUPS = (
    "|".join(f"(?P<h{number}>{'|'.join(HEADINGS[name])})" for number, name in enumerate(_names))
    .replace(" ", "[ \t]{1,3}")
    .replace("[ \t]{1,3}?", "[ \t]{0,3}")
)
_TAIL = (
    r"(?:[ \t]{0,2}(?:\#|no\.?)?[ \t]?\d{1,2}(?![ \t]{1,4}(?-i:[A-Z])))?"
    r"(?:[ \t]{0,2}\([^()\r\n]{0,40}\))?"
)

HEADING_PATTERN = re.compile(
    rf"(?<![\w/-])(?=[a-zA-Z])(?:{_GROUPS})(?![\w/]){_TAIL}(?P<close>[*_]{{0,3}})", re.IGNORECASE
)
"""A heading without what stands before and after it; `heading_name` tells which."""


def heading_name(match: re.Match[str]) -> str:
    """Canonical name of a match of `HEADING_PATTERN`."""
    group = next(name for name, value in match.groupdict().items() if name[0] == "h" and value)
    return _names[int(group[1:])]
