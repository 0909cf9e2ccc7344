"""Tables of words that say whether a finding is there: negation, doubt, normality and more."""

from explorer.text._seen import SEEN

DOUBT_BEFORE = (
    "(?:may|might|could) (?:well |also )?be (?:secondary|due|related|attributable|owing) to",
    "(?:can|could|may|might) (?:also |well |easily )?be (?:seen (?:with|in)|seen in the setting of|"
    "a (?:sign|manifestation) of|consistent with|compatible with|on the basis of)",
    "no (?:evidence|findings?|argument) against",
    "maybe",
    "may (?:well )?(?:represent|reflect|be|indicate|suggest|relate)",
    "may",
    "might(?: represent| reflect| be)?",
    "could (?:represent|reflect|be|indicate|relate)",
    "could",
    "can represent",
    "possib(?:le|ly|ility of)",
    "prob(?:able|ably)",
    "likely",
    "presum(?:ed|ably|ptive)",
    "suspicious for",
    "suspicion (?:of|for)",
    "suspected",
    "suspect",
    "suggest(?:s|ed|ive of|ing|ion of)?",
    "concern(?:ing)? for",
    "worrisome for",
    "worry for",
    "question(?:able)?(?: of)?",
    "equivocal",
    "borderline",
    "apparent",
    "differential (?:includes|diagnosis|considerations include)",
    "cannot (?:entirely |completely )?(?:exclude|rule out)",
    "can ?not (?:entirely |completely )?be excluded",
    "can't exclude",
    "unable to (?:exclude|rule out)",
    "not (?:entirely |completely |definitely )?(?:exclude|rule out)",
    "without excluding",
    "(?:to )?(?:exclude|rule out)",
    "r/o",
    "query",
    r"consider(?:ations? of)?(?! (?:\w{1,14} ){0,4}(?:ct|mri|mr|pet|radiographs?|films?|views?|"
    "imaging|series|evaluation|follow-?up|followup|ultrasound|examination|technique))",
    "(?:something|features|appearances?|signs) (?:that )?(?:to )?suggests?",
    "rais(?:es?|ed|ing) (?:the )?(?:question|possibility|concern)(?: of| for)?",
    "perhaps",
    "wonder(?:s|ing)? (?:about|if|whether)",
    "either(?= (?:[\\w'-]{1,20} ){1,8}or(?!\\w))(?! (?:sides?|lungs?|hemithorax|of|base|apex|"
    "costophrenic|cp|way|end))",
    "(?:unclear|uncertain|unknown|indeterminate|not clear|not certain) (?:as to )?(?:whether|if)"
    "(?: there (?:is|are|was|were))?",
    "doubtful (?:that|whether|if)",
    "doubt",
    "(?:favou?rs?|favou?ring)",
    "not (?:entirely |completely |definitely )?excluded (?:is|are)",
    "potential(?:ly)?",
    "would be consistent with",
    "if there is",
    "upper limits? of normal",
)
"""Put what follows in doubt."""

_NOT_SEEN = f"(?:(?:is|are|was|were) )?not (?:\\w{{1,14}}ly )?(?:{SEEN})"
DOUBT_AFTER = (
    "(?:is|are) (?:also |still )?(?:possible|suspected|questioned|questionable|likely|probable|"
    "equivocal|doubtful(?! (?:that|whether|if))|in question)",
    "(?:(?:is|are|was|were|has been|have been) )?not (?:entirely |completely |fully |definitely |"
    "been )?(?:excluded|ruled out)(?! (?:is|are) )",
    "(?:cannot|can not|could not|can't) (?:entirely |completely |definitely )?be "
    "(?:entirely |completely |definitely )?(?:excluded|ruled out)",
    "(?:is|are|remains?|would be|could be) (?:also )?(?:an? |the |one |another |in the |on the |"
    "under |within the |part of the )?(?:additional |main |leading |other |further |top |only |"
    "strong |distinct |remote |primary |alternative |diagnostic )?"
    "(?:considerations?|possibilit(?:y|ies)|concerns?|differential|alternatives?)",
    "(?:should|could|can|may|might|must|would|needs? to|has to|have to|to) (?:also |still )?"
    "be (?:strongly |also )?(?:considered|entertained|excluded|ruled out)",
    "(?:may|might|could) (?:also |well |easily |still )?be (?:present|seen(?! (?:with|in))|"
    "there|missed|hidden|obscured|overlooked|masked|concealed)",
    "(?:can|could|may|might|would) (?:also |well |partly |partially )?(?:account for|explain|cause|"
    "produce|mimic|simulate)",
    "(?:is|are|was|were) (?:\\w{1,14} ){0,1}favou?red(?! over)",
    "(?:may|might|could) (?:also |well |still )?(?:persist|exist|remain)",
    "(?:would|could|may|might|can) (?:also |easily |well )?be (?:hard|difficult|impossible|easy) "
    "to (?:see|detect|appreciate|identify|miss|overlook)",
    "(?:cannot|can not|could not) be (?:\\w{1,14}ly )?confirmed",
    f"{_NOT_SEEN},? (?:but|though|although|yet)(?: it| this)? (?:cannot|can not|could not|not) "
    "(?:entirely |completely |fully |definitely )?(?:be )?(?:entirely |completely )?"
    "(?:excluded|ruled out)",
)
"""Put what stands before in doubt."""

