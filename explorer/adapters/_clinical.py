"""What GLoRIA, MGCA, ConVIRT, LoVT and CXR-CLIP share: one file of weights, a BERT, one engine."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, Protocol, TypeVar

from torch import Tensor, nn

from explorer.adapters._base import AdapterCard
from explorer.adapters._bert import WordPieces
from explorer.adapters._preprocessing import Preprocessing
from explorer.adapters._published import PublishedEngine, sizes_of, weights_path
from explorer.adapters._weights import load_strictly, read_tensors

State = Mapping[str, Tensor]


class ClinicalSizes(Protocol):
    """Sizes of a network, and what follows from them."""

    @property
    def preprocessing(self) -> Preprocessing:
        """What the published code does to an image."""
        ...

    @property
    def grid_shape(self) -> tuple[int, int]:
        """(h, w) of the patches."""
        ...

    @property
    def dimension(self) -> int:
        """Of patches and phrases."""
        ...


Network = TypeVar("Network", bound=nn.Module)
Kind = TypeVar("Kind", bound=ClinicalSizes)
Loaded = TypeVar("Loaded", bound="ClinicalEngine[Any]")


class ClinicalEngine(PublishedEngine, Generic[Network]):
    """A loaded checkpoint; a family writes `_patches` and `_vectors`."""

    def __init__(
        self,
        card: AdapterCard,
        network: Network,
        tokenizer: WordPieces,
        sizes: ClinicalSizes,
        *,
        device: str,
        precision: str,
    ) -> None:
        super().__init__(
            card,
            sizes.preprocessing,
            grid_shape=sizes.grid_shape,
            dimension=sizes.dimension,
            device=device,
            precision=precision,
        )
        self._network = self.ready(network)
        self._tokenizer = tokenizer


def _as_they_are(tensors: State, _: Any) -> State:
    return tensors


def load_clinical(
    card: AdapterCard,
    engine: type[Loaded],
    *,
    sizes: type[Kind],
    network: Callable[[Kind], nn.Module],
    most_pieces: int,
    renamed: Callable[[State, Kind], State] = _as_they_are,
    unused: Iterable[str] = (),
    device: str,
    precision: str,
) -> Loaded:
    """Load strictly; see `explorer.adapters._base`.

    Args:
        card: Of the checkpoint.
        engine: Of the family.
        sizes: Whose defaults are the published ones; the card may say others.
        network: Made from sizes, without weights.
        most_pieces: Longest phrase in word pieces.
        renamed: From the tensors of the file to those of the network.
        unused: Patterns of names that the file holds and no forward pass reads.
        device: As `open_checkpoint` takes it.
        precision: As `open_checkpoint` takes it.

    Raises:
        CheckpointError: The folder does not hold the network its card describes.
    """
    said = sizes_of(card, sizes)
    made = network(said)
    tensors = renamed(read_tensors(weights_path(card)), said)
    load_strictly(made, tensors, folder=card.folder, unused=unused)
    tokenizer = WordPieces(card.folder, most=most_pieces)
    return engine(card, made, tokenizer, said, device=device, precision=precision)
