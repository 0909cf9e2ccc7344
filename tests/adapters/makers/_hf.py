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


def siglip_pieces() -> list[tuple[str, float]]:
    """End, unknown, letters alone and at the beginning of a word, and whole words."""
    letters = string.ascii_lowercase
    words = [*letters, *(f"▁{c}" for c in letters), *(f"▁{word}" for word in tiny_model.WORDS)]
    return [("</s>", 0.0), ("<unk>", 0.0), *((w, -20.0 + len(w)) for w in words)]


def save_sentencepiece(folder: Path) -> dict[str, int]:
    """The same words as `save_siglip_tokenizer`, in the file that SigLIP's makers publish."""
    from transformers.convert_slow_tokenizer import import_protobuf

    model = import_protobuf().ModelProto()
    for place, (piece, score) in enumerate(siglip_pieces()):
        model.pieces.add(piece=piece, score=score, type=(3, 2, 1)[min(place, 2)])
    model.trainer_spec.model_type = 1
    model.trainer_spec.unk_id, model.trainer_spec.eos_id = 1, 0
    model.trainer_spec.bos_id = model.trainer_spec.pad_id = -1
    model.normalizer_spec.name = "identity"
    model.normalizer_spec.add_dummy_prefix = True
    model.normalizer_spec.remove_extra_whitespaces = True
    model.normalizer_spec.escape_whitespaces = True
    (folder / "spiece.model").write_bytes(model.SerializeToString())
    return {piece: place for place, (piece, _) in enumerate(siglip_pieces())}


def save_gemma_tokenizer(folder: Path) -> dict[str, int]:
    """Characters as byte pairs without merges, as `transformers` keeps SigLIP 2's tokenizer."""
    from tokenizers import processors
    from transformers import Siglip2Tokenizer

    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    pieces = [*special, "▁", *string.ascii_lowercase, *string.digits, *"-,."]
    vocabulary = {piece: place for place, piece in enumerate(pieces)}
    made = Siglip2Tokenizer(vocab=vocabulary, merges=[], padding_side="right")
    made.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="$A <eos>", special_tokens=[("<eos>", vocabulary["<eos>"])]
    )
    made.save_pretrained(folder)
    return vocabulary


def save_siglip_tokenizer(folder: Path) -> dict[str, int]:
    """Whole words and letters as a unigram model, "</s>" at the end and as padding."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    pieces = siglip_pieces()
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