DENIAL_BEFORE = (
    "no",
    "none",
    "nil",
    "nothing",
    "not",
    "without",
    "w/o",
    "neg(?:ative)? for",
    "ve for",
    "devoid of",
    "(?:simulat|mimick?)(?:es?|ed|s|ing)",
    "absence of",
    "absent",
    "lack of",
    "(?:very )?(?:little|scant|hardly any) (?:to suggest|evidence (?:of|for|to suggest))",
    "free (?:of|from)",
    "clear of",
    "neither",
    "nor",
    "never",
    "denies",
    "(?:interval |complete )?(?:resolution|disappearance|clearance) of",
    "resolved",
    "clearing of",
    "removal of",
    "rather than",
    "(?:argues?|speaks?|militates?|mitigates?|evidence) (?:strongly )?against",
    "fails? to (?:show|demonstrate|reveal)",
    "failed to (?:show|demonstrate|reveal)",
    "rules? out",
    "ruled out",
    "excludes",
    "unlikely to (?:be|represent|reflect|indicate|suggest)",
    "unlikely that",
    "isn't",
    "aren't",
    "doesn't",
    "cannot (?:be )?(?:seen|identif(?:y|ied)|see)",
)
"""Deny what follows."""

_ALL = (
    "(?:(?:since|now|completely|entirely|fully|totally|also|subsequently|essentially|all|both|"
    "effectively|reliably|confidently|thereby|therefore|thus|"
    "been) ){0,3}"
)
DENIAL_AFTER = (
    "(?:is|are|was|were|has been|have been) (?:no longer|not) "
    f"(?:\\w{{1,14}} ){{0,2}}(?:{SEEN}|suspected|suggested|definite)",
    f"(?:cannot|can not|can no longer) be (?:\\w{{1,14}}ly )?(?:{SEEN})",
    "no longer (?:persists?|exists?|shows?)",
    f"no longer (?:\\w{{1,14}} ){{0,1}}(?:{SEEN})",
    f"not (?:\\w{{1,14}}ly )?(?:{SEEN})",
    "(?:is|are) absent",
    "(?:is|are) (?:radiographically )?occult",
    f"(?:has|have|had) {_ALL}(?:resolved|cleared|disappeared|vanished|gone|come and gone)",
    f"(?:is|are|was|were) {_ALL}(?:ruled out|excluded|resolved|gone|negative(?! for)|"
    "clear(?! (?:of|from)))",
    "(?:interval |complete )?(?:resolution|disappearance)(?! of)",
    f"(?:has|have) been {_ALL}(?:removed|excluded|ruled out|resolved|discontinued|explanted|"
    "taken out|pulled(?! (?:back|up))|d/c['\u2019]?d)",
    "(?:is|are) (?:now )?out(?! of)",
    "excluded (?:by|on|with)",
    "(?:(?:was|were|has been|have been) )?(?:removed|withdrawn)",
    "resolved",
)
"""Deny what stands before."""

UNLIKELY = ("(?:highly |very |felt |considered )?unlikely(?! that)",)
"""Denies what it stands beside."""

_IF_ANY = "if (?:any|present|real|true|at all)(?=[,.;]| (?:is|are)(?!\\w)|\\Z)"
LESS_LIKELY = (
    "(?:much )?less likely(?! than)",
    "doubtful(?! (?:that|whether|if))",
    _IF_ANY,
    "(?:difficult|hard|impossible) to (?:completely |entirely |definitely )?(?:exclude|rule out)",
)
"""Puts what it stands beside in doubt."""

IN_THE_RIGHT_SETTING = (
    "in (?:the|a|an) (?:\\w{1,14} ){0,2}(?:appropriate|proper|correct|right|suitable) "
    "(?:clinical )?(?:setting|context|circumstances)",
    "in (?:the|a|an) (?:appropriate|proper|correct|right|suitable) (?:clinical )?"
    "(?:setting|context|circumstances|scenario)",
)
"""Puts the finding next to it in doubt."""

VERSUS = ("versus", r"vs\.?", "(?:(?:is|are) )?favou?red over", "less likely than")
"""Puts its two neighbours in doubt: one of them is there, neither for sure."""

NOT_SAID_BEFORE = (
    f"(?!{_IF_ANY})if(?: there (?:is|are|was))?",
    "(?:to )?(?:further |better )?(?:evaluat(?:e|ion)|assess|assessment|look|check|screen) "
    "for(?: the)?",
    "(?:for|to) (?:further )?(?:evaluat(?:e|ion of)|assess(?:ment of)?) (?:possible|any|potential)",
    "(?:to )?(?:ensure|document|confirm|assess|verify|demonstrate|establish|monitor|until)"
    "(?: for)? (?:complete |full |interval )?"
    "(?:resolution|clearing|clearance|stability|improvement)(?: of)?",
    "correlat(?:e|ion)(?: is| are)?(?: clinical(?:ly)?)? (?:for|with|to)"
    "(?! (?:the|this|these) (?!presence|possibility|clinical|exclusion))",
    "(?:(?:past|prior|previous|known|clinical) )?(?:history|hx) of",
    "h/o",
)
"""Name a question, not an answer: nothing is said of what follows."""

