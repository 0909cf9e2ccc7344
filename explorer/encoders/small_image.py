"""A small image tower, to compare methods at equal cost: about a million numbers, no pre-training.

Plain 3x3 convolutions in residual blocks at strides 4, 8 and 16, added up at stride 8. At 128 px
the grid is 16 x 16. It is our own; what it shares with the large tower is the shape of its answer.
"""

from torch import Tensor, nn
from torch.nn import functional as F

from explorer.encoders.image import position, summarise

_CHANNELS = (32, 64, 128)  # at strides 4, 8, 16


class _Block(nn.Module):
    """Two 3x3 convolutions with batch norm around a skip."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.layers(x))


def _down(channels_in: int, channels_out: int, *, stride: int) -> nn.Sequential:
    """Non-overlapping patches of `stride` pixels to channels."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, stride, stride, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )


class SmallTrunk(nn.Module):
    """(B, 1, S, S) -> features at strides 4, 8 and 16."""

    def __init__(self) -> None:
        super().__init__()
        fine, mid, coarse = _CHANNELS
        self.fine = nn.Sequential(_down(1, fine, stride=4), _Block(fine))
        self.mid = nn.Sequential(_down(fine, mid, stride=2), _Block(mid))
        self.coarse = nn.Sequential(_down(mid, coarse, stride=2), _Block(coarse), _Block(coarse))

    @property
    def last_stage(self) -> nn.Module:
        """The stage with the coarsest features."""
        return self.coarse

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Images to features at three strides."""
        fine = self.fine(x)
        mid = self.mid(fine)
        return fine, mid, self.coarse(mid)


class SmallImageEncoder(nn.Module):
    """Trunk and neck: (B, 1, S, S) -> features (B, width, S / 8, S / 8) and (B, F) summary."""

    summary_size = 2 * sum(_CHANNELS)

    def __init__(self, *, width: int = 96, dropout: float = 0.1) -> None:
        super().__init__()
        self.width = width
        self.trunk = SmallTrunk()
        self.lateral = nn.ModuleList([nn.Conv2d(c, width, 1) for c in _CHANNELS])
        self.context = nn.Linear(_CHANNELS[-1], width)
        self.position = nn.Conv2d(4, width, 1)
        self.norm = nn.BatchNorm2d(width)
        self.dropout = nn.Dropout2d(dropout)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Images to patch features and summary."""
        fine, mid, coarse = self.trunk(x)
        top = self.lateral[2](coarse) + self.context(coarse.mean((2, 3)))[..., None, None]
        grid = (
            self.lateral[1](mid)
            + F.avg_pool2d(self.lateral[0](fine), 2)
            + self.position(position(mid))
        )
        grid = grid + F.interpolate(top, size=mid.shape[-2:], mode="bilinear", align_corners=False)
        return self.dropout(F.relu(self.norm(grid))), summarise((fine, mid, coarse))
