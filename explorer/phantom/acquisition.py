"""From cm of tissue to the film: rays, scatter, noise, and the vendor's processing."""

from dataclasses import dataclass

import cv2
import numpy as np

from explorer.entities import Float32
from explorer.phantom.anatomy import LOBES
from explorer.phantom.looks import amplify_detail, archive, random_look, set_levels
from explorer.phantom.markers import close_shutters, stamp_markers
from explorer.phantom.scene import Scene
from explorer.phantom.textures import blur, fractal, smooth_noise

# Density of aerated lung without vessels (relative to water).
_PARENCHYMA = 0.13


@dataclass(frozen=True, slots=True)
class Technique:
    """How the film was taken and processed.

    Attributes:
        bone, soft, wall, abdomen: Weights of tissues (beam energy and body build).
        markings: Factor on the vessels inside the lungs.
        attenuation: Per cm of water.
        scatter: Share of scattered light, [0, 1).
        noise: Relative spread of the quanta behind 20 cm of water.
        detail, equalise, local: Strength of edge enhancement, of dynamic-range compression and
            of local histogram equalisation; 0 = off.
        gamma, low, high: The display curve: exponent and the shares that go to black and white.
        softness_mm: Blur of focal spot and motion.
        grid_lines: Amplitude of visible grid lines, in log light; 0 = none.
        grid_cycles: Of those lines after sampling, per pixel.
        mottle: Spread of the fine irregularity of tissue, cm of water.
        archived: Rows of the 8-bit JPEG file that the film was kept as; 0 = kept whole.
        quality: Of that JPEG file.
    """

    bone: float
    soft: float
    wall: float
    abdomen: float
    markings: float
    attenuation: float
    scatter: float
    noise: float
    detail: float
    equalise: float
    local: float
    gamma: float
    low: float
    high: float
    softness_mm: float
    grid_lines: float
    grid_cycles: float
    mottle: float
    archived: int
    quality: int


def random_technique(rng: np.random.Generator, *, view: str) -> Technique:
    """Draw a technique; portable AP films have more scatter, noise and blur."""
    portable = view == "AP"
    uniform = rng.uniform
    return Technique(
        bone=uniform(1.0, 2.0),
        soft=uniform(0.6, 1.0),
        wall=uniform(0.45, 1.3),
        abdomen=uniform(0.8, 1.2),
        markings=uniform(0.8, 1.9),
        attenuation=uniform(0.13, 0.2),
        scatter=uniform(0.35, 0.8) if portable else uniform(0.2, 0.65),
        noise=uniform(0.001, 0.01) if portable else uniform(0.0005, 0.006),
        detail=float(rng.exponential(0.4)) if rng.random() < 0.7 else 0.0,
        equalise=float(rng.beta(1.2, 3.0)) * 0.5,
        local=uniform(0.5, 1.2) if rng.random() < 0.04 else 0.0,
        gamma=uniform(0.65, 1.25),
        low=uniform(0.0, 0.03),
        high=uniform(0.0, 0.08),
        softness_mm=uniform(0.1, 0.6) if portable else uniform(0.05, 0.4),
        grid_lines=uniform(0.002, 0.01) if rng.random() < 0.03 else 0.0,
        grid_cycles=uniform(0.12, 0.42),
        mottle=float(np.exp(rng.normal(np.log(0.12), 0.4))),
        archived=int(rng.choice([0, 512, 512, 512, 512, 512, 640, 1024])),
        quality=int(rng.integers(75, 97)),
    )


def shoot(scene: Scene, rng: np.random.Generator) -> Float32:
    """Expose, process, mark and keep a film: (H, W) in [0, 1], bright = dense."""
    technique = random_technique(rng, view=scene.view)
    look = random_look(rng, view=scene.view)
    signal = expose(total_path(scene, technique), technique, px_per_mm=scene.px_per_mm, rng=rng)
    shown = process(signal, technique, scene=scene, rng=rng)
    shown = set_levels(amplify_detail(set_levels(shown, look), look), look)
    shown = stamp_markers(shown, rng, view=scene.view)
    shown = np.clip(close_shutters(shown, rng), 0, 1)
    if technique.archived >= scene.shape[0]:  # A larger film was not kept that small.
        shown = archive(shown, side=technique.archived, quality=technique.quality)
    return shown