NOT_SAID_AFTER = (
    "(?:may|might|could|would) not be (?:\\w{1,14} )?(?:seen|demonstrated|visible|apparent|shown|"
    "detected|evident|identified)",
    "(?:cannot|can not|could not) be (?:\\w{1,14} )?(?:assessed|evaluated|judged)",
    "(?:may|might|could|would|will) be (?:better|best) (?:assessed|evaluated|seen|characteri[sz]ed|"
    "demonstrated|shown|visuali[sz]ed)",
)
"""Nothing is said of what stands before."""

SCOPE_END = (
    "but",
    "however",
    "although",
    "though",
    "except(?: for)?",
    "with the (?:sole |single |possible )?exception of",
    "aside from",
    "apart from",
    "other than",
    "besides",
    "despite",
    "in spite of",
    "notwithstanding",
    "in (?:place|situ)(?! of)",
    "yet",
    "which",
    "while",
    "whereas",
    "otherwise",
    "nevertheless",
    "there (?:is|are|has|have|was|were|remains?)",
    "and (?:the|a|an|there|stable|unchanged|mild|small|moderate|persistent)",
    "in (?:a|this|the) (?:patient|setting)",
    "secondary to",
    "due to",
    "superimposed on",
    "positive for",
    "and (?:interval )?(?:placement|insertion|development|appearance) of",
    "given",
    "to (?:suggest|indicate|account for|explain)",
)
"""End the reach of a denial or doubt. "to suggest" continues it and is handled in code."""

NORMAL = (
    "normal(?:ly)?",
    "within (?:the )?(?:normal )?limits?(?: of normal)?",
    "wnl",
    "unremarkable",
    "clear(?:ed)?",
    "negative",
    "intact",
    "midline",
    "sharp",
    "preserved",
    "patent",
    "benign",
    "well[-\\s](?:expanded|aerated|inflated|ventilated|defined|maintained|seen)",
    "(?:fully|symmetrically|adequately) (?:expanded|aerated|inflated)",
    "maintained",
    "symmetric(?:al)?",
    "re-?(?:expanded|aerated|inflated)",
    "nonenlarged",
    "non-enlarged",
    "nondilated",
    "average",
    "healthy",
    "(?:top|upper|high|low)(?: |-)normal",
    "not remarkable",
    "good (?:inspiration|expansion|aeration)",
    "satisfactory",
    "appropriate",
)
"""State that a structure is as it should be."""

ABNORMAL = (
    "abnormalit(?:y|ies)",
    "abnormal",
    "(?:acute|active|significant|new|focal|interstitial|lung|pulmonary|cardiopulmonary|chronic) "
    "(?:\\w{1,15} )?(?:process(?:es)?|diseases?|findings?|pathology|changes?)",
    "diseases?",
    "process(?:es)?",
    "pathology",
    "complications?",
    # "Findings may represent edema" says nothing but the edema.
    "findings?(?! (?:may|might|could|suggest|rais(?:e|es|ed|ing)|represent|"
    "(?:(?:are|is|were|was) )?(?:not |in|most |more |less )?(?:suspicious|concerning|suggestive|"
    "unlikely|likely|compatible|consistent|typical|characteristic|diagnostic|indicative)))",
    "enlarge(?:d|ment)",
    "enlarging",
    "patchy (?:changes?|shadowing)",
    "failure(?! (?:to|of)(?!\\w))",
    "widen(?:ed|ing)",
    "prominen(?:t|ce)",
    "elevat(?:ed|ion)",
    "blunt(?:ed|ing)",
    "deform(?:ity|ities|ed)",
    "displac(?:ed|ement)",
    "deviat(?:ed|ion)",
    "shift(?:ed)?",
    "thicken(?:ed|ing)",
    "obscur(?:ed|ation)",
    "asymmetr(?:y|ic)",
    "lucenc(?:y|ies)",
    "distortion",
    "distended|distention|distension",
    "injur(?:y|ies)",
    "trauma(?:tic)?",
    "fluid",
    "hemorrhage",
    "infection",
    "embol(?:ism|us|i)",
    "inflammation",
    "sequelae?",
    "air-fluid levels?",
    "lobulated|lobulation",
    "tenting",
    "defects?",
    "irregularit(?:y|ies)",
    "(?:cortical |osseous )?disrupt(?:ion|ions|ed)",
    "excavatum",
    "carinatum",
    "gas",
    "large",
    "low",
    "increased",
    "decreased",
)
"""Words for something wrong beyond the table of findings; targets of denial and doubt."""

UNCHANGED = (
    "unchanged",
    "stable",
    "(?:similar|same)(?: (?:in|to))?(?: appearance)?",
    "no (?:\\w{1,14} ){0,3}changes?",
    "improve(?:d|ment)?",
    "worse(?:ned|ning)?",
)
"""Only a comparison when no structure and no finding is named."""
