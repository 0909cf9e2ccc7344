"""Tables of words that say whether a finding is there: negation, doubt, normality and more."""

NO_CHANGE = (
    "no (?:significant |interval |definite |appreciable |substantial )"
    "{0,3}(?:change|changes|difference)",
    "not (?:significantly |substantially |appreciably |much )?(?:changed|different)",
    "without (?:significant |interval |appreciable )?change",
    "without interval change",
    "no (?:significant )?increase",
    "no (?:significant )?(?:decrease|improvement)",
    "not only",
    "no further",
    "no prior",
    "not necessarily",
    "no comparisons?",
    "no previous",
)
"""Contain "no" or "not" but deny nothing (pseudo-negation)."""

DOUBT_BEFORE = (
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
    "(?:it (?:is|remains) )?difficult to (?:exclude|rule out)",
    "not exclude",
    "versus",
    r"vs\.?",
    "evaluate for",
    "evaluation for",
    "rule out",
    "raises? (?:the )?(?:question|possibility|concern)(?: of| for)?",
    "perhaps",
    "potential(?:ly)?",
    "would be consistent with",
    "if there is",
    "upper limits? of normal",
)
"""Put what follows in doubt."""

DOUBT_AFTER = (
    "(?:is|are) (?:possible|suspected|questioned|questionable|likely|probable|not excluded)",
    "not (?:entirely |completely )?excluded",
    "(?:cannot|can not|could not|can't) (?:entirely |completely |definitely )?be "
    "(?:entirely |completely |definitely )?(?:excluded|ruled out)",
    "(?:is|are) difficult to exclude",
    "(?:is|are|remains?|would be) (?:a )?(?:considerations?|possibilit(?:y|ies)|concerns?)",
    "(?:may|might|could) (?:also |well )?be (?:present|seen|there)",
    "less likely",
    "not excluded",
)
"""Put what stands before in doubt."""

DENIAL_BEFORE = (
    "no",
    "not",
    "non",
    "without",
    "w/o",
    "negative for",
    "absence of",
    "absent",
    "lack of",
    "free (?:of|from)",
    "clear of",
    "neither",
    "nor",
    "never",
    "denies",
    "(?:interval |complete |near )?resolution of",
    "resolved",
    "clearing of",
    "removal of",
    "rather than",
    "fails? to (?:show|demonstrate|reveal)",
    "failed to (?:show|demonstrate|reveal)",
    "rules? out",
    "ruled out",
    "excludes",
    "isn't",
    "aren't",
    "doesn't",
    "cannot (?:be )?(?:seen|identif(?:y|ied)|see)",
)
"""Deny what follows."""

DENIAL_AFTER = (
    "(?:is|are|was|were|has been|have been) (?:no longer|not) "
    "(?:\\w{1,14} ){0,2}(?:seen|identified|visuali[sz]ed|present|demonstrated|appreciated|"
    "evident|noted|detected|observed|apparent|suspected|suggested|found|visible|definite)",
    "no longer (?:\\w{1,14} ){0,1}(?:seen|identified|visuali[sz]ed|present|demonstrated|"
    "appreciated|evident|noted|visible|apparent)",
    "not (?:seen|identified|visuali[sz]ed|present|demonstrated|appreciated|evident|noted|detected|"
    "visible)",
    "(?:is|are) absent",
    "(?:has|have) (?:\\w{1,14} )?(?:resolved|cleared|disappeared)",
    "(?:interval |complete |near )?resolution(?! of)",
    "(?:is|are) (?:unlikely|ruled out|excluded|resolved|negative(?! for)|clear(?! (?:of|from)))",
    "unlikely",
    "(?:has|have) been (?:\\w{1,14} )?(?:removed|excluded|ruled out|resolved)",
    "(?:was|were) removed",
    "resolved",
)
"""Deny what stands before."""

SCOPE_END = (
    "but",
    "however",
    "although",
    "though",
    "except(?: for)?",
    "aside from",
    "apart from",
    "other than",
    "besides",
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
    "nonenlarged",
    "non-enlarged",
    "nondilated",
    "average",
    "healthy",
    "top normal",
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
    "findings?",
    "enlarge(?:d|ment)",
    "enlarging",
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
    "inflammation",
    "sequelae?",
    "air-fluid levels?",
    "excavatum",
    "carinatum",
    "gas",
    "large",
    "low",
    "increased",
    "decreased",
)
"""Words for something wrong beyond the table of findings; targets of denial and doubt."""

