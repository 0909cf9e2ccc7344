"""Tiny Hugging Face folders: weights and configuration by `transformers`, tokenizers by hand."""

import json
import string
from pathlib import Path
from typing import Any

from tests import tiny_model

END = "</w>"


SHARD = "90KB"  # of tiny weights


def save_model(model: Any, folder: Path, *, sharded: bool = False) -> None:
    """Weights and config.json as `transformers` writes them, in one file or in several."""
    import transformers

    transformers.logging.disable_progress_bar()
    model.save_pretrained(folder, **({"max_shard_size": SHARD} if sharded else {}))


def weights_in(folder: Path) -> list[str]:
    """Names of the weights files."""
    return sorted(file.name for file in folder.glob("*.safetensors"))


def save_processor(folder: Path, **entries: Any) -> None:
    """preprocessor_config.json as the hub has them."""
    said = {
        "do_resize": True,
        "do_rescale": True,
        "do_normalize": True,
        "rescale_factor": 1 / 255,
        **entries,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(said), encoding="utf-8")


def clip_vocabulary() -> dict[str, int]:
    """Letters alone and at the end of a word; the end token has the highest id."""
    letters = string.ascii_lowercase + string.digits
    pieces = [*letters, *(f"{c}{END}" for c in letters), "<|startoftext|>", "<|endoftext|>"]
    return {piece: i for i, piece in enumerate(pieces)}


def save_clip_tokenizer(folder: Path) -> None:
    """Byte pairs without merges: every letter is a token."""
    from transformers import CLIPTokenizer

    CLIPTokenizer(vocab=clip_vocabulary(), merges=[]).save_pretrained(folder)


def save_siglip_tokenizer(folder: Path) -> dict[str, int]:
    """Whole words as a unigram model, "</s>" at the end and as padding."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    words = ["</s>", "<unk>", *string.ascii_lowercase, *tiny_model.WORDS]
    pieces = [(w if i < 2 else f"▁{w}", -float(i)) for i, w in enumerate(words)]
    made = Tokenizer(models.Unigram(pieces, unk_id=1))
    made.add_special_tokens(["</s>", "<unk>"])
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 0)]
    )
    made.save(str(folder / "tokenizer.json"))
    said = {
        "tokenizer_class": "SiglipTokenizer",
        "eos_token": "</s>",
        "pad_token": "</s>",
        "unk_token": "<unk>",
        "do_lower_case": True,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(said), encoding="utf-8")
    vocabulary: dict[str, int] = made.get_vocab()
    return vocabulary
