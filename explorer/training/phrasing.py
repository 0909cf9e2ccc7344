"""Phrases for labels: the names of findings, their synonyms, and templates that place them.

Labels of image data sets are single words; people write "patchy opacity at the left base". This
table turns the one into many of the other. Findings of one `group` look alike on a radiograph and
are never negatives of each other.
"""

from dataclasses import dataclass

import numpy as np

from explorer.entities import Side, Zone
from explorer.text.placing import placed_phrase


@dataclass(frozen=True, slots=True)
class FindingWords:
    """One finding: usual name, group for negatives, synonyms, whether it has a zone."""

    name: str
    group: str
    synonyms: tuple[str, ...]
    zoned: bool = True
    sided: bool = True


_OPACITY = (
    "opacity",
    "airspace opacity",
    "patchy opacity",
    "hazy opacity",
    "focal airspace disease",
    "ill-defined opacity",
)

FINDINGS: dict[str, FindingWords] = {
    "Atelectasis": FindingWords(
        "atelectasis",
        "atelectasis",
        (
            "volume loss",
            "atelectatic change",
            "subsegmental atelectasis",
            "linear atelectasis",
            "bandlike atelectasis",
            "platelike atelectasis",
            "discoid atelectasis",
            "lung collapse",
        ),
    ),
    "Cardiomegaly": FindingWords(
        "cardiomegaly",
        "heart",
        (
            "enlarged heart",
            "enlarged cardiac silhouette",
            "the heart is enlarged",
            "the cardiac silhouette is enlarged",
            "increased heart size",
            "cardiac enlargement",
            "enlargement of the cardiomediastinal silhouette",
        ),
        zoned=False,
        sided=False,
    ),
    "Effusion": FindingWords(
        "pleural effusion",
        "effusion",
        (
            "effusion",
            "pleural fluid",
            "blunted costophrenic angle",
            "blunting of the costophrenic angle",
            "layering effusion",
            "small pleural effusion",
            "fluid in the pleural space",
        ),
        zoned=False,
    ),
    "Infiltrate": FindingWords(
        "infiltrate", "opacity", ("pulmonary infiltrate", "infiltration", *_OPACITY)
    ),
    "Mass": FindingWords(
        "mass",
        "nodule",
        ("lung mass", "pulmonary mass", "mass lesion", "large rounded opacity", "tumor"),
    ),
    "Nodule": FindingWords(
        "nodule",
        "nodule",
        (
            "pulmonary nodule",
            "lung nodule",
            "small nodule",
            "nodular opacity",
            "small rounded opacity",
            "nodular density",
        ),
    ),
    "Pneumonia": FindingWords(
        "pneumonia",
        "opacity",
        ("pneumonic infiltrate", "infectious consolidation", "bronchopneumonia", *_OPACITY),
    ),
    "Pneumothorax": FindingWords(
        "pneumothorax",
        "pneumothorax",
        (
            "ptx",
            "apical pneumothorax",
            "small pneumothorax",
            "air in the pleural space",
            "visible visceral pleural line",
        ),
        zoned=False,
    ),
    "Consolidation": FindingWords(
        "consolidation", "opacity", ("airspace consolidation", "lobar consolidation", *_OPACITY)
    ),
    "Lung Opacity": FindingWords("lung opacity", "opacity", _OPACITY),
    "Edema": FindingWords(
        "pulmonary edema",
        "edema",
        ("interstitial edema", "pulmonary vascular congestion", "alveolar edema", "fluid overload"),
        zoned=False,
        sided=False,
    ),
    "Emphysema": FindingWords(
        "emphysema",
        "emphysema",
        ("hyperinflation", "copd", "hyperexpanded lungs", "flattened diaphragms"),
        zoned=False,
        sided=False,
    ),
    "Fibrosis": FindingWords(
        "fibrosis",
        "fibrosis",
        ("pulmonary fibrosis", "scarring", "interstitial fibrosis", "reticular opacities"),
    ),
    "Pleural_Thickening": FindingWords(
        "pleural thickening",
        "pleura",
        ("pleural scarring", "apical pleural thickening", "thickened pleura"),
        zoned=False,
    ),
    "Hernia": FindingWords(
        "hiatal hernia",
        "hernia",
        ("hiatus hernia", "diaphragmatic hernia", "large hiatal hernia"),
        zoned=False,
        sided=False,
    ),
}
FINDINGS["Infiltration"] = FINDINGS["Infiltrate"]
FINDINGS["Lung Opacity (RSNA)"] = FINDINGS["Lung Opacity"]

