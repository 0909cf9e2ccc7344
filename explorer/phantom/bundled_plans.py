"""The five bundled studies: seeds, words and what to expect of each."""

from explorer.phantom.bundle import Plan

PLANS: tuple[Plan, ...] = (
    Plan(
        name="normal",
        title="Normal chest",
        description="A frontal film without findings: no sentence should find a region.",
        expected="normal",
        seed=8,
        pose=3,
        shape=(1280, 1120),
        wanted=(),
        report=(
            "INDICATION: Preoperative evaluation.\n\n"
            "COMPARISON: None.\n\n"
            "TECHNIQUE: Single frontal view of the chest.\n\n"
            "FINDINGS: The heart is normal in size. The mediastinal contours are unremarkable. "
            "The lungs are clear without focal consolidation. No pleural effusion or "
            "pneumothorax. No acute osseous abnormality.\n\n"
            "IMPRESSION: No acute cardiopulmonary abnormality.\n"
        ),
        links={},
    ),
    Plan(
        name="effusion-and-large-heart",
        title="Left effusion and enlarged heart",
        description="Two findings that a first model finds: large, low and in their usual place.",
        expected="works",
        seed=12,
        pose=12,
        shape=(1280, 1120),
        wanted=("cardiomegaly", "effusion"),
        report=(
            "INDICATION: Shortness of breath, lower extremity swelling.\n\n"
            "COMPARISON: None available.\n\n"
            "TECHNIQUE: Single frontal view of the chest.\n\n"
            "FINDINGS: The cardiac silhouette is enlarged. There is a moderate left pleural "
            "effusion. The right costophrenic angle is sharp. No focal consolidation in the right "
            "lung. No pneumothorax.\n\n"
            "IMPRESSION:\n1. Moderate left pleural effusion.\n2. Cardiomegaly.\n"
        ),
        links={
            "cardiomegaly": ("The cardiac silhouette", "Cardiomegaly"),
            "effusion": ("There is a moderate left", "Moderate left"),
        },
    ),
    Plan(
        name="right-upper-mass",
        title="Mass in the right upper lobe",
        description="One round mass; its size in the report is the size that was put in.",
        expected="works",
        seed=6,
        pose=6,
        shape=(1280, 1120),
        wanted=("mass",),
        report=(
            "INDICATION: Weight loss and cough, 40 pack year smoker.\n\n"
            "COMPARISON: Chest radiograph of last year.\n\n"
            "TECHNIQUE: Single frontal view of the chest.\n\n"
            "FINDINGS: There is a {mass} mass in the right upper lobe. The left lung is clear. "
            "Heart size is normal. No pleural effusion. No pneumothorax.\n\n"
            "IMPRESSION: Right upper lobe mass suspicious for malignancy. Chest CT is "
            "recommended.\n"
        ),
        links={"mass": ("There is a", "Right upper lobe mass")},
    ),
    Plan(
        name="portable-pneumothorax",
        title="Portable film with lines and a pneumothorax",
        description="Thin things: a pleural line, a tube and a catheter, among others' shadows.",
        expected="works",
        seed=17,
        pose=0,
        shape=(1280, 1120),
        wanted=("pneumothorax", "endotracheal_tube", "central_line"),
        report=(
            "INDICATION: Status post line placement.\n\n"
            "COMPARISON: Yesterday.\n\n"
            "TECHNIQUE: Portable AP view of the chest.\n\n"
            "FINDINGS: The endotracheal tube terminates above the carina. A right "
            "central venous catheter ends in the superior vena cava. There is a large right "
            "pneumothorax. No pleural effusion. The heart is not enlarged.\n\n"
            "IMPRESSION: Large right pneumothorax. Support devices as described.\n"
        ),
        links={
            "endotracheal_tube": ("The endotracheal tube",),
            "central_line": ("A right central",),
            "pneumothorax": ("There is a large right", "Large right"),
        },
    ),
    Plan(
        name="tiny-nodule",
        title="A very small nodule",
        description="A hard case, kept to show a failure: a nodule at the apex, as wide as a rib.",
        expected="fails",
        seed=13,
        pose=12,
        shape=(1280, 1120),
        wanted=("nodule",),
        report=(
            "INDICATION: Follow up of a pulmonary nodule.\n\n"
            "COMPARISON: Chest CT of last month.\n\n"
            "TECHNIQUE: Single frontal view of the chest.\n\n"
            "FINDINGS: There is a faint {nodule} nodule in the left upper lobe. "
            "No focal airspace disease. The heart is normal in size. No pleural effusion or "
            "pneumothorax.\n\n"
            "IMPRESSION: Small left upper lobe nodule.\n"
        ),
        links={"nodule": ("There is a faint", "Small left upper lobe")},
    ),
)
