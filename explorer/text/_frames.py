"""Tables of what stands around a finding: change, doubt, earlier films, advice and people."""

from explorer.text._patterns import CueTable

_HOW = (
    "(?:(?:significant|interval|definite|appreciable|substantial|obvious|further|major|gross|"
    "marked|clear|evident|overall|convincing|radiographic|slight|mild|moderate|minimal|partial|"
    "complete|near|continued|new)(?:ly)?(?: |-)){0,3}"
)
_CHANGE = (
    "(?:change|increase|decrease|worsening|progression|enlargement|growth|improvement|reduction|"
    "resolution|clearing|regression|development|difference)s?"
)
_OF = (
    "(?: (?:in|of|to|for|from)(?: (?:the )?(?:size|extent|appearance|degree|amount|position|volume|"
    "severity|number)(?: and (?:extent|number|appearance))?(?: of| in)?)?)"
)
_THE = "(?: (?:the|a|an|this|these|those|any|known|previously (?:seen|noted|described)))*"

_EXAMINATION = "(?:ct|mri|mr|imaging|radiographs?|films?|views?|x-?rays?|follow-?up)"

# Frames of doubt around a finding that has a name of its own.
_DOUBTS = (
    "(?:these |the )?(?:findings?|appearances?|features) (?:(?:may|might|could|are|is|would be) )?"
    "(?:rais(?:e|es|ed|ing)|suggest|represent|reflect|compatible|consistent|suspicious|concerning|"
    rf"suggestive|worrisome|in keeping)(?: [\w-]{{1,14}}){{0,3}} (?:of|with|for){_THE}",
    f"(?:there |this |it )?(?:may|might|could) (?:well |also )?(?:be|represent|reflect){_THE}",
    f"(?:this |it )?(?:most |very )?(?:likely|probably) (?:represents?|reflects?){_THE}",
    f"(?:cannot|can not|could not|unable to|difficult to|hard to) (?:\\w{{1,14}}ly )?"
    f"(?:exclude|rule out){_THE}",
    f"not (?:\\w{{1,14}}ly )?(?:free|clear|devoid) (?:of|from){_THE}",
    f"(?:something|anything) to suggest{_THE}",
    "(?:with )?(?:convincing |good |strong |clear |some |definite |further |radiographic )?"
    f"(?:evidence|signs?|suggestion|suspicion|concern) (?:of|for){_THE}",
)
# What stands before a finding, with what may stand between it and the finding.
LEADS = CueTable(
    {
        "lead": (
            f"(?:there (?:is|are|has been|have been|was|were) )?(?:no|without|not any) {_HOW}"
            f"{_CHANGE}(?:(?: or|,|/| and) ?{_HOW}{_CHANGE})?{_OF}{_THE}",
            "(?:(?:there (?:is|are|has been|have been) )?(?:an? |the )?)?"
            f"{_HOW}{_CHANGE}{_OF}{_THE}",
            r"(?:as )?(?:compared?|comparison)(?: is made)? (?:to|with)[^,;:.]{1,80},",
            r"in comparison[^,;:.]{0,80},",
            r"since (?:the )?(?:prior|previous|last|earlier)[^,;:.]{0,80},",
            r"please (?:note|see)(?: is made)?(?: that| of)?(?: there (?:is|are))?",
            r"note is (?:again )?made of",
            r"in (?:the|an?) (?:\w{1,14} ){0,2}(?:setting|context)(?: of [^,;:.]{1,60})?,?",
            rf"(?:recommend|suggest|advise|consider)(?:ed)?(?: [\w-]{{1,14}}){{1,6}} "
            rf"(?:of|for|to (?:characterize|evaluate|assess|confirm|follow)){_THE}",
            rf"(?:\w{{1,14}} ){{0,3}}{_EXAMINATION}(?: [\w-]{{1,14}}){{0,3}} (?:recommended|"
            "advised|suggested|warranted) "
            rf"(?:of|for|to (?:characterize|evaluate|assess|follow)){_THE}",
            rf"(?:\w{{1,14}},? ){{0,6}}{_EXAMINATION}(?: of the chest)? "
            rf"(?:show|demonstrate|reveal)s?{_THE}",
            rf"(?:clinical )?correlation(?: \w{{1,14}}){{0,2}} (?:for|with|of){_THE}",
            rf"follow-?up(?: \w{{1,14}}){{0,3}} (?:of|for){_THE}",
            r"(?:(?:drs?\.?|the) )?(?:[\w.'\u2019-]{1,20} ){1,4}(?:was|were|has been|is|are) "
            r"(?:told|notified|informed|made aware|called|paged) "
            rf"(?:of|about|regarding|that){_THE}",
            r"(?:results?|findings?) (?:was|were|is|are|have been) "
            r"(?:called|discussed|communicated|conveyed|relayed)(?: [\w:.]{1,14}){0,6} "
            rf"(?:of|about|regarding|including){_THE}",
            *_DOUBTS,
            "there (?:is|are|has been|have been|remains?)(?: again| also| now| still)?"
            "(?: (?:an?|the))?",
            r"(?:the|an?|this)",
            r"again (?:seen|noted|demonstrated) (?:is|are)(?: (?:an?|the))?",
            "(?:unchanged|stable|persistent|unresolved|non-?resolving|resolving)"
            "(?: appearing| appearance of(?: the)?)?(?!,? (?:to|though|but|yet|and) )",
            "(?:partial|incomplete|near|almost|not yet|large|most)(?:ly)?"
            "(?: (?:complete|full)(?:ly)?)? "
            "(?:resolved|cleared|resolving|clearing)",
            "(?:stable|unchanged) to (?:\\w{1,14}ly )?(?:increased|decreased|improved|worse|"
            "worsened|larger|smaller)",
            "persistent,? (?:though|but|yet|and) (?:\\w{1,14}ly )?\\w{1,14}(?:ing|ed)",
            "(?:increasing|decreasing|improving|worsening|enlarging)",
            "(?:previously|again) (?:seen|noted|described|reported|queried|demonstrated|known)"
            f"(?! (?:is|are)(?!\\w)){_THE}",
            f"on (?:further|second|closer) (?:review|look|inspection),?{_THE}",
            "(?:except for|apart from|aside from|other than|with the (?:sole |possible )?exception "
            f"of){_THE}",
            "neither(?= (?:[\\w-]{1,20} ){1,4}(?:has|have) )",
            "(?:r/o|rule out|query|consider)",
        )
    }
)
# What stands after a finding, from where on nothing names it.
TAILS = CueTable(
    {
        "tail": (
            r"(?:which |that |and )?(?:(?:was|were|is|are|has been|have been) )?"
            r"(?:discussed|communicated|called|relayed|conveyed|telephoned|phoned|reported|notified)"
            r" (?:with|to|by|via|at|in|over)",
            r"(?:clinical(?:ly)? )?correlat(?:e|ion)",
            r"(?:please|i|we|would|with)? ?recommend(?:ed|ing|ation)?",
            r"(?:is|are|should be|would be) (?:recommended|advised|suggested|warranted)",
            r"follow-?up",
            r"(?:for )?which",
            r"in (?:the|an?) (?:\w{1,14} ){0,2}(?:clinical )?(?:setting|context)",
            r"(?:(?:is|are|was|were|has|have|remains?|appears?) )?(?:not )?(?:\w{1,14}ly )?"
            r"(?:unchanged|stable|changed|increased|decreased|improved|worsened|seen|visible|present|"
            r"resolved|cleared|new)? ?(?:as |when )?(?:since|compared (?:to|with)|in comparison|"
            r"on (?:the |a )?(?:prior|previous|earlier)|from (?:the )?(?:prior|previous|earlier))",
            r"(?:is|are|has|have|remains?)(?: \w{1,14}ly)?(?: not)?(?: been| yet)?(?: \w{1,14}ly)? "
            r"(?:unchanged|stable|changed|resolved|cleared|increased|decreased|improved|worsened|"
            r"progressed|enlarged|grown|larger|smaller)",
            r"(?:persists?|(?:has |have )?(?:fail(?:s|ed)|been slow|yet) to "
            r"(?:clear|resolve|improve))",
            r"(?<!not\s)(?<!longer\s)(?:(?:is|are|was|were) )?(?:again |now |also )?"
            r"(?:seen|noted|identified|demonstrated|visible|evident)(?=[.,;]|\Z)",
            r"(?:unchanged|stable)(?: in (?:size|position|appearance|extent))?(?=[.,;]|\Z)",
            r"(?:(?:is|are) )?(?:(?:slightly|much|somewhat|now|mildly) )?"
            r"(?:worse|better|larger|smaller|greater|less|more \w{1,14}) than",
            r"if (?:any|present|real)(?=[.,;]| is)",
            r"(?:now )?measur(?:es?|ing)",
            r"in (?:\d{1,2}|one|two|three|six)(?: to \d{1,2}|-\d{1,2})? (?:days?|weeks?|months?)",
            rf"shows? (?:no|only|an?) {_HOW}{_CHANGE}",
            r"(?:is|are) (?:most |very )?(?:likely|probably)",
            r"(?:may|might|could) (?:well |also )?"
            r"(?:represent|reflect|be (?:due|related|secondary))",
            r"(?:is|are|was|were|would be|may be) (?:difficult|hard|impossible) to "
            r"(?:exclude|rule out|see|detect|appreciate|identify)",
            r"is (?:also )?(?:an? )?(?:\w{1,14} )?(?:consideration|possibility|concern)",
            rf"without {_HOW}{_CHANGE}",
            r"(?:is|are) (?:a consideration|a possibility|in the differential|possible|suspected)",
            r"(?:is|are|can|could|should|must|may)(?: ?not)?(?: \w{1,14}ly)?(?: be)?"
            r"(?: \w{1,14}ly)? "
            r"(?:ruled out|excluded|considered)",
        )
    }
)
# Says of what is there that an earlier film did not show it; of what is denied, that it is.
UNSEEN = CueTable(
    {
        "unseen": (
            r"(?:(?:is|are|was|were) )?not (?:\w{1,14}ly )?(?:seen|present|visuali[sz]ed|visible|"
            "identified|there|noted|apparent|well seen|clearly seen)",
            r"absent (?:in|on)",
        )
    }
)
