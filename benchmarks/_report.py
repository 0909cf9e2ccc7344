"""Shared by the benchmarks: a result file that says commit, date, seed, machine and protocol."""

import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
DATA = ROOT.parent / "shared" / "data"  # films with labels and boxes, see docs/benchmarks.md
SCHEMA = 1


def write_report(
    name: str,
    *,
    protocol: str,
    seed: int | None,
    results: Mapping[str, Any],
    folder: Path = RESULTS,
) -> Path:
    """Write `folder/<name>.json` and say on the terminal where it is.

    Args:
        name: Name of the script without suffix, e.g. "first_map".
        protocol: One or two sentences: what was measured, how often, on what input, with units.
        seed: Seed of every random draw; None when nothing is random.
        results: Figures by name; the unit is the end of the name (`_ms`, `_mb`, `_s`).
        folder: Where result files live.

    Returns:
        Path of the file.
    """
    report = {
        "schema": SCHEMA,
        "name": name,
        "protocol": protocol,
        "commit": commit(),
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "seed": seed,
        "machine": machine(),
        "results": dict(results),
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(json.dumps(report, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    sys.stdout.write(f"{path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}\n")
    return path


def commit() -> str:
    """Commit the figures belong to; "+changes" is added when code differs from that commit."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    try:
        changed = git(
            "status", "--porcelain", "--", "explorer", "app.py", "assets", "benchmarks/*.py"
        )
        return git("rev-parse", "--short=12", "HEAD") + ("+changes" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown: not a git checkout"


def machine() -> dict[str, Any]:
    """What a reader needs to compare times: processor, cores, memory, load, versions."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "load_before": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "torch": _version("torch"),
        "accelerator": _accelerator(),
        **({"scheduling": "real time, before other work"} if _runs_before_others() else {}),
    }


def timed(call: Callable[[], Any], *, rounds: int, warm_up: int = 1) -> dict[str, float]:
    """Time `call` in milliseconds: minimum and median of `rounds` calls after `warm_up` calls."""
    for _ in range(warm_up):
        call()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1000)
    return {"min_ms": round(min(times), 3), "median_ms": round(statistics.median(times), 3)}


def alternate(*calls: Callable[[], object], rounds: int) -> list[list[float]]:
    """Milliseconds of each call by round; every round makes each call once, in turn."""
    times: list[list[float]] = [[] for _ in calls]
    for round_number in range(rounds + 1):
        for call, kept in zip(calls, times, strict=True):
            start = time.perf_counter()
            call()
            if round_number:  # the first round warms up
                kept.append((time.perf_counter() - start) * 1000)
    return times


def own_memory_mb() -> float:
    """Memory of this process that is no file, in 10^6 bytes; 0 where the system does not say."""
    status = Path("/proc/self/status")
    lines = status.read_text("utf-8").splitlines() if status.exists() else []
    own = [line.split()[1] for line in lines if line.startswith("RssAnon")]
    return int(own[0]) * 1024 / 1e6 if own else 0.0


def _runs_before_others() -> bool:
    """Whether the system gives this process the processors first, as `chrt -f` asks (Linux)."""
    return sys.platform == "linux" and os.sched_getscheduler(0) in (os.SCHED_FIFO, os.SCHED_RR)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text(encoding="utf-8", errors="replace").splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        if names:
            return names[0]
    return platform.processor() or platform.machine()


def _version(package: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _accelerator() -> str:
    import torch

    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none"
