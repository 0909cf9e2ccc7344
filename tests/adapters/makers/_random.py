"""Random weights for tiny networks: as a fresh network has them, but for what starts at zero."""

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from tests import tiny_model

VOCABULARY = tiny_model.tokenizer().get_vocab_size()


def seed() -> None:
    """The same network each time."""
    torch.manual_seed(7)


def fill_zeros(network: nn.Module) -> None:
    """Small noise where a fresh network has zeros: class tokens, positions, projections."""
    for parameter in network.parameters():
        if parameter.ndim and not parameter.any():
            nn.init.normal_(parameter, std=0.1)


def save(tensors: dict[str, Tensor], path: Path) -> None:
    """As safetensors, or as a pickle of plain tensors, by the suffix."""
    plain = {name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}
    if path.suffix == ".safetensors":
        save_file(plain, path, metadata={"format": "pt"})
    else:
        torch.save(plain, path)


def position_ids(tensors: dict[str, Tensor], bert: str) -> dict[str, Tensor]:
    """With the buffer that the BERT of older training programs wrote into its file."""
    positions = tensors[f"{bert}.embeddings.position_embeddings.weight"].shape[0]
    return {**tensors, f"{bert}.embeddings.position_ids": torch.arange(positions)[None]}
