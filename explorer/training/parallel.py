"""Several processes train as one: each encodes its share of the images, all compute one loss.

`torchrun` starts the processes. Every one draws the same whole batch, encodes its own images and
gets the patches of the others, so that negatives are those of the joined batch. Batch norms take
their statistics over it, dropout its own rows of one draw: a step of N processes is the step of one
process with all images, up to rounding.
"""

import datetime
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, distributed, nn

from explorer.errors import TrainingError

# One process teaches the text tower, checks and calibrates while the others wait.
_PATIENCE = datetime.timedelta(days=2)


@dataclass(frozen=True, slots=True)
class ProcessGroup:
    """Number of this process and how many there are; one alone is a group too."""

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """True in the process that writes files and speaks."""
        return self.rank == 0

    def share(self, count: int) -> slice:
        """Which of `count` images this process encodes: neighbours, sizes that differ by 1 at most.

        Raises:
            TrainingError: There are fewer images than processes.
        """
        if count < self.size:
            raise TrainingError(
                f"Each of {self.size} processes needs an image, a batch has {count}. "
                "Raise boxed, weak or phantoms, or start fewer processes."
            )
        return slice(*(r * count // self.size for r in (self.rank, self.rank + 1)))

    def gather(self, own: Tensor, *, count: int) -> Tensor:
        """Rows of all processes (count, ...) from own rows, with gradients for the own ones."""
        return own if self.size == 1 else _Gather.apply(own, self, count)

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace each gradient by its mean over processes; all must have the same ones."""
        gradients = [p.grad for p in parameters if p.grad is not None]
        if self.size == 1:
            return
        flat = torch.cat([g.reshape(-1) for g in gradients])
        distributed.all_reduce(flat)
        for gradient, mean in zip(
            gradients, (flat / self.size).split([g.numel() for g in gradients]), strict=True
        ):
            gradient.copy_(mean.view_as(gradient))

    def same_everywhere(self, module: nn.Module) -> None:
        """Give every process the weights and buffers of the first."""
        if self.size > 1:
            for tensor in module.state_dict().values():
                sent = tensor.contiguous()  # a copy where channels are last
                distributed.broadcast(sent, 0)
                tensor.copy_(sent)

    @contextmanager
    def first_goes_first(self) -> Iterator[None]:
        """The others wait until the first has left, to find what it wrote."""
        if self.size > 1 and not self.first:
            distributed.barrier()
        yield
        if self.size > 1 and self.first:
            distributed.barrier()


def process_group() -> ProcessGroup:
    """The processes that were joined, or this one alone."""
    if not distributed.is_available() or not distributed.is_initialized():
        return ProcessGroup()
    return ProcessGroup(distributed.get_rank(), distributed.get_world_size())


def device() -> torch.device:
    """Where this process trains: its own CUDA device if there is one, or the CPU."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))


@contextmanager
def joined() -> Iterator[ProcessGroup]:
    """Join the processes that `torchrun` started; without it, there is only this one."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or distributed.is_initialized():
        yield process_group()
        return
    place = device()
    if place.type == "cuda":
        torch.cuda.set_device(place)
    backend = "nccl" if place.type == "cuda" else "gloo"
    distributed.init_process_group(backend, timeout=_PATIENCE)
    try:
        yield process_group()
    finally:
        distributed.destroy_process_group()


@contextmanager
def joined_layers(module: nn.Module, members: ProcessGroup, *, count: int) -> Iterator[None]:
    """Let batch norms and dropout of a module see the joined batch while this lasts.

    Parameters and buffers stay the same objects, so optimiser and state dict notice nothing.

    Args:
        module: Changed in place, and back.
        members: The processes.
        count: Images in the joined batch.
    """
    kept = [
        (parent, name, child)
        for parent in module.modules()
        for name, child in parent.named_children()
        if isinstance(child, nn.BatchNorm2d | nn.Dropout2d)
    ]
    if members.size == 1:
        kept = []
    for parent, name, child in kept:
        twin = (
            _joined_dropout(child, members, count)
            if isinstance(child, nn.Dropout2d)
            else _joined_norm(child)
        )
        setattr(parent, name, twin.train(child.training))
    try:
        yield
    finally:
        for parent, name, child in kept:
            setattr(parent, name, child.train(getattr(parent, name).training))


class JoinedBatchNorm2d(nn.BatchNorm2d):
    """Batch norm over the images of all processes, for devices `nn.SyncBatchNorm` does not know."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape and type; sums in float32 or better."""
        if not self.training:
            return super().forward(x)
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        wide = x.to(torch.promote_types(x.dtype, torch.float32))
        own = torch.tensor([wide[:, 0].numel()], device=x.device, dtype=wide.dtype)
        sums = _AllSum.apply(torch.cat([wide.sum((0, 2, 3)), own]))
        total = sums[-1].detach()
        mean = sums[:-1] / total
        centred = wide - mean[:, None, None]
        variance = _AllSum.apply(centred.square().sum((0, 2, 3))) / total
        with torch.no_grad():
            momentum = 0.1 if self.momentum is None else self.momentum
            self.num_batches_tracked.add_(1)
            self.running_mean.lerp_(mean, momentum)
            self.running_var.lerp_(variance * total / (total - 1), momentum)
        gain = self.weight * (variance + self.eps).rsqrt()
        return (centred * gain[:, None, None] + self.bias[:, None, None]).to(x.dtype)


class JoinedDropout2d(nn.Dropout2d):
    """Dropout that takes its rows of one draw for the joined batch; seeds must be equal."""

    def __init__(self, p: float, *, rows: slice, count: int) -> None:
        super().__init__(p)
        self._rows, self._count = rows, count

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape; whole channels are dropped."""
        if not self.training or self.p == 0:
            return x
        kept = x.new_empty((self._count, x.shape[1], 1, 1)).bernoulli_(1 - self.p)
        return x * kept.div_(1 - self.p)[self._rows]


def _joined_dropout(layer: nn.Dropout2d, members: ProcessGroup, count: int) -> nn.Module:
    return JoinedDropout2d(layer.p, rows=members.share(count), count=count)


def _joined_norm(layer: nn.BatchNorm2d) -> nn.Module:
    """A layer with the very tensors of `layer`."""
    kind = nn.SyncBatchNorm if layer.weight.device.type == "cuda" else JoinedBatchNorm2d
    twin = kind(layer.num_features, eps=layer.eps, momentum=layer.momentum)
    twin.weight, twin.bias = layer.weight, layer.bias
    twin.running_mean, twin.running_var = layer.running_mean, layer.running_var
    twin.num_batches_tracked = layer.num_batches_tracked
    return twin


class _Gather(torch.autograd.Function):
    """Rows of all processes; backwards, N times the gradient of the own rows.

    Every process computes the same loss, so no gradient need travel: its own rows hold what all
    would send. N times, since gradients of weights are averaged, not added, over processes.
    """

    @staticmethod
    def forward(ctx: Any, own: Tensor, members: ProcessGroup, count: int) -> Tensor:
        ctx.rows, ctx.size = members.share(count), members.size
        largest = -(-count // members.size)
        padded = own.new_zeros((largest, *own.shape[1:]))
        padded[: len(own)] = own
        parts = [torch.empty_like(padded) for _ in range(members.size)]
        distributed.all_gather(parts, padded)
        shares = [ProcessGroup(r, members.size).share(count) for r in range(members.size)]
        return torch.cat([p[: s.stop - s.start] for p, s in zip(parts, shares, strict=True)])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        return gradients[0][ctx.rows] * ctx.size, None, None


class _AllSum(torch.autograd.Function):
    """Sum over processes, forwards and backwards."""

    @staticmethod
    def forward(_: Any, own: Tensor) -> Tensor:
        return _all_sum(own)

    @staticmethod
    def backward(_: Any, *gradients: Tensor) -> Tensor:
        return _all_sum(gradients[0])


def _all_sum(own: Tensor) -> Tensor:
    total = own.detach().clone(memory_format=torch.contiguous_format)
    distributed.all_reduce(total)
    return total