def total_path(scene: Scene, technique: Technique) -> Float32:
    """(S, S) cm of water along each ray with the technique's tissue weights."""
    layers = scene.layers
    lung = np.sum([layers[name] for name in LOBES], axis=0)
    parenchyma = _PARENCHYMA * np.sum([layers[f"T_{name}"] for name in LOBES], axis=0)
    total = parenchyma + technique.markings * np.clip(lung - parenchyma, 0, None)
    total += technique.soft * (layers["mediastinum"] + layers["heart"] + layers["vessels"])
    total += technique.wall * layers["wall"] + technique.abdomen * layers["abdomen"]
    total += layers["airway"]
    bones = layers["ribs"] + layers["shoulder"] + layers["arms"]
    total += technique.bone * bones + technique.bone * 0.35 * layers["spine"]
    return (total + scene.extra).astype(np.float32)


def expose(
    path_cm: Float32, technique: Technique, *, px_per_mm: float, rng: np.random.Generator
) -> Float32:
    """Detector signal as apparent cm of water: scatter flattens the dense, quanta add grain."""
    # Tissue is not even at any size; what the CT's voxels left out is added.
    tissue = np.sqrt(np.clip(path_cm / 10, 0, 2)).astype(np.float32)
    path_cm = path_cm + technique.mottle * tissue * fractal(rng, path_cm.shape, slope=1.35)
    path_cm = blur(path_cm, technique.softness_mm * px_per_mm)
    primary = np.exp(-technique.attenuation * path_cm)
    scattered = blur(primary, 45 * px_per_mm)
    light = (1 - technique.scatter) * primary + technique.scatter * scattered
    reference = np.exp(-technique.attenuation * 20.0)
    spread = technique.noise * np.sqrt(reference / np.maximum(light, 1e-5))
    grain = rng.standard_normal(light.shape, np.float32)
    grain = blur(grain, rng.uniform(0.5, 0.65)) * 1.6
    signal = -np.log(np.maximum(light, 1e-5)) / technique.attenuation
    signal += spread * grain / technique.attenuation
    if technique.grid_lines:
        phase = np.arange(light.shape[1]) * (2 * np.pi * technique.grid_cycles)
        signal += technique.grid_lines / technique.attenuation * np.sin(phase)[None]
    return signal.astype(np.float32)


def process(
    signal: Float32, technique: Technique, *, scene: Scene, rng: np.random.Generator
) -> Float32:
    """The vendor's processing: (S, S) float32 in [0, 1], bright = dense."""
    px = scene.px_per_mm
    body = signal > 1.5
    if technique.equalise:
        average = float(signal[body].mean())
        signal = signal - technique.equalise * (blur(signal, 22 * px) - average)
    if technique.detail:
        signal = signal + technique.detail * (
            signal - blur(signal, rng.choice([1.0, 1.6, 3.0, 6.0]) * px)
        )
    lungs = scene.lungs["right"].aerated | scene.lungs["left"].aerated
    inner = signal[lungs] if lungs.any() else signal[body]
    dark = float(np.percentile(inner, 1 + 100 * technique.low))
    bright = float(np.percentile(signal[body], 99.7 - 100 * technique.high))
    margin = rng.uniform(0.08, 0.5) * (bright - dark)
    shown = (signal - dark + margin) / max(1e-3, bright - dark + margin)
    # A film's toe and shoulder: both ends bend over instead of being cut.
    toe = rng.uniform(0.03, 0.15)
    shown = toe * np.logaddexp(0.0, shown / toe)
    knee = rng.uniform(0.6, 0.92)
    over = shown > knee
    wide = 1.5 * (1 - knee)
    shown[over] = knee + wide * np.tanh((shown[over] - knee) / wide)
    shown = np.clip(shown, 0, 1) ** technique.gamma
    if technique.local:
        clahe = cv2.createCLAHE(technique.local, (8, 8))
        levels = clahe.apply((shown * 65535).astype(np.uint16))
        shown = levels.astype(np.float32) / 65535
    if rng.random() < 0.3:  # Uneven detector or heel effect.
        shown = np.clip(shown * (1 + 0.03 * smooth_noise(rng, shown.shape, cell=200 * px)), 0, 1)
    return shown.astype(np.float32)
