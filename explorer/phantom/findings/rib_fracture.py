"""Rib fracture: the cortex is interrupted or stepped; an old one is thick with callus."""

import numpy as np

from explorer.entities import Side, Zone
from explorer.phantom.findings._base import Card, Inserted, Mask, Severity, pick_side
from explorer.phantom.findings._bones import BonePoint, Break, along_bones, break_bone, settle
from explorer.phantom.scene import Scene
from explorer.phantom.textures import blur

CARD = Card(
    name="rib fracture",
    kind="finding",
    frequency=(0.5, 0.45),
    nouns=("rib fracture", "fractured rib", "fracture of a rib"),
    place="side",
    countable=True,
    templates=("fracture of a {side} rib", "cortical break of a {side} rib from fracture"),
    absent=(
        "No rib fracture.",
        "No displaced rib fracture.",
        "There is no acute rib fracture.",
        "No displaced rib fractures are seen.",
        "No fracture of the ribs.",
    ),
    labels=("Fracture", "Rib fracture"),
    halo_mm=3.0,
)

_KINDS = ("displaced", "nondisplaced", "healed")


def insert(scene: Scene, rng: np.random.Generator) -> Inserted | None:
    """Break one to four neighbouring ribs of one side."""
    side = pick_side(rng)
    kind = str(rng.choice(_KINDS, p=[0.45, 0.2, 0.35]))
    count = int(rng.choice([1, 2, 3, 4], p=[0.55, 0.22, 0.15, 0.08]))
    points = _choose(scene, rng, side=side, count=count)
    if not points:
        return None
    mask: Mask = np.zeros(scene.shape, bool)
    for point in points:
        mask |= break_bone(scene, rng, name="ribs", at=point, how=_draw_break(kind, rng))
    height = float(np.mean([scene.lungs[side].height[_pixel(scene, p)] for p in points]))
    zone: Zone = "upper" if height < 1 / 3 else "mid" if height < 2 / 3 else "lower"
    few: Severity = "mild" if kind == "nondisplaced" else "moderate"
    return Inserted(
        mask=mask,
        side=side,
        zone=zone,
        severity="severe" if len(points) > 2 else few,
        templates=_words(kind, zone=zone, count=len(points), lateral=_is_lateral(scene, points)),
    )


def _draw_break(kind: str, rng: np.random.Generator) -> Break:
    sign = 1.0 if rng.random() < 0.5 else -1.0
    step = {
        "displaced": rng.uniform(3.0, 6.5),
        "nondisplaced": rng.uniform(0.8, 1.8),
        "healed": rng.uniform(0.8, 3.0),
    }[kind]
    return Break(
        step_mm=sign * float(step),
        gap_mm=0.0 if kind == "healed" else float(rng.uniform(0.6, 1.6)),
        slant=float(rng.normal(0, 0.5)),
        reach_mm=float(rng.uniform(9, 15)),
        callus_cm=float(rng.uniform(0.7, 1.8)) if kind == "healed" else 0.0,
    )


def _choose(scene: Scene, rng: np.random.Generator, *, side: Side, count: int) -> list[BonePoint]:
    """Points on separate ribs beside or over the outer lung, one below the other."""
    layer, px, lung = scene.layers["ribs"], scene.px_per_mm, scene.lungs[side]
    angle, clear = along_bones(layer, scale_px=3.0 * px)
    own_half = np.arange(scene.shape[1])[None] < scene.mid_x
    own_half = own_half if side == "right" else ~own_half
    near = blur(lung.aerated.astype(np.float32), 6 * px) > 0.1
    usual = layer[near & own_half & (layer > 0.2)]
    if len(usual) < 20:
        return []
    outer = near & own_half & (lung.height > 0.08) & (lung.height < 1.0)
    far = np.abs(np.arange(scene.shape[1]) + 0.5 - scene.mid_x)
    outer &= (far > 0.5 * far[near.any(axis=0)].max())[None]
    score = np.where(outer & (layer > np.percentile(usual, 45)), clear**2, 0)
    points: list[BonePoint] = []
    while len(points) < count and score.sum() > 0:
        i = int(rng.choice(score.size, p=(score / score.sum()).ravel()))
        y, x = divmod(i, scene.shape[1])
        points.append(settle(scene, layer, x=x + 0.5, y=y + 0.5, angle=float(angle[y, x])))
        down = np.abs(np.arange(scene.shape[0]) - y)[:, None] / px
        aside = np.abs(np.arange(scene.shape[1]) - x)[None] / px
        score = np.where((down > 17) & (down < 50) & (aside < 22), score, 0)
    return points


def _pixel(scene: Scene, point: BonePoint) -> tuple[int, int]:
    return (
        int(np.clip(point.y, 0, scene.shape[0] - 1)),
        int(np.clip(point.x, 0, scene.shape[1] - 1)),
    )


def _is_lateral(scene: Scene, points: list[BonePoint]) -> bool:
    """Whether the breaks lie in the outer sixth of the chest."""
    lungs = scene.lungs["right"].aerated | scene.lungs["left"].aerated
    columns = np.flatnonzero(lungs.any(axis=0))
    reach = np.abs(columns - scene.mid_x).max()
    return bool(np.mean([abs(p.x - scene.mid_x) for p in points]) > 0.78 * reach)


def _words(kind: str, *, zone: Zone, count: int, lateral: bool) -> tuple[str, ...]:
    place = "lateral " if lateral else ""
    height = {"upper": "upper ", "mid": "mid ", "lower": "lower "}[zone]
    degree = {
        "displaced": ("displaced ", "acute displaced "),
        "nondisplaced": ("nondisplaced ", "minimally displaced "),
        "healed": ("healed ", "old healed ", "chronic "),
    }[kind]
    if count > 1:
        how_many = {2: "two", 3: "three", 4: "four"}[count]
        return (
            f"multiple {degree[0]}{{side}} rib fractures",
            f"{degree[1]}{{side}} {place}rib fractures",
            f"fractures of {how_many} adjacent {{side}} ribs",
            f"{{side}} {height}rib fractures",
        )
    return (
        *(f"{word}{{side}} {place}rib fracture" for word in degree),
        f"{{side}} {height}rib fracture",
        f"{degree[0]}fracture of a {{side}} {place}rib",
        *(("deformity of a {side} rib from old fracture",) if kind == "healed" else ()),
    )
