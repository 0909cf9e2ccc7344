"""Words of change and of earlier films: they deny nothing of what this image shows."""

from explorer.text._seen import SEEN

_HOW = (
    "(?:(?:significant|interval|definite|appreciable|substantial|obvious|evident|further|major|"
    "gross|marked|clear|overall|convincing|radiographic|measurable|visible|apparent|notable|"
    "dramatic|detectable|discernible|large|xxxx|any|other)(?:ly)? )"
)
_CHANGE = (
    "(?:changes?|increase|decrease|progression|improvement|reduction|resolution|clearing|"
    "regression|growth|difference|evolution|deterioration|"
    r"worsening(?= (?:of|in|since|from|compared|or|and|on|over)(?!\w)|[^\w\s]|\Z))"
)
_YET = (
    "(?:(?:yet|been|fully|completely|entirely|totally|significantly|substantially|appreciably|much|"
    "markedly|really|definitely|obviously|grossly|also|quite|still|become|now|all|changed) )"
)
_NOT_YET = f"(?:not|never) {_YET}{{0,3}}"
_HAS_NOT = f"(?:(?:has|have|had) not|(?:hasn|haven|hadn)['\u2019]t) {_YET}{{0,3}}"
_HEARTLIKE = "(?:the )?(?:heart|cardi|mediast|hil|aort|pulmonary art|azyg|vascul|lymph|node|thym)"

_IS = "(?:(?:is|are|was|were|has been|have been|had been) )?"
_NOT_SEEN = (
    f"{_IS}(?:not|never) (?:\\w{{1,14}} ){{0,2}}(?:{SEEN}|there|described|imaged|in place|"
    "mentioned|reported|included)"
)

NO_CHANGE = (
    f"(?:no|without) {_HOW}{{0,3}}{_CHANGE}(?:(?: or| and| nor|,|/) ?{_HOW}{{0,2}}{_CHANGE})?"
    "(?!,? (?:or|nor))",
    f"no {_HOW}{{0,3}}enlargement(?= (?:of|in) (?!{_HEARTLIKE}))",
    f"{_NOT_YET}(?:changed|different|resolved|cleared|improved|diminished|regressed|disappeared|"
    "resolving|clearing|larger|smaller|worse|better|bigger|grown)",
    f"{_HAS_NOT}(?:increased|decreased|improved|worsened|progressed|grown|enlarged|changed|"
    "resolved|cleared|diminished|regressed|disappeared)",
    f"(?:do|does|did) not {_YET}{{0,2}}(?:resolve|clear|change|improve|increase|decrease|worsen)",
    "no (?:larger|smaller|worse|better|bigger|different)",
    "yet to (?:completely |fully )?(?:resolve|clear)",
    "fail(?:s|ed|ure|ing)? to (?:completely |fully )?(?:resolve|clear|improve|respond|regress)",
    "(?:incomplete|partial|near|nearly|almost|large|most|virtual|practical|substantial|some|slight|"
    "mild|moderate|minimal|improved|improving|further|continued|continuing|ongoing|gradual|slow|"
    "progressive|significant|marked|considerable|early|relative)(?:ly)?"
    "(?:(?: |-)(?:complete|total|interval|full|but|not|partial|been)(?:ly)?){0,3}(?: |-)"
    "(?:resolved|resolution|resolving|clearing|cleared|clear)(?= |[^\\w]|\\Z)",
    "(?:to|until|for) (?:complete |full |radiographic )?(?:resolution|clearing)(?! of)",
    f"{_IS}not (?:nearly |quite |at all )?(?:as|so) (?:\\w{{1,14}} ){{0,2}}(?:{SEEN}|large|big|"
    "prominent|dense|extensive|marked|pronounced|severe|clear|well|apparent)",
    # What is not seen is where it ends: "NG tube, its tip not seen".
    rf"(?:tip|tips|end|distal (?:end|portion|aspect)|side-?(?:port|hole)s?|side (?:port|hole)s?)"
    rf"(?: of (?:the )?(?:\w{{1,14}} ){{0,2}}\w{{1,14}})?,? {_NOT_SEEN}",
    # "On the left, not the right": the finding is there, on the other side.
    r"not (?:on |in |at )?(?:the )?(?:right|left)(?=[,.;)]| (?:side|as|effusion|lung)|\Z)",
    r"non-\w{1,16}",
    "non (?:displaced|dilated|enlarged|specific|calcified|acute|obstructive|united)",
    "versus (?:the |a )?(?:most recent )?(?:prior|previous)",
    "(?:acute|subacute|old|chronic|new|recent|remote|healed) versus "
    "(?:acute|subacute|old|chronic|new|recent|remote|healed)",
    "no (?:doubt|question)",
    "not (?:entirely |completely |fully |quite |wholly )?(?:free|clear|devoid) (?:of|from)",
    "not without",
    "(?:has|have|did|does) not(?=[.;]|\\Z)",
    f"{_IS}not (?:well|fully|completely|entirely|optimally|adequately) (?:{SEEN})",
    "(?:has|have) (?:\\w{1,14} ){0,2}(?:cleared|resolved)(?: up)? (?:except|apart from|other than|"
    "save|but for)",
    r"(?:neither|nor)(?=(?: (?!(?:and|but|while)\b)[\w'\u2019-]{1,24}){1,10} "
    rf"(?:has|have|had|is|are|was|were) {_YET}{{0,2}}(?:changed|different|increased|decreased|"
    r"improved|worsened|progressed|grown|diminished|regressed|larger|smaller|worse|better|bigger|"
    r"resolved|resolving|cleared|clearing|disappeared|gone)"
    r"(?!\w))",
)
"""Contain "no", "not" or "resolved" but deny nothing (pseudo-negation)."""