# Groups that overlap on images: neither is a safe negative for the other.
RELATED_GROUPS: dict[str, frozenset[str]] = {
    "opacity": frozenset({"opacity", "edema", "atelectasis", "fibrosis", "lung"}),
    "edema": frozenset({"edema", "opacity", "effusion", "lung"}),
    "atelectasis": frozenset({"atelectasis", "opacity", "effusion"}),
    "effusion": frozenset({"effusion", "atelectasis", "pleura", "edema"}),
    "fibrosis": frozenset({"fibrosis", "opacity", "pleura"}),
    "pleura": frozenset({"pleura", "effusion", "fibrosis"}),
    "nodule": frozenset({"nodule"}),
}

# Groups of phantom findings; one that is not named here is a group of its own.
PHANTOM_GROUPS: dict[str, str] = {
    "consolidation": "opacity",
    "ground_glass": "opacity",
    "interstitial": "fibrosis",
    "pleural_thickening": "pleura",
    "mass": "nodule",
    "cavity": "nodule",
    "granuloma": "nodule",
    "cardiomegaly": "heart",
    "hilar_enlargement": "mediastinum",
    "widened_mediastinum": "mediastinum",
    "aortic_tortuosity": "mediastinum",
    "icd": "pacemaker",
    "feeding_tube": "nasogastric_tube",
    "hyperinflation": "emphysema",
    "rib_fracture": "fracture",
    "clavicle_fracture": "fracture",
}

_ZONES: dict[Zone, tuple[str, ...]] = {
    "upper": ("upper lung", "upper lobe", "upper lung zone", "apex", "lung apex"),
    "mid": ("mid lung", "mid lung zone", "perihilar region", "middle zone"),
    "lower": ("lower lung", "lower lobe", "lung base", "lower lung zone", "base"),
}
_PLACED = (
    "{side} {zone} {name}",
    "{name} in the {side} {zone}",
    "there is {name} in the {side} {zone}",
    "{name} is seen within the {side} {zone}",
    "{name} projecting over the {side} {zone}",
)
_SIDED = (
    "{side} {name}",
    "{name} on the {side}",
    "there is a {side} {name}",
    "{side}-sided {name}",
    "{side} lung {name}",
)
_PLAIN = ("{name}", "{name}", "there is {name}", "{name} is present", "findings of {name}")
_NEGATED = (
    "no {name}",
    "no evidence of {name}",
    "there is no {name}",
    "without {name}",
    "no {name} is seen",
    "no {name} or {other}",
    "negative for {name}",
    "the {name} has resolved",
)
_SEVERITY = ("", "", "", "mild ", "small ", "moderate ", "large ", "subtle ", "new ", "stable ")


def related(group: str) -> frozenset[str]:
    """Groups that are not safe negatives for `group`, itself included."""
    return RELATED_GROUPS.get(group, frozenset({group}))


def usual_phrase(label: str, *, side: Side | None, zone: Zone | None) -> str:
    """The plain, pinned wording: "right lower lung atelectasis", "left pneumothorax"."""
    words = FINDINGS[label]
    return placed_phrase(
        words.name, side=side if words.sided else None, zone=zone if words.zoned else None
    )


def random_phrase(
    label: str,
    rng: np.random.Generator,
    *,
    side: Side | None,
    zone: Zone | None,
    must_place: bool = False,
) -> str:
    """A phrase for a present finding, from plain to placed, with synonyms.

    Args:
        label: Key of `FINDINGS`.
        rng: Source of the draw.
        side: Where the finding is; None when unknown or on both sides.
        zone: Likewise.
        must_place: Always say the place, because the finding is in other places too.
    """
    words = FINDINGS[label]
    side = side if words.sided else None
    if side and (must_place or rng.random() < 0.55):
        if words.zoned and zone and (must_place or rng.random() < 0.7):
            zone_words = f"{zone} lung" if rng.random() < 0.6 else str(rng.choice(_ZONES[zone]))
            template = _PLACED[0] if rng.random() < 0.6 else str(rng.choice(_PLACED))
            return template.format(side=side, zone=zone_words, name=_name(words, rng))
        template = _SIDED[0] if rng.random() < 0.6 else str(rng.choice(_SIDED))
        return template.format(side=side, name=_name(words, rng))
    template = _PLAIN[0] if rng.random() < 0.6 else str(rng.choice(_PLAIN))
    return template.format(name=_name(words, rng))


def _name(words: FindingWords, rng: np.random.Generator) -> str:
    if rng.random() < 0.6:
        return (str(rng.choice(_SEVERITY)) if rng.random() < 0.3 else "") + words.name
    return str(rng.choice(words.synonyms))


def random_negation(label: str, rng: np.random.Generator) -> str:
    """A phrase that states the finding absent."""
    words = FINDINGS[label]
    other = FINDINGS[str(rng.choice(list(FINDINGS)))].name
    name = words.name if rng.random() < 0.5 else str(rng.choice(words.synonyms))
    return str(rng.choice(_NEGATED)).format(name=name, other=other)
