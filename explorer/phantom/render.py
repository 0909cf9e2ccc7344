"""Render a study from its seed: pose, frame, findings, exposure, words. Same seed, same bytes."""

from collections.abc import Mapping
from types import ModuleType

import numpy as np

from explorer.errors import DataSetError
from explorer.phantom.acquisition import shoot
from explorer.phantom.combinations import draw_findings
from explorer.phantom.findings import list_findings
from explorer.phantom.findings._base import Card, Inserted
from explorer.phantom.findings._place import place
from explorer.phantom.findings.cardiomegaly import resize_heart
from explorer.phantom.language import phrases_of
from explorer.phantom.markers import scatter_leads
from explorer.phantom.poses import PoseBank, StoredPose
from explorer.phantom.reports import write_report
from explorer.phantom.scene import Scene, frame_scene
from explorer.phantom.study import PhantomFinding, PhantomStudy

# What a seed gives changes with this; raise it with any change of pixels, masks or words.
CORPUS_VERSION = 6


def render_study(
    seed: int,
    *,
    bank: PoseBank,
    size: tuple[int, int] = (320, 320),
    wanted: tuple[str, ...] | None = None,
    lateral: bool = False,
    pose: StoredPose | None = None,
) -> PhantomStudy:
    """Render one study.

    Args:
        seed: Decides everything; the same seed, bank and size give the same bytes.
        bank: Projected poses to choose from.
        size: (rows, columns) of the image.
        wanted: Findings by id, in this order; None draws them from their frequencies.
        lateral: Take a lateral pose; laterals carry no findings.
        pose: Use this pose instead of one from the bank (for images above the bank's grain).
    """
    rng = np.random.default_rng([seed, 2026])
    if pose is None:
        choices = bank.indices(lateral=lateral)
        pose = bank.load(choices[int(rng.integers(len(choices)))])
    scene = frame_scene(
        pose.layers, pose.landmarks, view=pose.view, pixel_mm=pose.pixel_mm, size=size, rng=rng
    )
    modules = list_findings()
    placed: list[tuple[str, Inserted]] = []
    if pose.view != "lateral":
        ids = draw_findings(modules, view=pose.view, rng=rng) if wanted is None else wanted
        placed = _insert_all(scene, ids, modules, rng)
    # Numbers of its own: how a film looks does not change what is in it or said of it.
    image = shoot(scene, np.random.default_rng([seed, 2029]))
    cards = {name: module.CARD for name, module in modules.items()}
    findings = tuple(_describe(name, inserted, cards, rng) for name, inserted in placed)
    report, sentences, absent = write_report(findings, cards, view=pose.view, rng=rng)
    return PhantomStudy(
        seed=seed,
        image=np.round(image * 65535).astype(np.uint16),
        view=pose.view,
        pixel_mm=1.0 / scene.px_per_mm,
        findings=findings,
        sentences=sentences,
        report=report,
        absent=absent,
    )


def _insert_all(
    scene: Scene,
    ids: tuple[str, ...],
    modules: Mapping[str, ModuleType],
    rng: np.random.Generator,
) -> list[tuple[str, Inserted]]:
    if "cardiomegaly" not in ids:
        resize_heart(scene, rng, wider=float(rng.uniform(0.88, 1.05)))
    placed = []
    for name in ids:
        if name not in modules:
            raise DataSetError(f"Unknown finding {name!r}. Available: {', '.join(modules)}.")
        for _ in range(4):  # An unlucky place is drawn again.
            inserted = place(modules[name], scene, rng)
            if inserted is not None:
                placed.append((name, inserted))
                break
    if rng.random() < (0.45 if scene.view == "AP" else 0.04):
        scatter_leads(scene, rng)
    return placed


def _describe(
    name: str, inserted: Inserted, cards: Mapping[str, Card], rng: np.random.Generator
) -> PhantomFinding:
    card = cards[name]
    return PhantomFinding(
        finding=name,
        name=card.name,
        kind=card.kind,
        labels=card.labels,
        mask=inserted.mask,
        side=inserted.side,
        zone=inserted.zone,
        lobe=inserted.lobe,
        severity=inserted.severity,
        size_mm=inserted.size_mm,
        phrases=phrases_of(card, inserted, rng),
    )