NOTHING_ELSE = (
    "not only",
    "no further",
    "no prior",
    "(?:evaluate|assess|characteri[sz]e|confirm|clarify|investigate) (?:this|these|the) "
    "(?:\\w{1,14} )?(?:findings?|abnormalit(?:y|ies)|changes?|process)",
    "not necessarily",
    "(?:ct|mri?|follow-?up|imaging|radiographs?|films?|views?|correlation|evaluation|biopsy|"
    "bronchoscopy|ultrasound)(?: \\w{1,14}){0,3} suggested"
    "(?= (?:for|of|to|as|in|if)(?!\\w)|[^\\w\\s]|\\Z)",
    "(?:ngt|ogt|ng tube|(?:chest|feeding|enteric|nasogastric|endotracheal) tube|picc|central line|"
    "drain) (?:placement )?(?:is |are )?(?:recommended|advised)",
    "no comparisons?",
    "no previous",
)
"""Deny nothing, and say nothing of the image either."""

_EARLIER = (
    "(?:prior|previous|earlier|preceding|old|older|comparison|outside|last|baseline|initial|first|"
    r"admission|pre-?(?:op|operative|procedure)|morning['\u2019]s|morning|overnight|evening|"
    r"yesterday['\u2019]s|yesterday|night['\u2019]s|"
    r"(?:\d{1,2}(?::\d\d)? ?(?:am|pm|a\.m\.|p\.m\.|hrs?|h))|"
    r"\d{4} (?:hrs?|hours))"
)
# A radiograph is read on the day it is made: a date is that of an earlier one.
_DATE = (
    r"(?:\d{1,4}[/.-]\d{1,2}(?:[/.-]\d{2,4})?(?! ?[cm]m)|(?:19|20)\d\d|(?:\d{1,2} )?"
    r"(?:january|february|march|april|june|july|august|september|october|november|december|may \d)"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day)"
)
NEW_SINCE = (
    f"{_NOT_SEEN} (?:\\w{{1,14}} )?(?:on|in|at|during|by) "
    f"(?:(?:the|a|an|any|her|his|their|that|this|most|immediate|immediately|recent) ){{0,3}}"
    f"(?:{_EARLIER}|{_DATE})",
    f"{_NOT_SEEN} (?:previously|before|earlier|yesterday|formerly)",
    rf"{_NOT_SEEN} (?:\\w{{1,14}} )?(?:\\d{{1,2}}|one|two|three|several|a few|a) "
    "(?:hours?|days?|weeks?|months?|years?) (?:ago|earlier|before|prior)",
    f"{_NOT_SEEN} (?:on|in) (?:the |a )?(?:study|exam|examination|film|radiograph|image|ct) "
    r"(?:of|from|dated|performed|\d)",
    f"{_IS}(?:not|never) (?:previously|formerly|before) (?:seen|present|visible|noted|described|"
    "identified|visuali[sz]ed|demonstrated|apparent|evident|there|reported)",
    f"{_IS}absent (?:on|in) (?:(?:the|most|recent) ){{0,3}}(?:{_EARLIER}|{_DATE})",
)
"""Not there on an earlier film: so it is new, and it is there."""
