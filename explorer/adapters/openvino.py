"""Exports of our checkpoints as OpenVINO graphs; see `explorer export`."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from explorer.adapters._base import AdapterCard
from explorer.adapters._engine import DualEngine
from explorer.adapters._export import GRAPHS, IMAGE, TEXT, import_openvino
from explorer.adapters._reference import read_reference
from explorer.adapters.local_alignment import image_check_of, with_swapped_sides
from explorer.embeddings import Scoring
from explorer.encoders.files import REFERENCE_FILE, TOKENIZER_FILE
from explorer.encoders.preprocessing import standardise
from explorer.encoders.text import tokenize
from explorer.entities import Float32, ImageEmbeddings, ModelFrame, PatchGrid
from explorer.errors import CheckpointError

WEIGHTS = GRAPHS
FILES = (*GRAPHS, TOKENIZER_FILE, REFERENCE_FILE)
OPTIONAL = (REFERENCE_FILE,)
_HINTS = {"float32": "f32", "bfloat16": "bf16", "int8": "bf16"}  # of what is left of int8 graphs


def load(card: AdapterCard, *, device: str, precision: str) -> "OpenVinoEngine":
    """Compile both graphs for the processor.

    Raises:
        CheckpointError: openvino is not installed, a graph cannot be read or gives other shapes, or
            another device or precision is asked for.
    """
    if device not in ("auto", "cpu"):
        raise CheckpointError(f"An OpenVINO export runs on the cpu, got {device!r}. Use auto.")
    exported = str(card.extra.get("export", {}).get("precision"))
    if exported not in _HINTS or precision not in ("auto", exported, "float32"):
        raise CheckpointError(
            f"Checkpoint {card.name!r} was exported in {exported}, got precision {precision!r}. "
            "Use auto or float32."
        )
    chosen = exported if precision == "auto" else precision
    openvino = import_openvino()
    core = openvino.Core()
    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": _HINTS[chosen],
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
    }
    try:
        graphs = [
            core.compile_model(core.read_model(card.folder / f"{name}.xml"), "CPU", settings)
            for name in (IMAGE, TEXT)
        ]
        tokenizer = Tokenizer.from_file(str(card.folder / TOKENIZER_FILE))
        scoring = Scoring(**card.extra["scoring"])
        return OpenVinoEngine(card, graphs, tokenizer, scoring=scoring, precision=chosen)
    except CheckpointError:
        raise
    except Exception as error:  # both libraries raise bare exceptions
        raise CheckpointError(
            f"Checkpoint {card.name!r} does not hold the graphs its card describes "
            f"({' '.join(str(error).split())[:160]}). Export it again."
        ) from error


class OpenVinoEngine(DualEngine):
    """A loaded export; see `explorer.adapters.Engine`."""

    def __init__(
        self,
        card: AdapterCard,
        graphs: Sequence[Any],
        tokenizer: Tokenizer,
        *,
        scoring: Scoring,
        precision: str,
    ) -> None:
        reference = read_reference(card)
        super().__init__(
            card, device="cpu", dtype=torch.float32, scoring=scoring, reference=reference
        )
        self.precision = f"openvino {precision}"
        self.space_id = f"{card.sha256}/cpu/{self.precision}"
        self._image, self._text = graphs
        self._tokenizer = tokenizer
        self._mirror = bool(card.extra["export"]["mirror"])
        found = tuple(self._image.output(0).partial_shape.get_dimension(i) for i in (1, 2, 3))
        said = (*card.grid_size, card.dimension)
        if any(f.is_static and f.get_length() != s for f, s in zip(found, said, strict=True)):
            raise CheckpointError(
                f"Checkpoint {card.name!r} gives grid and dimension {found}, the card says {said}. "
                "Export it again."
            )

    def network_input(self, images: Sequence[Float32]) -> Float32:
        """Each image standardised over the radiograph; see `Engine`."""
        return np.stack([standardise(np.nan_to_num(p), ~np.isnan(p)) for p in images])[:, None]

    def embed_images(
        self, images: Sequence[Float32], *, frames: Sequence[ModelFrame]
    ) -> tuple[ImageEmbeddings, ...]:
        """Encode several in one batch, with what the image check says; see `Engine`."""
        if not images:
            return ()
        # A request of its own for each call: those of one graph may run in several threads.
        patches, chances = _run(self._image, self.network_input(images))
        values = patches / np.maximum(np.linalg.norm(patches, axis=-1, keepdims=True), 1e-12)
        return tuple(
            ImageEmbeddings(PatchGrid(grid, frame), image_check_of(chance), self.space_id)
            for grid, chance, frame in zip(values, chances, frames, strict=True)
        )

    def _vectors(self, phrases: Sequence[str]) -> Tensor:
        return with_swapped_sides(phrases, self._encode) if self._mirror else self._encode(phrases)

    def _encode(self, phrases: Sequence[str]) -> Tensor:
        token_ids, mask = tokenize(self._tokenizer, phrases)
        (vectors,) = _run(self._text, token_ids.numpy(), mask.numpy())
        return torch.from_numpy(vectors)


def _run(graph: Any, *inputs: Any) -> tuple[Float32, ...]:
    request = graph.create_infer_request()
    found = request.infer(list(inputs))
    return tuple(np.array(found[output], dtype=np.float32) for output in graph.outputs)
