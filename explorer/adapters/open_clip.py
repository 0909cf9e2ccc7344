"""open_clip folders (`open_clip_config.json`): BiomedCLIP, and models with open_clip's own towers.

BiomedCLIP is a timm ViT-B/16 with PubMedBERT. Patches are read along the value path of the last
block as for `clip`. Not done: ResNet, ConvNeXt and EVA image towers, and text towers that are
neither open_clip's own nor a BERT; a configuration that asks for one is refused by name.
"""

import html
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from explorer.adapters._base import AdapterCard
from explorer.adapters._bert import VOCABULARY_FILE, BertShape, WordPieces
from explorer.adapters._engine import Encoded, Stage
from explorer.adapters._hf import read_json
from explorer.adapters._import import Layout
from explorer.adapters._layouts import card_entries, clinical_layout, learned_temperature
from explorer.adapters._open_clip_config import OpenClipPlan, OpenClipSizes, read_plan
from explorer.adapters._open_clip_towers import (
    BertTower,
    ImageTower,
    QuickGelu,
    TextTower,
    TimmTower,
)
from explorer.adapters._published import PublishedEngine, sizes_of, weights_path
from explorer.adapters._weights import load_strictly, read_tensors
from explorer.encoders.files import TOKENIZER_FILE
from explorer.encoders.stored import not_as_described

CONFIG = "open_clip_config.json"
WEIGHTS = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
OPTIONAL = (*WEIGHTS, TOKENIZER_FILE, VOCABULARY_FILE)
FILES = (CONFIG, *OPTIONAL)
_TEXT_AT_TOP = (
    "positional_embedding",
    "text_projection",
    "token_embedding",
    "transformer",
    "ln_final",
)


class OpenClipNetwork(nn.Module):
    """Image tower, text tower and the scale of their logits."""

    def __init__(self, plan: OpenClipPlan, *, biased: bool) -> None:
        super().__init__()
        activation = QuickGelu if plan.quick_gelu else nn.GELU  # of open_clip's own towers
        self.visual: ImageTower | TimmTower
        if plan.timm:
            self.visual = TimmTower(plan.image, plan.dimension)
        else:
            self.visual = ImageTower(plan.image, plan.dimension, activation)
        self.text: TextTower | BertTower
        if isinstance(plan.text, BertShape):
            ends = {"pooler": plan.pooler, "projection": plan.projection}
            self.text = BertTower(plan.text, plan.dimension, **ends)
        else:
            self.text = TextTower(plan.text, plan.dimension, activation)
        self.logit_scale = nn.Parameter(torch.ones(()))
        self.logit_bias = nn.Parameter(torch.zeros(())) if biased else None


def layout(folder: Path) -> Layout | None:
    """A folder of the hub with an open_clip_config.json."""
    weights = next((folder / name for name in WEIGHTS if (folder / name).is_file()), None)
    if weights is None or not (folder / CONFIG).is_file():
        return None
    try:
        plan = read_plan(read_json(folder, (CONFIG,)), OpenClipSizes())
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise not_as_described(folder, f"{CONFIG}: {error}") from error
    entries = card_entries(
        plan.preprocessing,
        title=f"open_clip, ViT of {plan.image.depth} layers",
        grid_shape=(plan.image.grid_size, plan.image.grid_size),
        dimension=plan.dimension,
        pooling="mean",
        weights=WEIGHTS[0],
        temperature=learned_temperature(weights),
    )
    taken = clinical_layout(folder, weights, entries, name=WEIGHTS[0])
    return Layout(taken.entries, {**taken.files, CONFIG: folder / CONFIG})


def load(card: AdapterCard, *, device: str, precision: str) -> "OpenClipEngine":
    """Load strictly; see `explorer.adapters._base`.

    Raises:
        CheckpointError: The folder does not hold the network its card describes, or asks for
            towers that are not done here.
    """
    try:
        plan = read_plan(read_json(card.folder, (CONFIG,)), sizes_of(card, OpenClipSizes))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise not_as_described(card.folder, f"{CONFIG}: {error}") from error
    tensors = read_tensors(weights_path(card))
    network = OpenClipNetwork(plan, biased="logit_bias" in tensors)
    if not plan.nested:  # open_clip keeps its own text tower at the top
        tensors = {_nested(name): tensor for name, tensor in tensors.items()}
    load_strictly(network, tensors, folder=card.folder, unused=[r"(text\.)?attn_mask"])
    return OpenClipEngine(card, network, plan, device=device, precision=precision)


class Tokens(NamedTuple):
    """Token ids and mask of S phrases, (S, T)."""

    ids: Tensor
    mask: Tensor


class BytePairs:
    """The tokenizer of open_clip's own text tower, from tokenizer.json.

    Args:
        card: Of the checkpoint.
        most: Longest sequence in tokens, start and end among them; what is longer is cut.
    """

    def __init__(self, card: AdapterCard, *, most: int) -> None:
        try:
            self._tokenizer = Tokenizer.from_file(str(card.folder / TOKENIZER_FILE))
        except Exception as error:  # the library raises bare exceptions
            raise not_as_described(card.folder, f"{TOKENIZER_FILE}: {error}") from error
        self._tokenizer.enable_truncation(most)
        self._tokenizer.enable_padding(pad_id=0)

    def __call__(self, phrases: Sequence[str]) -> Tokens:
        """Cut phrases; one batch."""
        encoded = self._tokenizer.encode_batch(list(phrases))
        ids = torch.tensor([one.ids for one in encoded])
        return Tokens(ids, torch.tensor([one.attention_mask for one in encoded]))


def _nested(name: str) -> str:
    return f"text.{name}" if name.partition(".")[0] in _TEXT_AT_TOP else name


class OpenClipEngine(PublishedEngine):
    """A loaded checkpoint; see `explorer.adapters.Engine`."""

    def __init__(
        self,
        card: AdapterCard,
        network: OpenClipNetwork,
        plan: OpenClipPlan,
        *,
        device: str,
        precision: str,
    ) -> None:
        super().__init__(
            card,
            plan.preprocessing,
            grid_shape=(plan.image.grid_size, plan.image.grid_size),
            dimension=plan.dimension,
            device=device,
            precision=precision,
        )
        self._network = self.ready(network)
        self._pieces: WordPieces | BytePairs = (
            WordPieces(card.folder, most=plan.context)
            if isinstance(plan.text, BertShape)
            else BytePairs(card, most=plan.context)
        )

    def _patches(self, images: Tensor) -> Encoded:
        whole, patches = self._network.visual(images)
        return Encoded(patches, whole)

    def last_stage(self) -> Stage:
        """What the last block reads; see `DualEngine`."""
        return Stage(self._network.visual.before_last, self.card.grid_size)

    def _vectors(self, phrases: Sequence[str]) -> Tensor:
        cleaned = [html.unescape(html.unescape(phrase)).strip() for phrase in phrases]
        pieces = self._pieces(cleaned)
        vectors: Tensor = self._network.text(
            pieces.ids.to(self.device), pieces.mask.to(self.device)
        )
        return vectors
