"""One step as methods see it: what was drawn, encoded once by the towers."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from explorer.encoders.alignment import LocalAlignmentModel
from explorer.encoders.text import clean_phrase
from explorer.methods._base import MethodBatch, StatementBatch, View, WordBatch
from explorer.training.batches import Batch, Float32
from explorer.training.language import NamingTask
from explorer.training.parallel import ProcessGroup
from explorer.training.phrase_memory import PhraseMemory


@dataclass(frozen=True, slots=True)
class Towers:
    """The model with what it needs to encode a step.

    Attributes:
        model: Its image tower is in the precision of the run, all else in float32.
        memory: Of its frozen text tower.
        members: Processes that share the images.
        precision: Name of the dtype of the image tower.
    """

    model: LocalAlignmentModel
    memory: PhraseMemory
    members: ProcessGroup
    precision: str

    def put(self, pixels: Float32) -> Tensor:
        """Images (B, 1, S, S) of all processes where the model is."""
        place = next(self.model.parameters()).device
        return torch.from_numpy(pixels).to(place, memory_format=torch.channels_last)

    def view(self, images: Tensor) -> View:
        """Images (B, 1, S, S) of all processes -> their view; this process encodes its share."""
        count = len(images)
        return self._encode(images[self.members.share(count)], count=count)

    def _encode(self, images: Tensor, *, count: int) -> View:
        """Images of this process -> patches and features of all `count`."""
        dtype = getattr(torch, self.precision)
        with torch.autocast(images.device.type, dtype, enabled=dtype != torch.float32):
            features, _ = self.model.image_encoder(images)
        features = self.members.gather(features.to(self.model.log_scale.dtype), count=count)
        return View(self.model.patch_projection(features), features.permute(0, 2, 3, 1))

    def embed(self, vectors: Tensor) -> Tensor:
        """Vectors (..., Ct) of the text tower -> unit embeddings (..., D)."""
        embedded: Tensor = self.model.phrase_projection(vectors)
        return embedded


def step_batch(
    batch: Batch,
    towers: Towers,
    *,
    needs: Collection[str],
    step: int,
    steps: int,
    seed: int,
) -> MethodBatch:
    """Encode what was drawn.

    The first view, the phrases, the statements and the second view are encoded in this order, so
    that what a method does not ask for takes nothing from the draws of dropout.
    """
    images = towers.put(batch.pixels)
    view, place = towers.view(images), images.device

    def put(array: np.ndarray) -> Tensor:
        return torch.from_numpy(array).to(place)

    vectors = towers.memory(batch.phrases).to(place) if batch.phrases else _none(towers, place)
    phrases = towers.embed(vectors)
    statements = _statements(batch.naming, towers, place) if batch.naming else None
    weak = np.array(batch.weak, np.int64).reshape(-1, 3)
    return MethodBatch(
        patches=view.patches,
        features=view.features,
        phrases=phrases,
        phrase_features=vectors,
        owner=put(batch.true_owner),
        written_for=put(batch.owner),
        safe=put(batch.safe),
        study=put(batch.study),
        text_id=put(_text_ids(batch.phrases)),
        section=put(batch.section),
        index=put(batch.index),
        view=torch.zeros(len(batch.pixels), dtype=torch.long, device=place),
        scorer=towers.model,
        encode=towers.view,
        images=images,
        masks=put(batch.masks),
        weight=put(batch.weight),
        elsewhere=put(batch.elsewhere),
        weak=put(weak),
        words=_words(batch, towers, place) if "tokens" in needs else None,
        second=None if batch.second is None else towers.view(towers.put(batch.second)),
        labels=None if batch.labels is None else put(batch.labels),
        statements=statements,
        step=step,
        steps=steps,
        seed=seed,
    )


def _none(towers: Towers, place: torch.device) -> Tensor:
    return torch.zeros(0, towers.model.text_encoder.hidden_size, device=place)


def _text_ids(phrases: list[str]) -> np.ndarray:
    """(P,) equal for phrases that differ in case, spaces and final stop only."""
    keys = [clean_phrase(p) for p in phrases]
    order = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return np.array([order[key] for key in keys], np.int64)


def _words(batch: Batch, towers: Towers, place: torch.device) -> WordBatch:
    vectors, ids, mask = (t.to(place) for t in towers.memory.words(batch.phrases))
    return WordBatch(
        vectors=vectors,
        ids=ids,
        mask=mask,
        read=towers.memory.read,
        project=towers.embed,
        **towers.memory.special(),
    )


def _statements(task: NamingTask, towers: Towers, place: torch.device) -> StatementBatch:
    def embed(texts: tuple[str, ...]) -> Tensor:
        return towers.embed(towers.memory(texts).to(place))

    return StatementBatch(
        words=embed(task.texts),
        names=embed(task.names),
        denials=embed(task.denials),
        target=task.target.to(place),
        present=task.present.to(place),
    )
