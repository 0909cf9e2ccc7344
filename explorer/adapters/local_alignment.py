"""Checkpoints trained here: `LocalAlignmentModel` in a Hugging Face folder."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import nn

from explorer.adapters._base import AdapterCard
from explorer.adapters._device import choose_device, choose_precision
from explorer.adapters._engine import DualEngine, Encoded, Stage
from explorer.adapters._reference import read_reference
from explorer.embeddings import Scoring
from explorer.encoders.alignment import (
    IMAGE_KINDS,
    LocalAlignmentModel,
    both_views,
)
from explorer.encoders.cast_once import cast_once
from explorer.encoders.files import CONFIG_FILE, IMAGE_CHECK_FILE, TOKENIZER_FILE, WEIGHTS_FILE
from explorer.encoders.fold_once import fold_once
from explorer.encoders.preprocessing import standardise
from explorer.encoders.stored import not_as_described, open_stored
from explorer.encoders.text import tokenize
from explorer.entities import (
    NOT_CHECKED,
    Float32,
    ImageCheck,
    ImageEmbeddings,
    ModelFrame,
    PatchGrid,
)
from explorer.errors import CheckpointError
from explorer.methods._attention import Asked
from explorer.methods._base import View
from explorer.methods._stored import METHOD_FILE, MapSource, open_method
from explorer.text import side_swapped

WEIGHTS = (WEIGHTS_FILE,)
FILES = (CONFIG_FILE, TOKENIZER_FILE, WEIGHTS_FILE, IMAGE_CHECK_FILE, METHOD_FILE)
# A shared text tower brings its tokenizer; few methods draw maps of their own.
OPTIONAL = (IMAGE_CHECK_FILE, TOKENIZER_FILE, METHOD_FILE)


def load(card: AdapterCard, *, device: str, precision: str) -> "LocalAlignmentEngine":
    """Load strictly: every tensor of the model must be in the file and nothing else.

    Raises:
        CheckpointError: The folder does not hold the model its card describes.
    """
    device = choose_device(device)
    dtype = choose_precision(precision, device=device)
    model, tokenizer = open_stored(card.folder)
    _check_shape(card, model)
    source = open_method(card.folder)
    return LocalAlignmentEngine(card, model, tokenizer, device=device, dtype=dtype, source=source)


def _check_shape(card: AdapterCard, model: LocalAlignmentModel) -> None:
    config = model.config
    side, grid = config.image_size, config.grid_size
    said = (card.input_size, card.grid_size, card.dimension)
    found = ((side, side), (grid, grid), config.embedding_size)
    if said != found:
        why = f"input, grid and dimension are {found}, the card says {said}"
        raise not_as_described(card.folder, why)


class LocalAlignmentEngine(DualEngine):
    """A loaded checkpoint; see `explorer.adapters.Engine`."""

    def __init__(
        self,
        card: AdapterCard,
        model: LocalAlignmentModel,
        tokenizer: Tokenizer,
        *,
        device: str,
        dtype: torch.dtype,
        source: MapSource | None = None,
    ) -> None:
        model.requires_grad_(requires_grad=False)
        scoring = Scoring(
            scale=float(model.log_scale.exp()),
            bias=float(model.bias),
            pooling=model.config.pooling,
            temperature=model.config.pooling_temperature,
            pooled_bias=float(model.pooled_bias),
        )
        super().__init__(
            card, device=device, dtype=dtype, scoring=scoring, reference=read_reference(card)
        )
        self._mirror = model.config.mirror
        self._tokenizer = tokenizer
        self._model = model.eval().requires_grad_(requires_grad=False).to(device)
        self._model.image_encoder.to(memory_format=torch.channels_last)
        fold_once(self._model.image_encoder, dtype)
        if dtype != torch.float32:
            self._model.text_encoder.fix(dtype)
            cast_once(self._model.phrase_projection, dtype)
        self._source = source.to(device) if isinstance(source, nn.Module) else None

    @property
    def draws_attention(self) -> bool:
        """Whether the training left a method that says by its own attention where a phrase is."""
        return self._source is not None

    def attention_map(self, image: Float32, phrases: Sequence[str]) -> Float32:
        """Where the method of the training looks for phrases: (S, h, w), each map with sum 1.

        Another answer than `similarity`: LoVT's cross attention, RadTex's decoder. The mirror
        image has no say in it.

        Args:
            image: Pixels in the model frame, as `embed_image` takes them.
            phrases: S texts.

        Raises:
            CheckpointError: The checkpoint brings no such method.
            PhraseError: A phrase is empty or too long.
        """
        if not isinstance(self._source, MapSource):
            raise CheckpointError(
                "Attention maps need a checkpoint of a method that draws them (gloria, lovt, "
                f"radtex), {self.card.name!r} is of none. Open another, or look at its "
                "similarity maps."
            )
        self.check_phrases(phrases)
        if not phrases:
            return np.zeros((0, *self.card.grid_size), np.float32)
        ids, mask = (t.to(self.device) for t in tokenize(self._tokenizer, phrases))
        there = mask.bool()
        with torch.inference_mode():
            with self.autocast():
                features, _ = self._model.image_encoder(self.on_device([image]))
            view = View(
                self._model.patch_projection(features.float()), features.float().movedim(1, -1)
            )
            last = there.sum(1, keepdim=True) - 1
            place = torch.arange(ids.shape[1], device=ids.device)
            special = there & ((place == 0) | (place == last))
            words = self._model.phrase_projection(self._model.text_encoder.word_vectors(ids, mask))
            asked = Asked(self._model.encode_text(ids, mask), words, ids, there, special)
            found = self._source.attention_map(view, asked)
        return np.asarray(found[0].cpu().numpy(), dtype=np.float32)

    def steps(self) -> tuple[str, ...]:
        """Placement, then each film by its own mean and deviation; see `Engine`."""
        placed = super().steps()[0]
        own = "less the film's own mean, divided by its own deviation; padding 0"
        mirrored = ("seen a second time as a mirror image",) if self._mirror else ()
        return (placed, own, *mirrored)

    def network_input(self, images: Sequence[Float32]) -> Float32:
        """Each image standardised over the radiograph; see `Engine`."""
        return np.stack([standardise(np.nan_to_num(p), ~np.isnan(p)) for p in images])[:, None]

    def embed_images(
        self, images: Sequence[Float32], *, frames: Sequence[ModelFrame]
    ) -> tuple[ImageEmbeddings, ...]:
        """Encode several in one batch, with what the image check says; see `Engine`."""
        if not images:
            return ()
        with torch.inference_mode(), self.autocast():
            patches, kinds = self._look(self.on_device(images))
        chances = torch.softmax(kinds.float(), -1).cpu().numpy()
        values = patches.float().cpu().numpy()
        return tuple(
            ImageEmbeddings(
                PatchGrid(grid, frame),
                image_check_of(chance) if self._model.config.checks_images else NOT_CHECKED,
                self.space_id,
            )
            for grid, chance, frame in zip(values, chances, frames, strict=True)
        )

    def _patches(self, images: torch.Tensor) -> Encoded:
        return Encoded(self._look(images)[0])

    def last_stage(self) -> Stage:
        """The coarsest stage of the trunk; see `DualEngine`."""
        return Stage(self._model.image_encoder.trunk.last_stage)

    def turned_back(self, maps: torch.Tensor) -> torch.Tensor:
        """The map of the mirror image is turned back; see `DualEngine`."""
        return maps[0] + maps[1].flip(-1) if self._mirror else maps[0]

    def texts_read(self, phrase: str) -> tuple[str, ...]:
        """With the mirror image, the side-swapped form as well; see `DualEngine`."""
        return _both_sides([phrase]) if self._mirror else (phrase,)

    def _look(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Patches and image-check logits, from the mirror image as well where the model does so."""
        count = len(images)
        every = torch.cat([images, images.flip(-1)]) if self._mirror else images
        patches, kinds = self._model.encode_image(every.to(memory_format=torch.channels_last))
        if self._mirror:
            patches = both_views(patches[:count], patches[count:].flip(2))
        return patches, kinds[:count]

    @property
    def towers(self) -> tuple[LocalAlignmentModel, Tokenizer]:
        """The model and its tokenizer, to be exported."""
        return self._model, self._tokenizer

    def _vectors(self, phrases: Sequence[str]) -> torch.Tensor:
        return with_swapped_sides(phrases, self._encode) if self._mirror else self._encode(phrases)

    def _encode(self, phrases: Sequence[str]) -> torch.Tensor:
        token_ids, mask = tokenize(self._tokenizer, phrases)
        return self._model.encode_text(token_ids.to(self.device), mask.to(self.device)).float()


