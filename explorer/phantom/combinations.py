"""Which findings a study holds: how many, how often each, and which go together.

Counts, frequencies and the lift of pairs (how much more often two labels share a film than chance
would have it) are those of NIH ChestX-ray14 by view. Three things are set by hand: the share of
normal films (half of the NIH films have no label; training wants more), devices, and findings
without an NIH label, which keep their card's frequency and go with everything alike. Three draws
in ten (`places.UNIFORM`) take the cards' frequencies alone, so that rare labels are seen.
"""

from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np

from explorer.phantom.places import UNIFORM, annotation

NORMAL = 0.18
"""Share of films without a finding (devices aside)."""

NIH_LABELS: dict[str, tuple[str, ...]] = {
    "atelectasis": ("Atelectasis",),
    "cardiomegaly": ("Cardiomegaly",),
    "consolidation": ("Consolidation", "Pneumonia", "Infiltration"),
    "edema": ("Edema",),
    "effusion": ("Effusion",),
    "ground_glass": ("Infiltration",),
    "hernia": ("Hernia",),
    "hyperinflation": ("Emphysema",),
    "interstitial": ("Fibrosis",),
    "mass": ("Mass",),
    "nodule": ("Nodule",),
    "pleural_thickening": ("Pleural_Thickening",),
    "pneumothorax": ("Pneumothorax",),
}
"""Finding -> its NIH labels; a label that several findings name is shared among them evenly."""

_DEVICE_COUNTS = {"PA": (0.8, 0.16, 0.03, 0.01), "AP": (0.4, 0.3, 0.2, 0.1)}
# Findings that take each other's place in the lung are not combined on purpose.
NEVER_TOGETHER = (
    {"edema", "interstitial"},
    {"consolidation", "ground_glass"},
    {"central_line", "picc", "port"},
    {"pacemaker", "icd"},
    {"nasogastric_tube", "feeding_tube"},
    {"widened_mediastinum", "aortic_tortuosity"},
    {"elevated_diaphragm", "hyperinflation"},
    {"elevated_diaphragm", "pneumothorax"},
    {"elevated_diaphragm", "effusion"},
    {"free_air", "effusion"},
)


def draw_findings(
    modules: Mapping[str, ModuleType], *, view: str, rng: np.random.Generator
) -> tuple[str, ...]:
    """Ids of a study's findings and devices, in the order in which they are put in.

    Args:
        modules: Finding id -> module with its `CARD`.
        view: "PA" or "AP".
        rng: Source of chance.
    """
    chosen = _draw_related(modules, view=view, rng=rng) if rng.random() >= NORMAL else []
    devices = [n for n, m in modules.items() if m.CARD.kind == "device"]
    weights = np.array([_by_card(modules[n], view) for n in devices])
    shares = _DEVICE_COUNTS[view]
    count = min(int(rng.choice(len(shares), p=shares)), int((weights > 0).sum()))
    drawn = rng.choice(len(devices), size=count, replace=False, p=weights / weights.sum())
    chosen += [devices[int(i)] for i in drawn]
    kept: list[str] = []
    for name in sorted(chosen, key=_order):
        if not any(name in group and group & set(kept) for group in NEVER_TOGETHER):
            kept.append(name)
    return tuple(kept)


def lift(one: str, other: str, *, view: str) -> float:
    """How much more often than by chance two findings share a film; 1 where nothing is known.

    The mean over the pairs of their NIH labels, weighted with how often the labels occur.
    """
    of = annotation()["labels"][view]
    total = weight = 0.0
    for a in NIH_LABELS.get(one, ()):
        for b in NIH_LABELS.get(other, ()):
            if a != b:
                share = of["frequency"][a] * of["frequency"][b]
                total += share * of["lift"]["|".join(sorted((a, b)))]
                weight += share
    return total / weight if weight else 1.0


def frequencies(modules: Mapping[str, ModuleType], *, view: str) -> dict[str, float]:
    """Relative frequency of each finding that is not a device.

    Findings with NIH labels share among them what their cards claim together, as NIH counts.
    """
    by_card = {n: _by_card(m, view) for n, m in modules.items() if m.CARD.kind == "finding"}
    shown = {name for name, weight in by_card.items() if weight > 0}
    counted = {name: _by_label(name, shown, view) for name in shown if name in NIH_LABELS}
    claimed = sum(by_card[name] for name in counted)
    found = sum(counted.values())
    return by_card | {name: value * claimed / found for name, value in counted.items()}


def _draw_related(
    modules: Mapping[str, ModuleType], *, view: str, rng: np.random.Generator
) -> list[str]:
    """At least one finding; each next one by its frequency times its lift with those before."""
    of: Mapping[str, Any] = annotation()["labels"][view]
    counts = np.array(of["label_counts"][1:], float)
    count = 1 + int(rng.choice(len(counts), p=counts / counts.sum()))
    by_cards = rng.random() < UNIFORM
    weights = (
        {n: _by_card(m, view) for n, m in modules.items() if m.CARD.kind == "finding"}
        if by_cards
        else frequencies(modules, view=view)
    )
    chosen: list[str] = []
    for _ in range(count):
        names = [n for n, w in weights.items() if w > 0 and n not in chosen]
        if not names:
            break
        pull = np.array([weights[n] for n in names])
        if not by_cards:
            pull = pull * [np.prod([lift(n, c, view=view) for c in chosen]) for n in names]
        chosen.append(names[int(rng.choice(len(names), p=pull / pull.sum()))])
    return chosen


def _by_card(module: ModuleType, view: str) -> float:
    return float(module.CARD.frequency[int(view == "AP")])


def _by_label(name: str, shown: set[str], view: str) -> float:
    """NIH share of a finding's labels, each divided among the findings that name it."""
    share = annotation()["labels"][view]["frequency"]
    return sum(
        float(share[label]) / sum(label in NIH_LABELS.get(other, ()) for other in shown)
        for label in NIH_LABELS[name]
    )


def _order(name: str) -> int:
    """Things that reshape the lung go in first, things laid on top last."""
    first = (
        *("scoliosis", "hyperinflation", "elevated_diaphragm", "pneumothorax"),
        *("cardiomegaly", "edema", "interstitial"),
        *("widened_mediastinum", "aortic_tortuosity"),  # A knob is calcified where it then lies.
    )
    return first.index(name) if name in first else len(first)
