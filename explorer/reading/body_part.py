"""Whether a stated body part is the chest: sites write it in many words and several languages.

The element is free text in practice, so nothing of it is quoted: a note names a word of the lists
below or none.
"""

import re
import unicodedata
from collections.abc import Iterator

# Found anywhere in the letters of the text: "CHEST_PA", "PORT CHEST", "CXR2V", "Thorax AP".
_CHEST = (
    "CHEST", "THORA", "TORAX", "TRAX", "TORAC", "TORAK", "TORASS", "LUNG", "CXR", "PULMO",
    "POUMON", "RIB", "STERNUM", "HEART", "MEDIASTIN", "CLAVIC", "TSPINE", "PECHO", "POITRINE",
    "GRUDN", "BRUSTKORB", "HERZ", "KLATKA", "BORST", "WHOLEBODY", "TRUNK", "HEMITHORAX",
)  # fmt: skip
# Whole words that are the chest, too short to be looked for inside others.
_CHEST_WORDS = frozenset({"BODY", "TH", "THX"})
_OTHER_WORDS = (
    "ABDOMEN", "ANKLE", "ARM", "BREAST", "CALCANEUS", "COCCYX", "ELBOW", "EXTREMITY", "FACE",
    "FEMUR", "FINGER", "FOOT", "FOREARM", "HAND", "HEAD", "HIP", "HUMERUS", "JAW", "KNEE", "LEG",
    "MANDIBLE", "MAXILLA", "NECK", "ORBIT", "PATELLA", "PELVIS", "SACRUM", "SCAPULA", "SHOULDER",
    "SKULL", "SPINE", "TEETH", "THIGH", "THUMB", "TIBIA", "TOE", "TOOTH", "WRIST", "ZYGOMA",
)  # fmt: skip
# Written together: "CSPINE", "ABDOMENPELVIS", "LUMBARSPINE".
_OTHER_PARTS = ("SPINE", "ABDOMEN", "PELVIS", "SKULL", "SHOULDER", "MANDIB", "DENTAL", "PANORAM")


def body_part_notes(text: str) -> Iterator[str]:
    """Say when a stated body part is not the chest; nothing for the chest or an empty text.

    >>> list(body_part_notes("PORT CHEST"))
    []
    >>> list(body_part_notes("HAND_LEFT"))
    ['The file states another body part (hand) than the chest.']
    """
    plain = unicodedata.normalize("NFKD", text.upper())
    words = re.findall(r"[A-Z]+", plain.replace("_", " "))
    joined = "".join(words)
    if not joined or any(part in joined for part in _CHEST) or _CHEST_WORDS & set(words):
        return
    singular = {*words, *(word.removesuffix("S") for word in words)}
    other = next((word for word in _OTHER_WORDS if word in singular), None)
    other = other or next((part for part in _OTHER_PARTS if part in joined), None)
    if other is None:
        yield "The file does not state the chest as its body part."
    else:
        yield f"The file states another body part ({other.lower()}) than the chest."
