"""Choice of device and precision."""

import platform
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Lock

import torch

from explorer.adapters._product_threads import at_most
from explorer.errors import CheckpointError

_PRECISIONS = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}


def choose_device(name: str) -> str:
    """Resolve "auto" to cuda, mps or cpu; check that a named device is there.

    Raises:
        CheckpointError: The device is unknown or absent.
    """
    present = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return next(d for d in ("cuda", "mps", "cpu") if present[d])
    if name not in present:
        raise CheckpointError(f"Unknown device {name!r}. Available: auto, cpu, cuda, mps.")
    if not present[name]:
        raise CheckpointError(f"This machine has no {name} device. Use --device auto or cpu.")
    return name


def choose_precision(name: str, *, device: str) -> torch.dtype:
    """Resolve "auto": bfloat16 where the device computes in it, else float16 (GPU) or float32.

    Raises:
        CheckpointError: The precision is unknown.
    """
    if name == "auto":
        if device == "cuda":
            return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
        if device == "cpu" and cpu_has_bfloat16():
            return torch.bfloat16
        return torch.float32
    if name not in _PRECISIONS:
        raise CheckpointError(
            f"Unknown precision {name!r}. Available: auto, {', '.join(_PRECISIONS)}."
        )
    return _PRECISIONS[name]


def cpu_has_bfloat16() -> bool:
    """Whether this processor multiplies in bfloat16 (AVX-512 BF16, AMX or Armv8.6 bf16)."""
    if platform.system() != "Linux":
        return False
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split()
    except OSError:
        return False
    return bool({"avx512_bf16", "amx_bf16", "bf16"} & set(flags))


@contextmanager
def sharing_processors(count: int) -> Iterator[None]:
    """Let the `count` threads of `encoding_threads` compute, each with its share of the processors.

    The matrix products of NumPy have threads of their own, which wait by spinning and take the
    processors from the others.
    """
    with at_most(_share(count), look_again=True):
        yield


def encoding_threads(count: int) -> ThreadPoolExecutor:
    """A pool of threads for which PyTorch computes with their share of the processors each.

    A small network does not fill many processors; studies side by side do. Other threads keep the
    number that they have, and new ones get it.
    """
    start = partial(_compute_with, _share(count))
    return ThreadPoolExecutor(count, thread_name_prefix="encoding", initializer=start)


def _share(count: int) -> int:
    return max(1, torch.get_num_threads() // count)


def _compute_with(threads: int) -> None:
    """Set the number of this thread alone.

    The number is each thread's own, but new threads take over what was set last.
    """
    with _setting, ThreadPoolExecutor(1) as new:
        usual = new.submit(torch.get_num_threads).result()
        torch.get_num_threads()  # else what was set last is taken over later
        torch.set_num_threads(threads)
        new.submit(torch.set_num_threads, usual).result()


_setting = Lock()
