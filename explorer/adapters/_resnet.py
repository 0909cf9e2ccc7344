"""ResNet with bottleneck blocks, its tensors named as torchvision names them.

Stride sits in the 3 x 3 convolution of a block (the "v1.5" of torchvision), and there is no
classifier: published chest radiograph models leave it out.
"""

from collections.abc import Sequence

from torch import Tensor, nn

EXPANSION = 4
RESNET_50 = (3, 4, 6, 3)


class Bottleneck(nn.Module):
    """1 x 1, 3 x 3 and 1 x 1 convolution around which the input is added."""

    def __init__(self, channels: int, width: int, *, stride: int) -> None:
        super().__init__()
        wide = EXPANSION * width
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, wide, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(wide)
        self.relu = nn.ReLU()
        self.downsample: nn.Module | None = None
        if stride > 1 or channels != wide:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels, wide, 1, stride=stride, bias=False), nn.BatchNorm2d(wide)
            )

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, h, w) to (B, 4 * width, h / stride, w / stride)."""
        short = images if self.downsample is None else self.downsample(images)
        inner = self.relu(self.bn1(self.conv1(images)))
        inner = self.relu(self.bn2(self.conv2(inner)))
        out: Tensor = self.relu(self.bn3(self.conv3(inner)) + short)
        return out


class ResNet(nn.Module):
    """The trunk: `stages` gives the four feature maps.

    Args:
        blocks: A stage, from the first.
        width: Channels of the first stage's 3 x 3 convolutions; doubles from stage to stage.
    """

    def __init__(self, *, blocks: Sequence[int] = RESNET_50, width: int = 64) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.channels = tuple(EXPANSION * width * 2**stage for stage in range(len(blocks)))
        before = width
        for stage, count in enumerate(blocks):
            inner, first = width * 2**stage, 1 if stage == 0 else 2
            layers = [Bottleneck(before, inner, stride=first)]
            before = EXPANSION * inner
            layers += [Bottleneck(before, inner, stride=1) for _ in range(count - 1)]
            setattr(self, f"layer{stage + 1}", nn.Sequential(*layers))

    def stages(self, images: Tensor) -> tuple[Tensor, ...]:
        """Feature maps (B, channels[i], h_i, w_i) at 1/4, 1/8, 1/16 and 1/32 of the input."""
        found = []
        hidden = self.maxpool(self.relu(self.bn1(self.conv1(images))))
        for stage in range(len(self.channels)):
            hidden = getattr(self, f"layer{stage + 1}")(hidden)
            found.append(hidden)
        return tuple(found)

    @property
    def last_stage(self) -> nn.Module:
        """The stage with the coarsest feature map."""
        return self.stage(-1)

    def stage(self, place: int) -> nn.Module:
        """One of the stages, as `stages` orders their feature maps."""
        found: nn.Module = getattr(self, f"layer{place % len(self.channels) + 1}")
        return found

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) to the last feature map (B, channels[-1], H / 32, W / 32)."""
        return self.stages(images)[-1]
