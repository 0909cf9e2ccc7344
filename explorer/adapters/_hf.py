"""Opens Hugging Face folders with `transformers`, strictly and offline, and reads their processors.

Weights are found, unpickled (`weights_only`) and renamed by `transformers` itself, which knows how
its own older files named their tensors. What it would fill with random numbers is an error here.
"""

import json
from collections.abc import Callable, Container, Mapping
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from explorer.adapters._base import AdapterCard
from explorer.adapters._import import Layout, Writer
from explorer.adapters._preprocessing import Preprocessing, Resampling
from explorer.adapters._sentencepiece import open_sentencepiece
from explorer.adapters._shards import (
    INDEX_FILE,
    PICKLED_INDEX_FILE,
    converted,
    require_whole,
    shard_names,
    write_index,
)
from explorer.adapters._weights import require_same_keys
from explorer.encoders.files import CONFIG_FILE, TOKENIZER_FILE, WEIGHTS_FILE
from explorer.encoders.stored import not_as_described
from explorer.errors import CheckpointError

WEIGHTS = (WEIGHTS_FILE, "pytorch_model.bin")
PROCESSORS = ("preprocessor_config.json", "processor_config.json")  # the second of transformers 5
TOKENIZER_SETTINGS, SENTENCEPIECE_FILE = "tokenizer_config.json", "spiece.model"
TOKENIZERS = (
    TOKENIZER_FILE,
    TOKENIZER_SETTINGS,
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    SENTENCEPIECE_FILE,
)
IMAGE_FILES = (*WEIGHTS, INDEX_FILE, *PROCESSORS)  # of which a folder has some
ALL_FILES = (*IMAGE_FILES, *TOKENIZERS)
_RESAMPLINGS: dict[int, Resampling] = {2: "bilinear", 3: "bicubic"}  # Pillow's numbers


def open_model(
    card: AdapterCard,
    classes: Mapping[str, str],
    *,
    published: Callable[[str], str] = str,
) -> Any:
    """The model of a folder in float32 on the CPU, every tensor from the file.

    Args:
        card: Of the checkpoint.
        classes: Model type in config.json -> class of `transformers`.
        published: Name of a tensor in `transformers` -> its name in the file, for the error.

    Raises:
        CheckpointError: Another model type, keys that are missing or extra, or a broken file.
    """
    import transformers

    kind = str(read_json(card.folder, (CONFIG_FILE,)).get("model_type"))
    if kind not in classes:
        raise CheckpointError(
            f"{CONFIG_FILE} of checkpoint {card.name!r} says model_type {kind!r}, the family "
            f"{card.family!r} reads {' and '.join(classes)}. Check the family on the card."
        )
    if INDEX_FILE in card.extra["files"]:
        require_whole(card.folder)
    transformers.logging.set_verbosity_error()  # what is wrong is raised below
    transformers.logging.disable_progress_bar()
    try:
        model, found = getattr(transformers, classes[kind]).from_pretrained(
            card.folder,
            local_files_only=True,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # or the error names no key
            attn_implementation="sdpa",
            dtype=torch.float32,
            use_safetensors=card.extra["weights"][0].endswith(".safetensors"),
        )
    except Exception as error:  # the library and what it calls raise many kinds
        raise not_as_described(card.folder, f"{type(error).__name__}: {error}") from error
    require_same_keys(
        missing=sorted(map(published, found["missing_keys"])),
        extra=sorted(found["unexpected_keys"]),
        shapes=[
            f"{published(name)} {tuple(has)} instead of {tuple(needs)}"
            for name, has, needs in sorted(found["mismatched_keys"])
        ],
        folder=card.folder,
    )
    return model


def open_tokenizer(card: AdapterCard) -> Any:
    """The tokenizer of a folder: tokenizer.json where it has one, then spiece.model.

    Raises:
        CheckpointError: Its files are missing or broken.
    """
    import transformers

    whole = (card.folder / TOKENIZER_FILE).exists()
    pieces = card.folder / SENTENCEPIECE_FILE
    kind = transformers.PreTrainedTokenizerFast if whole else transformers.AutoTokenizer
    try:
        if pieces.exists() and not whole:
            return open_sentencepiece(pieces)
        return kind.from_pretrained(card.folder, local_files_only=True)
    except Exception as error:  # the library and what it calls raise many kinds
        raise not_as_described(card.folder, f"tokenizer: {error}") from error


