"""Opens a sentencepiece file with `tokenizers`, so that the package sentencepiece is not needed.

`transformers` reads the file itself; only unigram models are taken, which SigLIP's is.
"""

from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

_UNIGRAM = 1
_CONTROL = 3  # type of a piece that no text becomes
END, UNKNOWN = "</s>", "<unk>"  # as SigLIP's tokenizer has them; it pads with the end


def open_sentencepiece(path: Path) -> Any:
    """A tokenizer of `transformers` that cuts as the file says and puts the end token last.

    Raises:
        ValueError: It is no unigram model with an end token.
        Exception: The file cannot be read; the library raises its own.
    """
    import transformers
    from transformers.convert_slow_tokenizer import import_protobuf

    said = import_protobuf().ModelProto.FromString(path.read_bytes())
    pieces = [(piece.piece, piece.score) for piece in said.pieces]
    ids = {piece: place for place, (piece, _) in enumerate(pieces)}
    if said.trainer_spec.model_type != _UNIGRAM or END not in ids or UNKNOWN not in ids:
        raise ValueError(f"{path.name} must be a unigram model with {END} and {UNKNOWN}")
    made = Tokenizer(models.Unigram(pieces, unk_id=ids[UNKNOWN]))
    control = [piece.piece for piece in said.pieces if piece.type == _CONTROL]
    made.add_special_tokens([AddedToken(piece, normalized=False) for piece in control])
    characters = said.normalizer_spec.precompiled_charsmap
    made.normalizer = normalizers.Sequence(
        [
            *([normalizers.Precompiled(characters)] if characters else []),
            normalizers.Strip(left=True, right=True),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    made.post_processor = processors.TemplateProcessing(
        single=f"$A {END}", special_tokens=[(END, ids[END])]
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, eos_token=END, pad_token=END, unk_token=UNKNOWN
    )
