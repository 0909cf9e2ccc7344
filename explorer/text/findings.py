"""Names the findings that a phrase mentions, from a small table of synonyms."""

from functools import lru_cache

from explorer.text._patterns import CueTable

FINDINGS: dict[str, tuple[str, ...]] = {
    "pneumothorax": (
        r"(?:hydro)?pneumothora(?:x|xes|ces)",
        r"ptxs?",
        r"(?:air (?:in|within) (?:the )?pleural (?:space|cavity)|pleural air)",
    ),
    "pleural thickening": (
        r"(?:bi)?(?:pleural|apical|pleuroparenchymal|pleuro-parenchymal) (?:and parenchymal )?"
        r"(?:thickening|scarring|cap(?:s|ping)?|plaques?|reaction)",
        r"thickening of the pleura",
        r"thickened pleura",
    ),
    "pleural effusion": (
        r"(?:pl )?effs?",
        r"(?:hydropneumothora(?:x|ces)|hydrothorax|hemothorax)",
        r"(?:pleural |parapneumonic |subpulmonic |loculated )?effusions?",
        r"pleural (?:fluid|collections?|disease)",
        r"fluid (?:in|within) (?:the )?pleural (?:space|cavity)",
        r"(?:blunt(?:ing|ed)|obscur(?:ation|ed|ing)) (?:of )?(?:the )?(?:\w{1,12} ){0,3}"
        r"(?:costophrenic|cp) (?:\w{1,12} ){0,1}(?:angles?|sulc(?:us|i)|recess(?:es)?|XXXX)",
        r"(?:costophrenic|cp) (?:\w{1,12} ){0,2}blunting",
        r"(?:costophrenic|cp) (?:angles?|sulc(?:us|i)) (?:is|are) (?:\w{1,12} ){0,2}blunted",
    ),
    "atelectasis": (
        r"atx|atels?",
        r"atelecta(?:sis|ses|tic)(?: changes?)?",
        r"(?:lobar |segmental |lobe )?collapse[sd]?",
        r"volume loss",
        r"loss of (?:lung )?volume",
    ),
    "consolidation": (r"consol", r"consolidat(?:ion|ions|ive|ed)", r"air bronchograms?"),
    "pneumonia": (
        r"(?:broncho)?pneumoni(?:a|as|c)",
        r"pneumonitis",
        r"pna",
        r"infect\w{2,4} process",
    ),
    "infiltrate": (
        r"infils?",
        r"infiltrat(?:es?|ions?|ive)",
    ),
    "edema": (
        r"o?edema(?:tous)?",
        r"kerley(?: [ab])?(?: lines)?",
        r"(?:fluid|volume) overload",
        r"(?:congestive )?(?:heart|cardiac) failure",
        r"chf",
        r"cephalization",
    ),
    "vascular congestion": (
        r"(?:\w{1,12} )?(?:vascular|venous) (?:congestion|engorgement|prominence|redistribution)",
        r"congest(?:ion|ed|ive)(?: changes)?",
        r"(?:vascularity|vasculature|vessels?|vascular (?:markings|structures)) "
        r"(?:is|are|appears?) (?:\w{1,12} ){0,2}(?:prominent|engorged|congested|"
        r"increased|indistinct)",
        r"(?:prominence|engorgement) of (?:the )?(?:\w{1,12} ){0,2}"
        r"(?:vascularity|vasculature|vessels)",
        r"engorged",
    ),
    "cardiomegaly": (
        r"(?:borderline )?cardiomegaly",
        r"(?:enlarge(?:d|ment)|prominen(?:t|ce)|increased) (?:of )?(?:the )?(?:\w{1,12} ){0,2}"
        r"(?:heart|cardiac|cardiomediastinal)(?: (?:size|silhouette|contours?|shadow))?",
        r"(?:heart|cardiac)(?: (?:size|silhouette|contours?|shadow))? "
        r"(?:(?:is|are|appears?|remains?|size|to be|and|at|the|shadow) ){0,3}"
        r"(?:(?:again|still|not|now|stable|borderline|slightly|mildly|mild|moderately|moderate|"
        r"markedly|severely|massively|somewhat|significantly|chronically|top|also|quite|diffusely|"
        r"moderate-to-severely|upper|mild-to-moderately) ){0,3}"
        r"(?:enlarge(?:d|ment)|large|prominent|increased)",
        r"enlarged heart",
        r"(?:left|right)? ?(?:ventricular|atrial|biventricular|chamber) "
        r"(?:enlargement|hypertrophy|prominence)",
    ),
    "nodule": (
        r"(?:\w{0,8}nodul(?:es?|ar|arity)|nodular densit(?:y|ies)|nodular opacit(?:y|ies))",
    ),
    "granuloma": (r"granulom(?:as?|ata|atous)(?: (?:disease|changes?|calcifications?))?",),
    "mass": (
        r"mass(?:es|like|-like)?",
        r"tumou?rs?",
        r"neoplas(?:m|ms|tic|ia)",
        r"malignan(?:t|cy)",
        r"metasta(?:sis|ses|tic)",
        r"lesions?",
        r"carcinoma",
        r"lymphoma",
        r"sarcoma",
        r"(?:mycetoma|aspergilloma)s?",
    ),
    "emphysema": (
        r"(?:bullous |centrilobular )?emphysema(?:tous)?(?: changes?)?",
        r"copd",
        r"bull(?:a|ae|ous)(?: disease| changes)?",
        r"blebs?",
        r"chronic obstructive (?:pulmonary|lung|airways?) (?:disease|changes)",
    ),
    "hyperinflation": (
        r"(?:hyper|over)-?(?:inflat|expan|aerat|lucen)\w{0,6}",
        r"flatten(?:ed|ing)(?: of)?(?: the)?(?: \w{1,12}){0,2} (?:hemi)?diaphragms?",
        r"(?:hemi)?diaphragms? (?:is|are) (?:\w{1,12} ){0,2}flattened",
        r"air trapping",
        r"increased (?:ap|anteroposterior) diameter",
    ),
    "low lung volumes": (
        r"low(?:er)? (?:lung )?(?:volumes?|inspiratory effort)",
        r"lung volumes (?:are|is|remain) (?:\w{1,12} ){0,2}(?:low|diminished|decreased|reduced)",
        r"(?:hypo(?:inflat|ventilat|aerat|expan)\w{0,6}|underinflat\w{0,4})",
        r"(?:decreased|diminished|reduced|small|shallow) (?:lung volumes?|inspiration)",
    ),
    "fibrosis": (
        r"fibro(?:sis|tic|nodular|calcific)(?: changes?)?",
        r"honeycombing",
        r"scar(?:s|ring|red)?",
        r"(?:chronic )?interstitial (?:lung )?(?:disease|changes?|thickening|fibrosis|prominence)",
        r"(?:prominent|increased|coarse(?:ned)?|accentuated) (?:\w{1,12} ){0,2}"
        r"(?:interstitial|bronchovascular|interstitium|lung) ?(?:markings|opacities)?",
        r"interstitial (?:markings|opacities|pattern|infiltrates?|densities)",
        r"bronchiect(?:asis|atic)",
        r"reticul(?:ar|ation|onodular)(?: \w{1,12})?",
        r"(?:peri)?bronchial (?:wall )?(?:cuffing|thickening)",
    ),
    "opacity": (
        r"opacs?",
        r"(?:micro)?opacit(?:y|ies)",
        r"opacifi(?:ed|cations?)",
        r"(?:increased |ill-defined |patchy |streaky |bandlike )?densit(?:y|ies)",
        r"air-?space (?:diseases?|process|changes?)",
        r"air space (?:diseases?|process|changes?)",
        r"(?:haz(?:e|iness|y)|ground-?glass)",
        r"shadow(?:ing)",
        r"silhouett(?:ing|ed)",
        r"streak(?:s|y|ing)",
    ),
    "calcification": (
        r"calcifi(?:ed|cations?|c)",
        r"atheroscler(?:osis|otic)(?: \w{1,14})?",
        r"phleboliths?",
    ),
    "lymphadenopathy": (
        r"(?:lymph)?adenopathy",
        r"(?:enlarged|prominent) (?:lymph )?nodes?",
        r"(?:enlargement|fullness|prominence) of (?:the |both )?(?:\w{1,12} ){0,2}hil(?:um|a|i)",
        r"(?:hilar|mediastinal) (?:enlargement|fullness|prominence|widening|mass(?:es)?)",
        r"(?:widen(?:ed|ing)) (?:of )?(?:the )?(?:\w{1,12} )?mediastin(?:um|al)",
        r"mediastinum is (?:\w{1,12} )?widened",
        r"(?:prominent|enlarged|full) (?:\w{1,12} )?hil(?:um|a|us|ar)",
        r"hil(?:um|a|us|ar contours?) (?:is|are|appears?) (?:\w{1,12} ){0,2}"
        r"(?:prominent|enlarged|full)",
    ),
    "tortuous aorta": (
        r"(?:tortuo(?:us|sity)|ectas?i?(?:a|tic)|unfold(?:ed|ing)|uncoiled|dilat(?:ed|ation)|aneurysm"
        r"(?:al|s)?|elongated)(?: (?:of )?(?:the )?(?:\w{1,12} ){0,2}aorta)?",
        r"aort(?:a|ic) (?:\w{1,12} ){0,3}(?:tortuous|tortuosity|ectatic|ectasia|unfolded)",
    ),
    "hernia": (r"(?:hiatal |hiatus |diaphragmatic )?herni(?:a|as|ation)", r"eventration"),
    "elevated diaphragm": (
        r"(?:elevat(?:ed|ion)|raised) (?:of )?(?:the )?(?:\w{1,12} ){0,2}(?:hemi-?)?diaphragms?",
        r"(?:hemi-?)?diaphragms? (?:is|are|remains?) (?:\w{1,12} ){0,2}elevated",
        r"(?:hemi-?)?diaphragm(?:atic)? elevation",
    ),
    "free air": (
        r"free (?:intraperitoneal |subdiaphragmatic |abdominal )?air",
        r"pneumoperitoneum",
        r"pneumomediastinum",
        r"subcutaneous (?:air|gas|emphysema)",
    ),
    "fracture": (
        r"compression (?:of|at|in) (?:the )?(?:[tl]-?\d{1,2}|(?:\w{1,12} ){0,2}vertebra\w{0,2})",
        r"(?:[tl]-?\d{1,2}|vertebral)(?: vertebral)?(?: body)? (?:compression|height loss)",
        r"loss of (?:vertebral )?(?:body )?height",
        r"(?:micro)?fractur(?:es?|ed)",
        r"fxs?",
        r"compression deform(?:ity|ities)",
        r"wedging",
        r"dislocat(?:ion|ed|ions)",
        r"anterior wedge(?:d|s)?",
    ),
    "degenerative change": (
        r"degenerative (?:\w{1,12} ){0,2}(?:changes?|disease|disc|spondylosis|spurring)",
        r"degenerat(?:ive|ion)",
        r"spondyl(?:osis|itic)\w{0,12}",
        r"(?:osteo)?arthr(?:itis|itic|opathy|osis)(?: changes?)?",
        r"osteophyt(?:es?|ic|osis)",
        r"spur(?:s|ring)?",
        r"hypertrophic (?:changes?|spurring)",
        r"syndesmophytes?",
        r"dish",
    ),
    "spine curvature": (
        r"(?:kypho|levo|dextro)?scoliosis",
        r"scoliotic",
        r"kyphos?(?:is|tic)",
        r"(?:levo|dextro)curvature",
        r"curvature",
    ),
    "osteopenia": (r"osteopen(?:ia|ic)", r"osteoporo(?:sis|tic)", r"demineraliz(?:ed|ation)"),
    "cavity": (r"cavit(?:y|ies|ation|ary)", r"cysts?|cystic", r"abscess(?:es)?"),
    "tuberculosis": (r"tubercul(?:osis|ous)", r"tb"),
    "tube or line": (
        r"(?:endotracheal|tracheostomy|nasogastric|orogastric|enteric|feeding|chest|et|ng|og|ngt|ett|"
        r"dobbhoff|pigtail|drainage|thoracostomy|gastric) (?:tubes?|catheters?|drains?)",
        r"(?:ett|ngt|picc|port-?a-?cath|port-?o-?cath|mediport|infusaport|swan-?ganz)"
        r"(?: lines?| catheters?)?",
        r"(?:central|picc|ij|jugular|subclavian|dialysis|venous|hemodialysis|arterial) "
        r"(?:venous )?(?:lines?|catheters?|access)",
        r"(?:catheters?|lines? tip|tubes?|drains?|chest port|ports?|tracheostomy)",
    ),
    "pacemaker": (
        r"pace-?makers?",
        r"(?:cardiac |implantable )?defibrillators?",
        r"(?:aicd|icd|pacer)(?: leads?| device)?",
        r"(?:pacing|pacer|pacemaker) (?:wires?|leads?)",
        r"leads?",
        r"stimulators?",
        r"generator",
    ),
    "surgical material": (
        r"(?:surgical|cholecystectomy|vascular|hemo) ?clips?",
        r"clips?",
        r"(?:sternotomy|sternal) (?:wires?|sutures?|changes?|XXXX)",
        r"(?:median )?sternotom(?:y|ies)",
        r"sutures?",
        r"(?:staples?|staple lines?)",
        r"(?:stents?|prosthe(?:sis|ses|tic)\w{0,8}|(?:aortic|mitral|cardiac|artificial) valves?"
        r" replacements?|valve replacements?|hardware|screws?|anchors?|rods?|implants?)",
        r"(?:cabg|bypass|thoracotomy|mastectomy|lobectomy|pneumonectomy)(?: (?:changes?|grafts?))?",
        r"post-?(?:surgical|operative) (?:changes?|appearance)",
        r"spinal fusion|fusion hardware|arthroplasty",
    ),
    "foreign body": (
        r"foreign bod(?:y|ies)",
        r"shrapnel",
        r"bullet(?: fragments?)?",
        r"metallic (?:fragments?|densit(?:y|ies)|objects?|foreign bod(?:y|ies))",
    ),
}
"""Finding -> ways to say it, as cues of `CueTable`; the name is the glossary's word."""

_IDS = {name.replace(" ", "_"): name for name in FINDINGS}
_PATTERN = CueTable({identifier: FINDINGS[name] for identifier, name in _IDS.items()})


# A sentence is looked through for its targets, its phrase, its place among taught findings.
@lru_cache(maxsize=64)
def find_mentions(text: str) -> tuple[tuple[int, int, str], ...]:
    """(start, end, finding) of every mention in `text`, in order and not overlapping."""
    return tuple(
        (match.start(), match.end(), _IDS[str(match.lastgroup)])
        for match in _PATTERN.finditer(text)
    )


def mentions(phrase: str) -> tuple[str, ...]:
    """Findings that `phrase` mentions, in order of first mention, asserted or not.

    >>> mentions("Cardiomegaly with small bilateral effusions")
    ('cardiomegaly', 'pleural effusion')
    """
    return tuple(dict.fromkeys(finding for _, _, finding in find_mentions(phrase)))
