"""Writes a checkpoint of ours as OpenVINO graphs, in bfloat16 or int8, for processors.

Both towers become graphs with any batch size; scoring, words and reference films go along. int8
weighs activations on films that are shown to it; of the text tower only the weights become int8,
since phrases differ more than films do.
"""

import json
import sys
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from explorer.adapters._base import AdapterCard, Engine
from explorer.adapters._reference import write_reference
from explorer.adapters.local_alignment import LocalAlignmentEngine
from explorer.encoders.alignment import LocalAlignmentModel, both_views
from explorer.encoders.files import (
    CARD_FILE,
    REFERENCE_FILE,
    TOKENIZER_FILE,
    digest_of,
    sha256_of,
)
from explorer.entities import Float32
from explorer.errors import CheckpointError

ExportPrecision = Literal["float32", "bfloat16", "int8"]
PRECISIONS: tuple[str, ...] = ("float32", "bfloat16", "int8")
IMAGE, TEXT = "image", "text"  # names of the graphs, each .xml and .bin
GRAPHS = tuple(f"{name}.{kind}" for name in (IMAGE, TEXT) for kind in ("xml", "bin"))


def import_openvino() -> Any:
    """The library, with its reports to its makers switched off.

    Raises:
        CheckpointError: It is not installed.
    """
    # It falls back to a stand-in that sends nothing where this package cannot be imported.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    try:
        import openvino
    except ImportError as error:
        raise CheckpointError(
            "An OpenVINO checkpoint needs openvino, which is not installed. Run: "
            "pip install 'radiograph-grounding-explorer[openvino]'"
        ) from error
    return openvino


def export_openvino(
    engine: Engine,
    folder: Path,
    *,
    precision: ExportPrecision,
    films: Sequence[Float32] = (),
) -> None:
    """Write a folder of the family `openvino`; the card says what it was made from.

    Args:
        engine: Of the family `local_alignment`.
        folder: Must not exist.
        precision: "float32", "bfloat16" or "int8".
        films: Network inputs (1, S, S) to weigh activations on; needed for "int8".

    Raises:
        CheckpointError: The family has no export, openvino or nncf is not installed, or int8 was
            asked for without films.
    """
    if not isinstance(engine, LocalAlignmentEngine):
        raise CheckpointError(
            f"Only checkpoints of the family local_alignment are exported, {engine.card.name!r} is "
            f"of {engine.card.family!r}. Open it as it is."
        )
    if precision == "int8" and not films:
        raise CheckpointError("int8 needs films to weigh activations on, got none. Add --images.")
    openvino = import_openvino()
    (model, tokenizer), side = engine.towers, engine.card.input_size[0]
    ids = torch.ones(2, 6, dtype=torch.long)
    with torch.no_grad(), warnings.catch_warnings():
        # The library still traces, which torch advises against, and BERT warns of its asserts.
        warnings.simplefilter("ignore")
        image = openvino.convert_model(
            _Images(model), example_input=torch.zeros(2, 1, side, side), input=[-1, 1, side, side]
        )
        text = openvino.convert_model(
            _Texts(model), example_input=(ids, ids), input=[[-1, -1], [-1, -1]]
        )
    if precision == "int8":
        image, text = _smaller(image, text, films)
    folder.mkdir(parents=True)
    for name, graph in ((IMAGE, image), (TEXT, text)):
        openvino.save_model(graph, folder / f"{name}.xml", compress_to_fp16=precision != "float32")
    tokenizer.save(str(folder / TOKENIZER_FILE))
    if engine.reference is not None:
        digests = {name: sha256_of(folder / name) for name in GRAPHS}
        films_of = replace(engine.reference, weights_sha256=digest_of(GRAPHS, files=digests))
        write_reference(folder / REFERENCE_FILE, films_of)
    write_export_card(folder, engine, precision=precision)


def write_export_card(folder: Path, engine: LocalAlignmentEngine, *, precision: str) -> None:
    """The card of the original, with the files and the precision of the export."""
    source = json.loads((engine.card.folder / CARD_FILE).read_text(encoding="utf-8"))
    kept = {k: v for k, v in source.items() if k not in ("default", "metrics", "validation")}
    scoring = engine.scoring
    assert scoring is not None
    card = kept | {
        "title": f"{engine.card.title}, OpenVINO {precision}",
        "family": "openvino",
        "weights": list(GRAPHS),
        "source": f"export of {engine.card.name}",
        "revision": engine.card.sha256,
        "export": {"precision": precision, "mirror": engine.towers[0].config.mirror},
        "scoring": {
            "scale": scoring.scale,
            "bias": scoring.bias,
            "pooling": scoring.pooling,
            "temperature": scoring.temperature,
            "pooled_bias": scoring.pooled_bias,
        },
        "files": {f.name: sha256_of(f) for f in sorted(folder.iterdir()) if f.name != CARD_FILE},
    }
    text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
    (folder / CARD_FILE).write_text(text, encoding="utf-8")


def note_export(card: AdapterCard, **measured: Any) -> None:
    """Write what was measured of an export into its card."""
    path = card.folder / CARD_FILE
    written = json.loads(path.read_text(encoding="utf-8"))
    written["export"] |= measured
    path.write_text(json.dumps(written, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


class _Images(nn.Module):
    """Both views of a film in, joined patches and the chances of the image check out."""

    def __init__(self, model: LocalAlignmentModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        patches, kinds = self.model.encode_image(images)
        if self.model.config.mirror:
            turned, _ = self.model.encode_image(images.flip(-1))
            patches = both_views(patches, turned.flip(2))
        return patches, torch.softmax(kinds, -1)


class _Texts(nn.Module):
    def __init__(self, model: LocalAlignmentModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        return self.model.encode_text(ids, mask)


def _smaller(image: Any, text: Any, films: Sequence[Float32]) -> tuple[Any, Any]:
    try:
        import nncf
    except ImportError as error:
        raise CheckpointError(
            "An int8 export needs nncf, which is not installed. Run: "
            "pip install 'radiograph-grounding-explorer[openvino]'"
        ) from error
    shown = nncf.Dataset([film[None] for film in films])
    quantised = nncf.quantize(image, shown, subset_size=len(films))
    return quantised, nncf.compress_weights(text, mode=nncf.CompressWeightsMode.INT8_ASYM)
