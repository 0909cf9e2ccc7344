"""A tiny LocalAlignmentModel with its tokenizer: real layers, made-up words, no training."""

import json
import string
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from torch import Tensor, nn
from transformers import BertConfig

from explorer.encoders.alignment import LocalAlignmentConfig, LocalAlignmentModel
from explorer.encoders.text import TextEncoder, shape_of

SIDE = 64
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WORDS = (  # noqa: SIM905 - a list would take a line a word
    "no left right upper mid lower lung mass nodule pneumonia effusion pleural atelectasis "
    "cardiomegaly pneumothorax opacity the is of in there evidence heart base infiltrate"
).split()


def tokenizer(*, filler: int = 0) -> Tokenizer:
    """A WordPiece tokenizer in the form of BERT's; `filler` unused entries come before words."""
    pieces = [*SPECIAL, *(f"[unused{i}]" for i in range(filler))]
    pieces += [*string.ascii_lowercase, *(f"##{c}" for c in string.ascii_lowercase), *WORDS]
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    made = Tokenizer(models.WordPiece(vocab=vocabulary, unk_token="[UNK]"))
    made.add_special_tokens(list(SPECIAL))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        special_tokens=[(t, vocabulary[t]) for t in ("[CLS]", "[SEP]")],
    )
    return made


def bert_config(*, words: int | None = None, **changes: Any) -> BertConfig:
    """Two layers of 16 numbers."""
    shape: dict[str, Any] = {
        "vocab_size": words or tokenizer().get_vocab_size(),
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "max_position_embeddings": 128,
    }
    return BertConfig(**(shape | changes))


def text_encoder(*, seed: int = 0, **changes: Any) -> TextEncoder:
    """An untrained tower whose words differ enough to tell phrases apart."""
    torch.manual_seed(seed)
    encoder = TextEncoder(bert_config(**changes))
    nn.init.normal_(encoder.bert.embeddings.word_embeddings.weight, std=1.0)
    return encoder.eval()


def images(count: int, *, side: int = SIDE, seed: int = 0) -> Tensor:
    """Standardised smooth noise (count, 1, side, side)."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randn(count, 1, side // 8, side // 8, generator=generator)
    return nn.functional.interpolate(coarse, size=(side, side), mode="bicubic")


def pixels(*, side: int = SIDE, seed: int = 0) -> np.ndarray:
    """One radiograph-shaped array (side, side) float32 in [0, 1]."""
    values = images(1, side=side, seed=seed)[0, 0].numpy()
    return ((values - values.min()) / np.ptp(values)).astype(np.float32)


def model(
    *, seed: int = 0, pooling: str = "log-sum-exp", mirror: bool = False
) -> LocalAlignmentModel:
    """An untrained model whose batch norms know the images above, so that no layer is silent."""
    encoder = text_encoder(seed=seed)
    made = LocalAlignmentModel(
        LocalAlignmentConfig(
            image_size=SIDE,
            width=16,
            dimension=12,
            pooling=pooling,
            mirror=mirror,
            text=shape_of(encoder),
        )
    )
    made.text_encoder.load_state_dict(encoder.state_dict())
    norms = [m for m in made.modules() if isinstance(m, nn.BatchNorm2d | nn.BatchNorm1d)]
    kept = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 1.0
    with torch.no_grad():
        made.train().encode_image(images(8))
    for norm, momentum in zip(norms, kept, strict=True):
        norm.momentum = momentum
    return made.half().float().eval()  # as a checkpoint stores it


def rewrite_card(folder: Path, **changes: Any) -> None:
    """Change entries of card.json; a value of None takes the entry away."""
    path = folder / "card.json"
    card = json.loads(path.read_text(encoding="utf-8")) | changes
    card = {k: v for k, v in card.items() if v is not None}
    path.write_text(json.dumps(card), encoding="utf-8")
