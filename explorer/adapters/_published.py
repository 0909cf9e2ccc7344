"""What the published families share: sizes, files, preprocessing and the check against the card."""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from torch import Tensor, nn

from explorer.adapters._base import AdapterCard
from explorer.adapters._device import choose_device, choose_precision
from explorer.adapters._engine import DualEngine
from explorer.adapters._preprocessing import Preprocessing
from explorer.adapters._reference import read_reference
from explorer.encoders.stored import not_as_described
from explorer.entities import Float32, ModelFrame

Sizes = TypeVar("Sizes")
Network = TypeVar("Network", bound=nn.Module)


class PublishedEngine(DualEngine):
    """An engine that is not calibrated and whose preprocessing is a `Preprocessing`.

    Args:
        card: Of the checkpoint; its input, grid and dimension must be those of the network.
        preprocessing: As published.
        grid_shape: (h, w) of the patches that the network gives.
        dimension: Of its patches and phrases.
        device, precision: As `open_checkpoint` takes them.

    Raises:
        CheckpointError: The card says other sizes, or the device is absent.
    """

    def __init__(
        self,
        card: AdapterCard,
        preprocessing: Preprocessing,
        *,
        grid_shape: tuple[int, int],
        dimension: int,
        device: str,
        precision: str,
    ) -> None:
        device = choose_device(device)
        super().__init__(
            card,
            device=device,
            dtype=choose_precision(precision, device=device),
            reference=read_reference(card),
        )
        said = (card.input_size, card.grid_size, card.dimension)
        found = (preprocessing.input_shape, grid_shape, dimension)
        if said != found:
            why = f"input, grid and dimension are {found}, the card says {said}"
            raise not_as_described(card.folder, why)
        self.preprocessing = preprocessing

    def frame_of(self, rows: int, columns: int) -> ModelFrame:
        """How a radiograph of this shape is placed in the model input; see `Engine`."""
        return self.preprocessing.frame(rows, columns, grid_shape=self.card.grid_size)

    def model_input(self, pixels: Float32, *, frame: ModelFrame) -> Float32:
        """Resample into the model frame as published; see `Engine`."""
        return self.preprocessing.model_input(pixels, frame)

    def network_input(self, images: Sequence[Float32]) -> Float32:
        """Padding black, then mean and deviation of each channel; see `Engine`."""
        return self.preprocessing.network_input(images)

    def steps(self) -> tuple[str, ...]:
        """The published steps; see `Engine`."""
        return self.preprocessing.steps()

    def ready(self, network: Network) -> Network:
        """The network on the device of this engine, not to be trained."""
        network.eval().requires_grad_(requires_grad=False).to(self.device)
        return network


def sizes_of(card: AdapterCard, kind: type[Sizes]) -> Sizes:
    """Sizes of a network: the published ones, but for what `architecture` of the card says.

    Args:
        card: Of the checkpoint.
        kind: A dataclass whose defaults are the published sizes.

    Raises:
        CheckpointError: The card names a size that the family does not have.
    """
    try:
        return _filled(kind, card.extra.get("architecture", {}))
    except (TypeError, ValueError, AttributeError) as error:
        raise not_as_described(card.folder, f"architecture: {error}") from error


def _filled(kind: type[Sizes], said: dict[str, Any]) -> Sizes:
    types = get_type_hints(kind)
    unknown = set(said) - {f.name for f in fields(kind)}  # type: ignore[arg-type]
    if unknown:
        raise ValueError(f"unknown size {min(unknown)!r}, known are {', '.join(types)}")
    return kind(**{name: _value(types[name], value) for name, value in said.items()})


def _value(kind: Any, said: Any) -> Any:
    """A size as the network takes it: numbers in a list as a tuple, an object as its dataclass."""
    for inner in (kind, *get_args(kind)):
        if is_dataclass(inner) and isinstance(inner, type):
            return _filled(inner, said)
    return tuple(said) if isinstance(said, list) else said


def weights_path(card: AdapterCard) -> Path:
    """The weights file that the card names."""
    return card.folder / card.extra["weights"][0]


def in_place(patches: Tensor, grid_shape: tuple[int, int]) -> Tensor:
    """(B, h * w, C) to (B, h, w, C)."""
    return patches.unflatten(1, grid_shape)


def positions(features: Tensor) -> Tensor:
    """A feature map (B, C, h, w) as vectors in place, (B, h, w, C)."""
    return features.permute(0, 2, 3, 1)
