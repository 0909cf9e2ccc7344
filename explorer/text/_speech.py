"""Tables of words about the examination and not the image: advice, people, limits, technique."""

RECOMMENDATION = (
    "recommend(?:s|ed|ing|ation|ations)?",
    "(?:is|are|be|may be|would be) (?:suggested|advised|helpful|useful|beneficial|warranted|"
    "indicated|obtained|considered|needed|required)(?! by)",
    "suggest(?:ed)? (?:follow-?up|repeat|correlation|ct|further|clinical|dedicated|comparison)",
    "follow-?up (?:\\w{1,14} ){0,4}(?:suggested|advised|recommended)",
    "(?:consider|advise|obtain|request|suggest|please|would) (?:\\w{1,14} ){0,2}(?:ct|mri|mr|"
    "follow-?up|ultrasound|dedicated|radiographs?|films?|views?|imaging|correlat\\w{1,4}|repeat|obtain\\w{0,3}|"
    "evaluation|tomography|examination|pet)",
    "(?:clinical(?:ly)? )?correlat(?:e|ion)(?! is seen| on)(?: is)?(?: clinically)?"
    "(?: with| for| to)?",
    "(?:ct|mri|mr|pet|views?|films?|radiographs?) (?:\\w{1,14} ){0,5}(?:may|would|could) be",
    "(?:ct|mri|follow-?up|attention|further (?:evaluation|imaging|workup|work-up|"
    "characterization)) (?:\\w{1,14} ){0,6}(?:suggested|advised|recommended|"
    "helpful|indicated|warranted|useful)",
    "attention on follow-?up",
    "further (?:evaluation|assessment|characteri[sz]ation) (?:\\w{1,14} )?(?:requires?|would|will)",
    "follow-?up (?:to|until|is|with|in|after|for)",
    "follow(?:ing)? up",
    "if (?:clinically|symptoms|there is clinical|clinical|indicated|further|needed)",
    "repeat (?:in|after|when|if|following|(?:\\w{1,14} ){0,2}(?:films?|views?|radiographs?|imaging|"
    "exam|examination|study|cxr|x-?rays?))",
    "as clinically (?:indicated|warranted|needed)",
)
"""What should be done next: says nothing about this image."""

COMMUNICATION = (
    "(?:discussed|communicated|reviewed|relayed|conveyed|telephoned|called|reported) "
    "(?:with|to|by|via|at|over|on)",
    "(?:was|were|been) (?:\\w{1,14} )?(?:discussed|communicated|notified|informed|paged|contacted|"
    "telephoned|called|relayed|conveyed|dictated|signed|transcribed|flagged)",
    "(?:messages?|voicemails?|word) (?:was |were )?left",
    "left (?:a |the )?(?:messages?|voicemails?|word)",
    "paged",
    "(?:was|were) (?:faxed|shielded|e-?mailed)",
    "(?:message|page|alert|notification) (?:was |were )?sent",
    "(?:certified|attending|staff) radiologist",
    "opportunity to (?:assist|participate)",
    "end of (?:the )?report",
    "by (?:tele)?phone",
    "telephone(?:d)?",
    "(?:dr|drs)\\.?",
    "m\\.d",
    "critical results?",
    "results? (?:notification|communication)",
    "notified",
    "electronically signed",
    "dictat(?:ed|ion)",
    "(?:was|were|is|been) (?:\\w{1,14} )?ordered",
    "(?:results?|findings?) (?:were |was |have been )?(?:called|phoned|discussed|given)",
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
    "(?:is|are) (?:partially |partly )?(?:excluded|cut off|clipped|not included)"
    "(?: (?:on|from|by) (?:the )?(?:image|field|film|view|exam|study|radiograph))?",
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
    "(?:limited|sub-?optimal|under-?penetrated|over-?exposed) (?:\\w{1,14} ){0,2}(?:exam|"
    "examination|study|evaluation|assessment|views?|inspiration|radiographs?|films?|images?|quality|technique|"
    "positioning)",
    "(?:exam|examination|study|evaluation|assessment) (?:\\w{1,14} )?limited",
    "(?:available|submitted) (?:[\\w,]{1,14} ){0,3}for (?:direct )?comparison",
    "technique",
    "(?:films?|exam|examination|study|radiographs?|images?|x-?rays?) (?:was |were |is )?"
    "(?:taken|obtained|performed|done|dated|timed|acquired|repeated)",
    "patient (?:is|was) (?:\\w{1,14} )?rotated",
    "(?:motion|patient) (?:artifact|rotation)",
    "(?:rotated|lordotic|repeat|repeated) (?:\\w{1,14} )?(?:exam|examination|study|views?|films?|"
    "radiographs?|images?)",
    "(?:\\w{1,14} ){0,2}total images?",
    "(?:available|submitted|presented|sent) (?:\\w{1,14} )?for (?:my |our )?interpretation",
    "(?:body habitus|obese)",
    "history of",
    "(?:ex|in)tubat(?:ed|ion)",
    "kub",
    "year[\\s-]old",
    "please",
)
"""How the images were made, their quality, and what they are compared with."""