def preprocessing_of(folder: Path, *, side: int | None = None) -> Preprocessing:
    """What the processor of a folder does to an image.

    Args:
        folder: Of the checkpoint.
        side: Of the square that the network reads; None = it reads any.

    Raises:
        CheckpointError: Its file is missing, or names a step that is not known here.
    """
    said = read_json(folder, PROCESSORS)
    said = said.get("image_processor", said)
    try:
        size, crop = said["size"], said.get("crop_size")
        crop = crop if said.get("do_center_crop", crop is not None) else None
        shortest = size if isinstance(size, int) else size.get("shortest_edge")
        shape = _pair(crop if shortest else size)
        if side is not None and shape != (side, side):
            raise ValueError(f"images become {shape}, the network reads {(side, side)}")
        return Preprocessing(
            shape,
            "shorter side" if shortest else "both sides",
            resized_to=shortest or 0,
            **values_of(said),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise not_as_described(folder, f"{PROCESSORS[0]}: {error!r}") from error


def values_of(said: Mapping[str, Any]) -> dict[str, Any]:
    """Resampling, mean and deviation that a processor says, as `Preprocessing` takes them.

    Raises:
        KeyError, ValueError: It lacks an entry or names a step that is not known here.
    """
    if said.get("do_resize", True) is not True or said.get("do_rescale", True) is not True:
        raise ValueError("images must be resized and rescaled")
    if abs(said.get("rescale_factor", 1 / 255) * 255 - 1) > 1e-3:
        raise ValueError(f"rescale_factor must be 1/255, got {said['rescale_factor']}")
    if said["resample"] not in _RESAMPLINGS:
        raise ValueError(f"resample must be 2 or 3, got {said['resample']}")
    scaled = said.get("do_normalize", True)
    return {
        "resampling": _RESAMPLINGS[said["resample"]],
        "mean": _three(said["image_mean"]) if scaled else (0.0, 0.0, 0.0),
        "std": _three(said["image_std"]) if scaled else (1.0, 1.0, 1.0),
    }


def read_json(folder: Path, names: tuple[str, ...]) -> dict[str, Any]:
    """The first of these files that is there.

    Raises:
        CheckpointError: None is there, or it is no JSON object.
    """
    path = next((folder / name for name in names if (folder / name).exists()), folder / names[0])
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise not_as_described(folder, f"{path.name}: {error}") from error
    if not isinstance(found, dict):
        raise not_as_described(folder, f"{path.name} must be an object")
    return found


def hugging_face_layout(folder: Path, entries: Mapping[str, Any], *, words: bool) -> Layout | None:
    """The files of a Hugging Face folder that are read here; None without weights."""
    weights = _weights_of(folder)
    if not weights:
        return None
    names = (CONFIG_FILE, *PROCESSORS, *(TOKENIZERS if words else ()))
    kept = {name: folder / name for name in names if (folder / name).is_file()}
    named = [name for name in weights if name != INDEX_FILE]
    return Layout(entries={**entries, "weights": named}, files={**weights, **kept})


def _weights_of(folder: Path) -> dict[str, Path | Writer]:
    """Weights by their new name and what they come from: one file, or several and an index."""
    single, pickle = (folder / name for name in WEIGHTS)
    index, pickled_index = folder / INDEX_FILE, folder / PICKLED_INDEX_FILE
    if single.is_file():
        return {WEIGHTS_FILE: single}
    if index.is_file():
        return {INDEX_FILE: index, **{name: folder / name for name in _present(index)}}
    if pickle.is_file():
        return {WEIGHTS_FILE: pickle}
    if pickled_index.is_file():
        shards = {converted(name): folder / name for name in _present(pickled_index)}
        return {INDEX_FILE: partial(write_index, pickled_index), **shards}
    return {}


def _present(index: Path) -> tuple[str, ...]:
    names = shard_names(index)
    lacking = [name for name in names if not (index.parent / name).is_file()]
    if lacking:
        raise CheckpointError(
            f"{index.parent.name!r} lacks {lacking[0]!r}, {len(lacking)} of the {len(names)} files "
            f"of weights that {index.name} names. Copy the whole folder again."
        )
    return names


def config_of(folder: Path, kinds: Container[str]) -> dict[str, Any] | None:
    """config.json where it names one of these model types."""
    if not (folder / CONFIG_FILE).is_file():
        return None
    config = read_json(folder, (CONFIG_FILE,))
    return config if config.get("model_type") in kinds else None


def last_block_twice(layers: Any, tokens: Tensor) -> tuple[Tensor, Tensor]:
    """Tokens (B, N, C) after the last block as trained, and with each looking at itself alone.

    See `explorer.adapters._vit`; the mask lets the blocks of `transformers` do it.
    """
    for layer in layers[:-1]:
        tokens = layer(tokens, None)
    alone = torch.eye(tokens.shape[1], dtype=torch.bool, device=tokens.device)[None, None]
    return layers[-1](tokens, None), layers[-1](tokens, alone)


def before_last(layers: Any, first: Any) -> Any:
    """The module whose output the last block reads: the block before it, or what comes first."""
    return layers[-2] if len(layers) > 1 else first


def _pair(value: Any) -> tuple[int, int]:
    if isinstance(value, int):
        return value, value
    return int(value["height"]), int(value["width"])


def _three(values: Any) -> tuple[float, float, float]:
    if len(values) != 3:
        raise ValueError(f"mean and std need three channels, got {values}")
    return cast(tuple[float, float, float], tuple(float(v) for v in values))
