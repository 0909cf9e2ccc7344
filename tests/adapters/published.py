"""What tests of published families share: a tiny engine, a film, and slow copies of formulas."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from explorer.adapters import Engine

from . import battery

PHRASE = "left pleural effusion"


def opened(folder: Path, maker: Any, **options: Any) -> Any:
    folder.mkdir(exist_ok=True)
    maker.make(folder, **options)
    return battery.open_tiny(folder)


def encode_one(engine: Engine) -> Any:
    return battery.encode(engine, [battery.film((90, 70))])[0]


def images_of(engine: Engine) -> Tensor:
    pixels = battery.film((90, 70))
    inside = engine.model_input(pixels, frame=engine.frame_of(*pixels.shape))
    return torch.from_numpy(engine.network_input([inside]))


def hidden_states(bert: Any, tokenizer: Any, phrase: str) -> tuple[Any, list[str]]:
    """All layers (L, T, C) of a BERT for one phrase, and its pieces."""
    pieces = tokenizer([phrase])
    with torch.inference_mode():
        found = bert(pieces.ids, pieces.mask, output_hidden_states=True)
    names = [tokenizer._tokenizer.id_to_token(int(i)) for i in pieces.ids[0]]
    return torch.stack(found.hidden_states)[:, 0], names


def words_by_loop(vectors: Tensor, pieces: list[str]) -> list[Tensor]:
    """Pieces that begin with ## are added to the word before."""
    words: list[Tensor] = []
    for vector, piece in zip(vectors, pieces, strict=True):
        if piece.startswith("##"):
            words[-1] = words[-1] + vector
        else:
            words.append(vector)
    return words


def unit(vector: Tensor) -> Any:
    return functional.normalize(vector, dim=-1).numpy()
