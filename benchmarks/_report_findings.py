"""What `language_openi.py` asks for: the MeSH terms, mentions and plain prompts of findings."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from explorer.text import mentions

_NO = ("no {}", "no evidence of {}", "there is no {}")


@dataclass(frozen=True, slots=True)
class Asked:
    """One finding.

    Attributes:
        mesh: Pattern of the MeSH terms ("Aorta/tortuous") that name it.
        said: Names of `explorer.text` that a sentence about it mentions.
        names: Plain names, singular, without article.
        words: Pattern that such a sentence holds as well; "" asks for nothing more.
    """

    mesh: str
    said: frozenset[str]
    names: tuple[str, ...]
    words: str = ""

    @property
    def present(self) -> tuple[str, ...]:
        """Prompts that say it is there."""
        return tuple(form.format(name) for name in self.names for form in ("{}", "there is {}"))

    @property
    def absent(self) -> tuple[str, ...]:
        """Prompts that deny it."""
        return tuple(form.format(name) for name in self.names for form in _NO)


def _asked(mesh: str, said: str, *names: str, words: str = "") -> Asked:
    return Asked(mesh, frozenset(said.split("|")), names, words)


ASKED: dict[str, Asked] = {
    "aortic_tortuosity": _asked(
        r"Aorta(?:, Thoracic)?/.*\b(?:tortuous|enlarged)",
        "tortuous aorta",
        "tortuous aorta",
        "ectatic thoracic aorta",
        "aortic tortuosity",
    ),
    "atelectasis": _asked(
        r"Pulmonary Atelectasis|Volume Loss",
        "atelectasis",
        "atelectasis",
        "bandlike atelectasis",
        "volume loss",
    ),
    "cardiomegaly": _asked(
        r"Cardiomegaly|Cardiac Shadow/.*enlarged|Heart/.*enlarged",
        "cardiomegaly",
        "cardiomegaly",
        "enlarged heart",
        "enlarged cardiac silhouette",
    ),
    "cavity": _asked(r"Cavitation", "cavity", "cavity", "cavitary lesion", "cavitation"),
    "central_line": _asked(
        r"Catheters, Indwelling",
        "tube or line",
        "central venous catheter",
        "central line",
        "picc line",
        words=r"cathet|\blines?\b|picc|\bport",
    ),
    "consolidation": _asked(
        r"(?:Opacity|Density)/.*\blung|Airspace Disease|Infiltrate|Consolidation|Pneumonia",
        "consolidation|pneumonia|infiltrate|opacity",
        "consolidation",
        "airspace opacity",
        "infiltrate",
        "pneumonia",
    ),
    "edema": _asked(
        r"Pulmonary Edema|Pulmonary Congestion|Heart Failure",
        "edema|vascular congestion",
        "pulmonary edema",
        "vascular congestion",
        "interstitial edema",
    ),
    "effusion": _asked(
        r"Pleural Effusion|Costophrenic Angle/.*(?:blunted|obscured)",
        "pleural effusion",
        "pleural effusion",
        "pleural fluid",
        "blunted costophrenic angle",
    ),
    "granuloma": _asked(
        r"Calcified Granuloma|Granuloma|Granulomatous Disease",
        "granuloma",
        "calcified granuloma",
        "granuloma",
        "granulomatous disease",
    ),
    "hernia": _asked(r"Hernia, Hiatal", "hernia", "hiatal hernia", "hiatus hernia", words=r"herni"),
    "hilar_enlargement": _asked(
        r"Lung/.*hilum.*(?:prominent|enlarged)|Lung/.*(?:prominent|enlarged).*hilum",
        "lymphadenopathy",
        "hilar enlargement",
        "prominent hilum",
        "enlarged hilar lymph nodes",
        words=r"hil(?:um|a|ar|us)\b",
    ),
    "hyperinflation": _asked(
        r"Lung/.*hyperdistention|Emphysema|Pulmonary Emphysema|Bullous Emphysema|"
        r"Pulmonary Disease, Chronic Obstructive|Lung, Hyperlucent|Diaphragm/.*flattened",
        "hyperinflation|emphysema",
        "hyperinflation",
        "hyperexpanded lungs",
        "emphysema",
        "flattened diaphragms",
    ),
    "interstitial": _asked(
        r"Markings/.*interstitial|Lung Diseases, Interstitial|Pulmonary Fibrosis|"
        r"Opacity/.*interstitial|Lung/.*interstitial",
        "fibrosis|opacity",
        "interstitial disease",
        "pulmonary fibrosis",
        "prominent interstitial markings",
        words=r"interstiti|reticul|fibro",
    ),
    "mass": _asked(r"Mass", "mass", "lung mass", "mass", "mass lesion", words=r"\bmass"),
    "nodule": _asked(
        r"Nodule|(?:Opacity|Density)/.*\bround",
        "nodule",
        "pulmonary nodule",
        "lung nodule",
        "nodular opacity",
    ),
    "pacemaker": _asked(
        r"Implanted Medical Device|Medical Device",
        "pacemaker",
        "pacemaker",
        "cardiac pacemaker with leads",
        "pacemaker leads",
        words=r"pace|\bleads?\b|defibrillator|icd",
    ),
    "pleural_thickening": _asked(
        r"Thickening/.*\bpleura",
        "pleural thickening",
        "pleural thickening",
        "pleural scarring",
        "apical pleural thickening",
    ),
    "pneumothorax": _asked(
        r"Pneumothorax", "pneumothorax", "pneumothorax", "small pneumothorax", "apical pneumothorax"
    ),
    "rib_fracture": _asked(
        r"(?:Fractures, Bone|Deformity)/.*\bribs",
        "fracture",
        "rib fracture",
        "fractured rib",
        "healed rib fractures",
        words=r"\bribs?\b",
    ),
    "scar": _asked(
        r"Cicatrix", "fibrosis", "scar", "scarring", "pulmonary scarring", words=r"\bscar"
    ),
    "scoliosis": _asked(
        r"Scoliosis",
        "spine curvature",
        "scoliosis",
        "curvature of the spine",
        "scoliosis of the thoracic spine",
        words=r"scolio|curvature",
    ),
    "sternal_wires": _asked(
        r"Surgical Instruments/.*(?:mediastinum|heart|thorax)|Sutures",
        "surgical material",
        "sternotomy wires",
        "median sternotomy wires",
        "sternal wires",
        words=r"stern(?:al|ot)",
    ),
}
"""Finding id, as the phantoms spell it, -> what names it in MeSH, in sentences and in prompts."""

# A term of a more particular finding is not one of the broader finding as well.
_INSTEAD_OF = {"interstitial": "consolidation", "nodule": "consolidation"}


def named_by(mesh_terms: Iterable[str]) -> frozenset[str]:
    """Findings that the MeSH terms of a report name.

    >>> sorted(named_by(["Opacity/lung/base/left", "Aorta/tortuous", "Spine/degenerative"]))
    ['aortic_tortuosity', 'consolidation']
    """
    found: set[str] = set()
    for term in mesh_terms:
        here = {name for name, asked in ASKED.items() if _names(asked.mesh, term)}
        found |= here - {_INSTEAD_OF[name] for name in here if name in _INSTEAD_OF}
    return frozenset(found)


def _names(pattern: str, term: str) -> bool:
    return re.fullmatch(rf"(?:{pattern})(?:/.*)?", term.strip(), re.IGNORECASE) is not None


def spoken_of(sentence: str) -> frozenset[str]:
    """Findings that a sentence mentions, asserted or denied.

    >>> sorted(spoken_of("No rib fracture or pneumothorax."))
    ['pneumothorax', 'rib_fracture']
    """
    said = set(mentions(sentence))
    found = {
        name
        for name, asked in ASKED.items()
        if asked.said & said and re.search(asked.words, sentence, re.IGNORECASE)
    }
    return frozenset(found - {_INSTEAD_OF[name] for name in found if name == "interstitial"})
