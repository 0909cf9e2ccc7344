"""A checkpoint in several replicas on Ray Serve, behind the interface of one engine.

A replica gathers what is asked within some milliseconds, by however many processes, and encodes it
as one batch. The engine that asks keeps the checkpoint at hand for all that is no encoding.
"""

import copy
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from explorer.adapters import Engine, Recent, open_checkpoint
from explorer.entities import Float32, ImageEmbeddings, ModelFrame
from explorer.errors import ClusterError
from explorer.serving.pool import connected

LARGEST, WAIT_S = 16, 0.01  # films or phrases of a batch; how long one waits for others
_TRIES = 5  # of a call whose replica was lost


@contextmanager
def replicas(engine: Engine, *, count: int, address: str | None = None) -> Iterator[Engine]:
    """Start replicas of a checkpoint, or join those that run, and give an engine that asks them.

    Args:
        engine: Loaded from its folder, which all machines see under the same path.
        count: How many, one processor each.
        address: Of the Ray cluster, where replicas stay when the context ends, for others to
            join; None starts one of this machine for as long as the context lasts.

    Raises:
        ClusterError: Ray Serve is not installed, or there is no cluster.
    """
    serve = _import_serve()
    with connected(address, processors=count + 1):  # one for what directs the replicas
        name = f"explorer-{engine.card.sha256[:12]}-{engine.device}-{engine.precision}"
        serve.start(proxy_location="Disabled")  # asked by handle, not by HTTP
        running = serve.status().applications
        if name in running and running[name].status == "RUNNING":
            handle = serve.get_app_handle(name)
        else:
            handle = serve.run(_application(serve, engine, count), name=name, route_prefix=None)
        try:
            yield _asking(engine, handle)
        finally:
            if address is None:
                serve.shutdown()


def _asking(engine: Engine, handle: Any) -> Engine:
    """The engine, with its two encoders asked of replicas."""

    def embed_images(
        images: Sequence[Float32], *, frames: Sequence[ModelFrame]
    ) -> tuple[ImageEmbeddings, ...]:
        pairs = list(zip(images, frames, strict=True))
        return tuple(_answers(handle.image, pairs))

    def embed_text(phrases: Sequence[str]) -> Float32:
        engine.check_phrases(phrases)  # type: ignore[attr-defined]
        rows = _answers(handle.text, phrases)
        return np.array(rows, dtype=np.float32).reshape(len(rows), engine.card.dimension)

    found = copy.copy(engine)
    # What else an engine does calls these two, whatever its family.
    vars(found).update(embed_images=embed_images, embed_text=embed_text, _recent=Recent())
    return found


def _answers(ask: Any, jobs: Sequence[Any]) -> list[Any]:
    """In the order of the jobs, waited for in a thread of its own.

    The thread of a notebook runs an event loop, in which Ray refuses to wait.
    """
    with ThreadPoolExecutor(1) as waiting:
        return waiting.submit(_ask_all, ask, jobs).result()


def _ask_all(ask: Any, jobs: Sequence[Any]) -> list[Any]:
    """In the order of the jobs; those whose replica was lost are asked again."""
    from ray.exceptions import RayError, RayTaskError

    answers: dict[int, Any] = {}
    for _ in range(_TRIES):
        sent = {k: ask.remote(job) for k, job in enumerate(jobs) if k not in answers}
        lost: RayError | None = None
        for k, answer in sent.items():
            try:
                answers[k] = answer.result()
            except RayTaskError as error:
                raise error.cause if isinstance(error.cause, Exception) else error from None
            except RayError as error:
                lost = error
        if lost is None:
            return [answers[k] for k in range(len(jobs))]
    raise ClusterError(
        f"The replicas of the checkpoint were lost {_TRIES} times in a row. Look at the memory of "
        "their machines, then ask again."
    )


def _application(serve: Any, engine: Engine, count: int) -> Any:
    folder = engine.card.folder.resolve()
    options = {"num_replicas": count, "ray_actor_options": {"num_cpus": 1}}
    deployment = serve.deployment(**options)(_replica_class(serve))
    return deployment.bind(folder, engine.device, engine.precision)


def _replica_class(serve: Any) -> type:
    batch = serve.batch(max_batch_size=LARGEST, batch_wait_timeout_s=WAIT_S)

    class Replica:
        """Runs in a process of the cluster."""

        def __init__(self, folder: Path, device: str, precision: str) -> None:
            self._engine = open_checkpoint(folder, device=device, precision=precision)

        @batch
        async def image(self, asked: list[tuple[Float32, ModelFrame]]) -> list[ImageEmbeddings]:
            images, frames = zip(*asked, strict=True)
            return list(self._engine.embed_images(images, frames=frames))

        @batch
        async def text(self, phrases: list[str]) -> list[Float32]:
            return list(self._engine.embed_text(phrases))

    return Replica


def _import_serve() -> Any:
    try:
        from ray import serve
    except ImportError as error:
        raise ClusterError(
            "Replicas need Ray Serve, which is not installed. "
            "Run: pip install 'radiograph-grounding-explorer[cluster]'."
        ) from error
    return serve
