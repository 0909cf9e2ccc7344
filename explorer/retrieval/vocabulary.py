"""The phrases that every film of an index is asked: for its regions and for its signature.

Changing one raises `store.SCHEMA`: signatures are compared number by number.
"""

_ONE_SIDED = (
    "pleural effusion",
    "pneumothorax",
    "atelectasis",
    "consolidation",
    "pneumonia",
    "infiltrate",
    "ground glass opacity",
    "nodule",
    "mass",
    "granuloma",
    "cavity",
    "pleural thickening",
    "hilar enlargement",
    "elevated hemidiaphragm",
    "rib fracture",
    "clavicle fracture",
    "chest tube",
    "port catheter",
    "PICC line",
)
_WHOLE = (
    "cardiomegaly",
    "pulmonary edema",
    "interstitial markings",
    "emphysema",
    "hyperinflation",
    "fibrosis",
    "widened mediastinum",
    "tortuous aorta",
    "aortic calcification",
    "hiatal hernia",
    "free air under the diaphragm",
    "scoliosis",
    "pacemaker",
    "implantable defibrillator",
    "central venous catheter",
    "endotracheal tube",
    "nasogastric tube",
    "sternotomy wires",
    "prosthetic heart valve",
)
PROPOSING = (*_ONE_SIDED, *_WHOLE)
"""Asked for regions, without a side: both lungs are found by one phrase."""

SIGNATURE = (
    *PROPOSING,
    *(f"{side} {name}" for name in _ONE_SIDED for side in ("right", "left")),
)
"""Asked of the whole film."""
