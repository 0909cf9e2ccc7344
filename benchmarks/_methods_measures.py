"""What the comparison of methods measures of one small checkpoint, on phantoms it did not see."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from explorer.corpora.phantom_shards import PhantomImage
from explorer.encoders.alignment import LocalAlignmentModel
from explorer.evaluation.benchmark import measure
from explorer.evaluation.probing import auroc, fit_linear
from explorer.evaluation.retrieval import recall_at, relevance
from explorer.methods._bounds import infonce
from explorer.prototypes.clusterings import kmeans
from explorer.training.augment import plain_view
from explorer.training.phrase_memory import PhraseMemory
from explorer.training.samples import TrainingStudy
from explorer.training.told import told

SHARES = (0.01, 0.1, 1.0)  # of the labels
DRAWS = 3  # of the films of a share below 1
PAIRS = 64  # K of the information estimate
SCALES = (2.0, 4.0, 8.0, 16.0, 32.0)
_BLOCK = 64


@dataclass(frozen=True, slots=True)
class Encoded:
    """Studies before a model: patches (N, h, w, D), and means and maxima of features (N, 2 C)."""

    patches: torch.Tensor
    pooled: NDArray[np.float32]


def encode(model: LocalAlignmentModel, studies: Sequence[TrainingStudy]) -> Encoded:
    """Encode studies as they are, in bfloat16 as they were trained."""
    config = model.config
    patches, pooled = [], []
    for start in range(0, len(studies), _BLOCK):
        block = studies[start : start + _BLOCK]
        views = [plain_view(s, side=config.image_size, grid=config.grid_size) for s in block]
        images = torch.from_numpy(np.stack([v.pixels for v in views]))[:, None]
        with torch.inference_mode():
            with torch.autocast("cpu", torch.bfloat16):
                features, _ = model.image_encoder(images.to(memory_format=torch.channels_last))
            features = features.float()
            patches.append(model.patch_projection(features))
            pooled.append(torch.cat([features.mean((2, 3)), features.amax((2, 3))], 1).numpy())
    return Encoded(torch.cat(patches), np.concatenate(pooled))


def embed(model: LocalAlignmentModel, memory: PhraseMemory, texts: Sequence[str]) -> torch.Tensor:
    """Unit phrase embeddings (P, D)."""
    memory.learn(texts)
    with torch.inference_mode():
        embedded: torch.Tensor = model.phrase_projection(memory(texts))
    return embedded


def grounding(
    model: LocalAlignmentModel,
    memory: PhraseMemory,
    phantoms: Sequence[PhantomImage],
    encoded: Encoded,
) -> dict[str, NDArray[np.float64]]:
    """Pointing, CNR and mIoU of the located phrase of every finding, and its study."""
    rows = [
        (number, _located(finding.phrases), finding.mask)
        for number, phantom in enumerate(phantoms)
        for finding in phantom.findings
        if finding.mask.any()
    ]
    phrases = embed(model, memory, [text for _, text, _ in rows])
    found = []
    for (number, _, mask), phrase in zip(rows, phrases, strict=True):
        cosine = torch.einsum("hwd,d->hw", encoded.patches[number], phrase).numpy()
        fine = np.asarray(cv2.resize(cosine, mask.shape[::-1]), dtype=np.float32)
        logit = fine * model.log_scale.exp().item() + model.bias.item()
        found.append((number, *measure(fine, 1 / (1 + np.exp(-logit)), mask)))
    study, pointing, cnr, miou = np.array(found, np.float64).T
    return {"study": study, "pointing": pointing, "cnr": cnr, "miou": miou}


def _located(phrases: dict[str, list[str]]) -> str:
    return next(phrases[kind][0] for kind in ("zoned", "sided", "plain") if phrases.get(kind))


def retrieval(
    model: LocalAlignmentModel,
    memory: PhraseMemory,
    studies: Sequence[TrainingStudy],
    encoded: Encoded,
) -> dict[str, NDArray[np.float64]]:
    """R@1 and R@10 of every query both ways; a report's score is the mean of its sentences'.

    Sentences' scores are standardised over images.
    """
    reports = [tuple(dict.fromkeys(s.text for s in told(study.report))) for study in studies]
    texts = list(dict.fromkeys(text for report in reports for text in report))
    vectors = embed(model, memory, texts)
    with torch.inference_mode():
        scores = torch.cat([model.pooled(model.logits(p[None], vectors)) for p in encoded.patches])
    values = scores.numpy().astype(np.float64)
    values = (values - values.mean(0)) / (values.std(0) + 1e-9)
    column = {text: i for i, text in enumerate(texts)}
    table = np.stack([values[:, [column[t] for t in r]].mean(1) for r in reports], axis=1)
    same = relevance(reports, reports)
    return {
        f"{way}_recall_at_{k}": np.asarray(recall_at(scores_, same, k), np.float64)
        for way, scores_ in (("image_to_report", table), ("report_to_image", table.T))
        for k in (1, 10)
    }


def probe(
    taught: Encoded,
    labels: NDArray[np.float32],
    asked: Encoded,
    truth: NDArray[np.float32],
    *,
    seed: int = 0,
) -> dict[str, float]:
    """Macro AUROC of a linear probe on means and maxima of the features, by share of labels."""
    found = {}
    rng = np.random.default_rng(seed)
    for share in SHARES:
        draws = 1 if share == 1 else DRAWS
        areas = []
        for _ in range(draws):
            rows = rng.permutation(len(labels))[: max(8, round(share * len(labels)))]
            fitted = fit_linear(taught.pooled[rows], labels[rows])
            areas.append(np.nanmean(auroc(fitted.logits(asked.pooled), truth)))
        found[f"probe_auroc_{round(100 * share)}"] = float(np.mean(areas))
    return found


def regions(
    model: LocalAlignmentModel,
    memory: PhraseMemory,
    studies: Sequence[TrainingStudy],
    encoded: Encoded,
    *,
    seed: int = 0,
) -> dict[str, float]:
    """NMI of k-means on regions with their findings; InfoNCE between regions and phrases, nats."""
    from sklearn.metrics import normalized_mutual_info_score

    grid = encoded.patches.shape[1]
    vectors, groups, texts = [], [], []
    for study, patches in zip(studies, encoded.patches, strict=True):
        for target in study.targets:
            mask = cv2.resize(target.mask, (grid, grid), interpolation=cv2.INTER_AREA)
            weight = torch.from_numpy(mask.astype(np.float32) / 255)
            if weight.sum() > 0:
                vectors.append((patches * weight[..., None]).sum((0, 1)) / weight.sum())
                groups.append(target.group)
                texts.append(target.texts[0])
    units = torch.nn.functional.normalize(torch.stack(vectors), dim=1)
    kinds = len(set(groups))
    clusters = kmeans.cluster(units.numpy(), granularity=kinds, seed=seed)
    return {
        "region_nmi": float(normalized_mutual_info_score(groups, clusters)),
        "information_nats": _information(units, embed(model, memory, texts), texts, seed=seed),
    }


def _information(
    units: torch.Tensor, phrases: torch.Tensor, texts: Sequence[str], *, seed: int
) -> float:
    """InfoNCE of K pairs with the cosine as critic, its scale chosen on the other half."""
    order = torch.randperm(len(units), generator=torch.Generator().manual_seed(seed))
    halves = order.chunk(2)

    def bound(rows: torch.Tensor, scale: float) -> float:
        values = []
        for part in rows.split(PAIRS):
            if len(part) < PAIRS:
                break
            names = [texts[i] for i in part.tolist()]
            same = torch.tensor([[a == b for b in names] for a in names])
            cosine = units[part] @ phrases[part].T
            values.append(float(infonce(cosine * scale, negative=~same)))
        return float(np.mean(values)) if values else float("nan")

    best = max(SCALES, key=lambda scale: bound(halves[0], scale))
    return bound(halves[1], best)


def paired_p(first: NDArray[np.float64], second: NDArray[np.float64], study: NDArray[Any]) -> float:
    """Two-sided sign-flip test of the mean difference, whole studies flipped together."""
    difference = np.bincount(study.astype(int), weights=first - second)
    rng = np.random.default_rng(0)
    flips = rng.choice((-1.0, 1.0), size=(4999, len(difference)))
    beyond = np.abs(flips @ difference) >= abs(difference.sum()) - 1e-12
    return float((beyond.sum() + 1) / (len(flips) + 1))
