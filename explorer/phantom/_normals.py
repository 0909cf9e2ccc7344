"""Statements that a structure is as it should be, and the general sentences of a report."""

import re
from collections.abc import Iterable, Mapping

from explorer.phantom.findings._base import Card

NORMALS: Mapping[str, tuple[str, ...]] = {
    "lungs": (
        "The lungs are clear.",
        "Lungs are clear bilaterally.",
        "Lungs are clear.",
        "Both lungs are clear.",
        "The lungs are grossly clear.",
        "The lung fields are clear.",
        "The lungs remain clear.",
        "The lungs appear clear.",
        "Lungs are otherwise clear.",
        "Clear lungs.",
        "The lungs are clear and well expanded.",
        "Lungs are normally inflated and clear.",
    ),
    "heart": (
        "The heart is normal in size.",
        "Heart size is normal.",
        "The heart size is within normal limits.",
        "Heart size within normal limits.",
        "Normal heart size.",
        "The cardiac silhouette is within normal limits.",
        "Cardiac silhouette is normal in size.",
        "Cardiac size is normal.",
        "The heart is not enlarged.",
        "Heart is of normal size.",
        "Normal cardiac silhouette.",
        "Stable normal heart size.",
    ),
    "silhouette": (
        "Cardiomediastinal silhouette is within normal limits.",
        "The cardiomediastinal silhouette is unremarkable.",
        "The heart and mediastinum are normal.",
        "The heart and mediastinum are unremarkable.",
        "Heart size and mediastinal contours are within normal limits.",
        "The cardiac and mediastinal silhouettes are unremarkable.",
        "Cardiac and mediastinal contours are within normal limits.",
        "Normal cardiomediastinal silhouette.",
        "The cardiomediastinal silhouette and pulmonary vasculature are within normal limits.",
        "The heart, pulmonary and mediastinum are within normal limits.",
        "Heart and mediastinal contours are normal.",
    ),
    "mediastinum": (
        "The mediastinal contours are unremarkable.",
        "Mediastinal contours are normal.",
        "The mediastinum is within normal limits.",
        "Mediastinum is unremarkable.",
        "The hilar and mediastinal contours are normal.",
        "The hila are unremarkable.",
        "The aorta is normal.",
        "The trachea is midline.",
        "The thoracic aorta is unremarkable.",
    ),
    "vessels": (
        "Pulmonary vasculature is normal.",
        "The pulmonary vascularity is within normal limits.",
        "Pulmonary vascularity is unremarkable.",
        "Normal pulmonary vascularity.",
        "The pulmonary vascular markings are normal.",
    ),
    "pleura": (
        "The costophrenic angles are sharp.",
        "Costophrenic angles are clear.",
        "The pleural spaces are clear.",
        "The pleural surfaces are normal.",
        "The costophrenic sulci are sharp bilaterally.",
        "There is no air in the pleural space.",
        "There is no fluid in the pleural space.",
    ),
    "bones": (
        "Bony structures are intact.",
        "No acute osseous abnormality.",
        "No acute bony abnormality.",
        "The osseous structures are intact.",
        "Osseous structures are grossly intact.",
        "Visualized osseous structures are within normal limits.",
        "The visualized bony structures are unremarkable.",
        "The bony thorax is intact.",
        "Bones are unremarkable.",
        "No displaced rib fractures.",
        "No acute bony abnormalities are seen.",
        "The skeletal structures are normal.",
        "The ribs are intact.",
    ),
    "diaphragm": (
        "The diaphragm is intact.",
        "The hemidiaphragms are normal in contour.",
        "No free air beneath the diaphragm.",
        "There is no free subdiaphragmatic air.",
    ),
    "soft tissues": (
        "The soft tissues are unremarkable.",
        "Visualized upper abdomen is unremarkable.",
        "Soft tissues are within normal limits.",
        "The visualized soft tissues of the thorax are normal.",
    ),
}
"""Structure -> sentences that call it normal."""