RECOMMENDATION = (
    "recommend(?:s|ed|ing|ation|ations)?",
    "(?:is|are|be|may be|would be) (?:suggested|advised|helpful|useful|beneficial|warranted|"
    "indicated|obtained|considered|needed|required)(?! by)",
    "suggest(?:ed)? (?:follow-?up|repeat|correlation|ct|further|clinical|dedicated|comparison)",
    "follow-?up (?:\\w{1,14} ){0,4}(?:suggested|advised|recommended)",
    "(?:consider|advise|obtain|request|suggest|please|would) (?:\\w{1,14} ){0,2}(?:ct|mri|mr|"
    "follow-?up|ultrasound|dedicated|radiographs?|films?|views?|imaging|correlat\\w{1,4}|repeat|obtain\\w{0,3}|"
    "evaluation|tomography|examination|pet)",
    "(?:clinical(?:ly)? )?correlat(?:e|ion)(?: is)?(?: clinically)?(?: with| for| to)?",
    "(?:ct|mri|follow-?up|attention|further (?:evaluation|imaging|workup|work-up|"
    "characterization)) (?:\\w{1,14} ){0,6}(?:suggested|advised|recommended|"
    "helpful|indicated|warranted|useful)",
    "attention on follow-?up",
    "follow-?up (?:to|until|is|with|in|after|for)",
    "follow(?:ing)? up",
    "if (?:clinically|symptoms|there is clinical|clinical|indicated|further|needed)",
    "as clinically (?:indicated|warranted|needed)",
)
"""What should be done next: says nothing about this image."""

COMMUNICATION = (
    "(?:discussed|communicated|reviewed|relayed|conveyed|telephoned|called|reported) "
    "(?:with|to|by|via|at|over|on)",
    "(?:was|were|been) (?:\\w{1,14} )?(?:discussed|communicated|notified|informed|paged|contacted|"
    "telephoned|called|relayed|conveyed|dictated|signed|transcribed|flagged)",
    "by (?:tele)?phone",
    "telephone(?:d)?",
    "(?:dr|drs)\\.?",
    "critical results?",
    "results? (?:notification|communication)",
    "notified",
    "electronically signed",
    "dictated",
    "i have (?:personally )?reviewed",
    "i,? the (?:attending|teaching)",
    "read back",
    "emergency (?:department|room) physician",
    "verbal(?:ly)?",
    "entered into",
    "radiology (?:staff|resident|department)",
    "thank you",
    "please (?:see|refer|note|call|contact)",
)
"""Who was told, who signed."""

LIMITATION = (
    "(?:evaluation|assessment|visuali[sz]ation) (?:of|for) (?:\\w{1,14} ){1,6}"
    "(?:is|are|was) (?:\\w{1,14} ){0,2}limited",
    "(?:cannot|can not) be (?:\\w{1,14} )?(?:assessed|evaluated)",
)
"""What could not be judged."""

TECHNIQUE = (
    "(?:(?:pa|ap|frontal|lateral|single|portable|upright|two|2|three|3|four|semi-?upright|supine|"
    "semi-?erect|erect|posteroanterior|anteroposterior|oblique|additional|chest|1|one)[\\s,-]{1,3}"
    "(?:and |& )?){1,6}"
    "(?:views?|projections?|radiographs?|films?|images?|examinations?|chest)"
    "(?: of (?:the )?chest)?",
    "(?:pa|ap|frontal) and lateral",
    "(?:two|2|three|3|single|one|1|four)[\\s-]views?",
    "views? of (?:the )?chest",
    "chest radiographs?",
    "(?:were|was|are|is) (?:obtained|performed|submitted|acquired|provided|presented|received)",
    "(?:compared?|comparison) (?:is made |was made |made )?(?:to|with)",
    "in comparison(?: to| with)?",
    "comparison",
    "prior (?:\\w{1,14} )?(?:exam|study|examination|radiograph|film)s?",
    "(?:exam|examination|study|evaluation|assessment|views?|image) (?:is|are|was) "
    "(?:\\w{1,14} ){0,2}(?:limited|rotated|degraded|suboptimal|of (?:poor|good))",
    "(?:limited|suboptimal) (?:\\w{1,14} ){0,2}(?:exam|examination|study|evaluation|assessment|"
    "views?|inspiration|radiographs?)",
    "technique",
    "patient (?:is|was) (?:\\w{1,14} )?rotated",
    "(?:motion|patient) (?:artifact|rotation)",
    "(?:body habitus|obese)",
    "history of",
    "kub",
    "year[\\s-]old",
    "please",
)
"""How the images were made, their quality, and what they are compared with."""

UNCHANGED = (
    "unchanged",
    "stable",
    "(?:similar|same)(?: (?:in|to))?(?: appearance)?",
    "no (?:\\w{1,14} ){0,3}changes?",
)
"""Only a comparison when no structure and no finding is named."""
