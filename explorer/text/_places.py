"""Tables of words that say on which side and in which zone something lies."""

# "R effusion", "on the R.", "R-sided", never "R/O", "L-spine", "L1", "L/S" or "Dr. R. Smith".
_ALONE = (
    r"(?<![/-])(?<!\bDr\.\s)(?<!\bDR\.\s)(?<!\bdr\.\s)(?-i:{letter})"
    r"(?=-sided|\.?\s{{1,4}}(?!(?i:spine|spinal|vertebra|disc))"
    r"(?:(?-i:[a-z\x28]|[A-Z]{{2,12}}\b)|\d{{1,2}}(?:th|rd|nd|st)\b)|\s{{0,4}}[\x29,;:<>]|\.?\s{{0,4}}\Z)"
)
LONE_RIGHT = _ALONE.format(letter="R")
LONE_LEFT = _ALONE.format(letter="L")

RIGHT = (
    "right(?:-?sided|ward|wards)?",
    "rt",
    LONE_RIGHT,
    "(?-i:RUL|RML|RLL|rul|rml|rll|RIJ)",
)
LEFT = (
    "left(?:-?sided|ward|wards)?",
    "lt",
    LONE_LEFT,
    "(?-i:LUL|LLL|lul|lll|LIJ)",
    "lingula[re]?",
    "lingular",
)
BILATERAL = (
    "bilateral(?:ly)?",
    "bilat",
    "both",
    "bi-?(?:basilar|basal|apical|hilar|pulmonary|lateral)",
    "symmetric(?:al|ally)?",
    "either (?:side|lung)",
    "right and left",
    "left and right",
    "r>l",
    "l>r",
    "b/l",
    r"(?-i:R\s?[/&+]\s?L|L\s?[/&+]\s?R)",
)

NOT_A_SIDE = (
    r"right heart(?! border)",
    "right (?:clinical )?(?:setting|context|circumstances)",
    "right (?:away|now)",
    "(?:right(?: |-)to(?: |-)left|left(?: |-)to(?: |-)right)",
    "all right",
    # What is left over, and who left.
    r"(?<!the\s)left (?:of|over|from|the|against|to|with|for|word)",
    # "Effusion - R: small; L: none": what is said of the left is that nothing is there.
    r"(?:(?<=;\s)|(?<=,\s))(?:right|left|rt|lt|(?-i:R|L))(?: side)?"
    r"\s?(?:[:=]|\s-\s)\s?(?:none|no|nil|absent|negative|clear|normal|unremarkable)(?=\s{0,4}(?:[,;.]|\Z))",
    "(?:messages?|voicemail|word) (?:was |were )?left",
    "not (?:on |in |at )?(?:the )?(?:right|left)(?:-sided)?",
    r"(?<!the\s)left (?:in place|in situ|alone|open|behind|undisturbed|without)",
)
"""Hide words that look like a side but name a part of the heart or are none."""

UPPER = (
    "upper",
    "ap(?:ex|ices)",
    "(?:bi-?)?apical(?:ly)?",
    "superior(?:ly)?",
    "suprahilar",
    "supraclavicular",
    "clavic(?:le|les|ular)",
    "(?-i:RUL|LUL|rul|lul)",
)
MID = (
    "mid",
    "middle",
    "mid-?(?:lung|lungs|zone|zones|thoracic)",
    "(?:bi|peri|para|juxta)?-?hil(?:ar|um|us|a)",
    "lingula[re]?",
    "lingular",
    "(?-i:RML|rml)",
)
LOWER = (
    "lower",
    "bas(?:e|es|al|ilar|ally)",
    "bi-?bas(?:al|ilar)",
    "inferior(?:ly)?",
    "infrahilar",
    "(?:sub|retro)(?:pulmonic|diaphragmatic|cardiac)",
    "supradiaphragmatic",
    "(?:hemi-?)?diaphragm(?:s|atic)?",
    "costophrenic",
    "cardiophrenic",
    "costodiaphragmatic",
    "cp angles?",
    "(?-i:RLL|LLL|rll|lll)",
    "subpulmonic",
)

NOT_A_ZONE = (
    "upper limits?",
    "upper[-\\s](?:normal|abdom\\w{1,6}|quadrant|extremit\\w{1,4})",
    "(?:right|left) upper (?:quadrant|extremit\\w{1,4}|arm)",
    "(?:upper|mid|middle|lower|superior|inferior|distal|proximal)(?: to (?:upper|mid|lower))?"
    "(?: portion of the)? (?:svc|vena cava|mediastin\\w{2,3}|abdomen|cervical|lumbar|"
    "extremit\\w{1,4}|neck|arm|esophagus|trachea)",
    "lower (?:lung )?volumes?",
    "(?:cardiac|heart) ap(?:ex|ices)|apex of the heart",
    "base of (?:the )?neck",
    "(?:all right|right away|in the left without)",
)
"""Hide words that look like a zone of the lungs but are not."""