def with_swapped_sides(
    phrases: Sequence[str], encode: Callable[[Sequence[str]], torch.Tensor]
) -> torch.Tensor:
    """Vectors of phrases and of their side-swapped forms, joined; one batch; see `both_views`."""
    others = [_other_side(phrase) for phrase in phrases]
    every = tuple(dict.fromkeys([*phrases, *others]))
    vectors, row = encode(every), {phrase: number for number, phrase in enumerate(every)}
    own, swapped = ([row[phrase] for phrase in side] for side in (phrases, others))
    return both_views(vectors[own], vectors[swapped])


def _both_sides(phrases: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*phrases, *map(_other_side, phrases)]))


def _other_side(phrase: str) -> str:
    return side_swapped(phrase) or phrase


NOT_CLEAR_CUT = 0.25  # of a second kind beside "frontal": the person is told of it

_MESSAGES = {
    "frontal": "",
    "lateral": "This looks like a lateral view; the model learned frontal radiographs only, "
    "so read its maps with doubt.",
    "rotated left": "This looks turned by a quarter to the left; turn it upright and try again.",
    "rotated right": "This looks turned by a quarter to the right; turn it upright and try again.",
    "upside down": "This looks upside down; turn it upright and try again.",
    "inverted": "This looks inverted, with dark bones and bright lungs; invert it and try again.",
    "not a chest radiograph": "This does not look like a chest radiograph. The model knows nothing "
    "else, so its maps would be meaningless here.",
}


def image_check_of(probabilities: Float32) -> ImageCheck:
    """What the chances of each of `IMAGE_KINDS` mean for a person."""
    scores = {kind: float(p) for kind, p in zip(IMAGE_KINDS, probabilities, strict=True)}
    verdict, second = sorted(scores, key=scores.__getitem__, reverse=True)[:2]
    message = _MESSAGES[verdict]
    if verdict == "frontal" and scores[second] >= NOT_CLEAR_CUT:
        message = (
            f"This may not be an upright frontal film: frontal {scores[verdict]:.2f}, {second} "
            f"{scores[second]:.2f}. Look at the film before you read its maps."
        )
    return ImageCheck(
        scores=scores,
        verdict=verdict,
        refuse=verdict == "not a chest radiograph",
        message=message,
    )