GENERAL = (
    "No acute cardiopulmonary abnormality.",
    "No acute cardiopulmonary disease.",
    "No acute cardiopulmonary process.",
    "No acute cardiopulmonary findings.",
    "No acute cardiopulmonary abnormalities identified.",
    "No evidence of acute cardiopulmonary disease.",
    "No radiographic evidence of acute cardiopulmonary process.",
    "There is no acute cardiopulmonary abnormality.",
    "No active disease.",
    "No acute disease.",
    "No acute pulmonary disease.",
    "No acute pulmonary abnormality.",
    "No acute abnormality.",
    "No acute intrathoracic process.",
    "No acute thoracic findings.",
    "No evidence of active disease.",
    "Normal chest radiograph.",
    "Normal chest.",
    "Normal chest x-ray.",
    "Normal exam.",
    "Negative chest.",
    "Unremarkable chest radiograph.",
    "Unremarkable examination of the chest.",
    "Chest radiograph is within normal limits.",
)
INDICATIONS = (
    "Shortness of breath.", "Cough.", "Chest pain.", "Fever.", "Preoperative evaluation.",
    "Follow up.", "Dyspnea.", "Evaluate line placement.", "Trauma.", "Weakness.", "Hypoxia.",
    "History of smoking.", "Positive tuberculin test.", "Cough and fever.",
)  # fmt: skip
COMPARISONS = (
    "None.", "None available.", "Prior chest radiograph.", "Yesterday.",
    "Chest radiograph of the previous year.", "Previous examination.",
)  # fmt: skip
TECHNIQUE: Mapping[str, tuple[str, ...]] = {
    "PA": ("Frontal view of the chest.", "PA view of the chest.", "Single frontal chest film."),
    "AP": (
        "Portable AP view of the chest.",
        "Single AP portable radiograph of the chest.",
        "Portable upright chest radiograph.",
    ),
    "lateral": ("Lateral view of the chest.",),
}

# What of a card (id and nouns) a structure's being normal denies; the second adds what it would
# merely sit badly with.
_DENIED = {
    "lungs": r"consolidation|opacit|edema|interstitial|atelectasis|nodul|mass|cavit|granuloma",
    "heart": r"cardiomegaly",
    "silhouette": r"cardiomegaly|mediastin",
    "mediastinum": r"mediastin|hilar?_|aort",
    "vessels": r"edema",
    "pleura": r"effusion|pneumothorax",
    "bones": r"fracture|scolio|bone|\brib|spin|osteo|degenerative",
    "diaphragm": r"diaphragm|free_air|eventration|pneumoperiton",
    "soft tissues": r"subcutaneous|soft_tissue",
}
_DOUBTFUL = {
    "lungs": r"hilar|emphys|hyperinfl|bulla|scar|fibro|pneumothorax|bronch",
    "heart": r"mediastin|pericard",
    "silhouette": r"hernia|hil|aort|edema|mass",
    "mediastinum": r"cardiomegaly|hernia|hil|mass|trache|adenopathy|pneumothorax|shift",
    "vessels": r"hil|interstitial|emphys",
    "pleura": r"pleural",
    "bones": r"clavic|vertebra|kypho|spur|lytic|sclero|sternal",
    "diaphragm": r"hernia|effusion|atelectasis|hyperinfl|emphys",
    "soft tissues": r"emphysema|breast|diaphragm|free|gas",
}


def denied_by(structure: str, cards: Mapping[str, Card]) -> tuple[str, ...]:
    """Ids of the findings that calling a structure normal denies."""
    pattern = re.compile(_DENIED[structure])
    return tuple(i for i, card in cards.items() if card.kind == "finding" and pattern.search(i))


def may_be_called_normal(structure: str, present: Iterable[str], cards: Mapping[str, Card]) -> bool:
    """Whether none of the findings present touches the structure."""
    pattern = re.compile(f"{_DENIED[structure]}|{_DOUBTFUL[structure]}")
    return not any(
        pattern.search(" ".join((i, cards[i].name, *cards[i].nouns)).lower())
        for i in present
        if cards[i].kind == "finding"
    )
