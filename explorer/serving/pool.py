"""Long-lived workers on a Ray cluster that do one kind of job, each tried again when it is lost.

A worker builds what it needs once (a checkpoint, say) and is then handed jobs. When its process
or its machine dies, Ray starts it elsewhere and gives it the same job again, so a job must give
the same answer twice; answers come back in the order of the jobs.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from types import TracebackType
from typing import Any, Generic, TypeVar

from explorer.errors import ClusterError

Job = TypeVar("Job")
Answer = TypeVar("Answer")

_WAITING = 3  # jobs a worker has, the one it does included
_ATTEMPTS = 5  # of a job whose worker was lost


class WorkerPool(Generic[Job, Answer]):
    """Workers on a cluster; use as a context, which ends them.

    Args:
        builds: One for each worker, called in it once; gives the function that does a job. It and
            the jobs are sent over the network. A worker has one processor.
        address: Of the cluster, e.g. "auto" or "ray://host:10001"; None starts one of this
            machine for as long as the pool lives.

    Raises:
        ClusterError: Ray is not installed, or there is no cluster at the address.
    """

    def __init__(
        self,
        builds: Sequence[Callable[[], Callable[[Job], Answer]]],
        *,
        address: str | None = None,
    ) -> None:
        self._count = len(builds)
        self._cluster = connected(address, processors=self._count)
        self._ray = self._cluster.__enter__()
        actor = self._ray.remote(num_cpus=1, max_restarts=-1, max_task_retries=_ATTEMPTS)(_Worker)
        self._workers = [actor.remote(build) for build in builds]

    def map(self, jobs: Iterable[Job]) -> Iterator[Answer]:
        """Answers in the order of the jobs; few jobs are read ahead, so memory stays flat.

        Raises:
            ClusterError: A worker cannot be built, or a job lost its worker again and again.
        """
        rest = enumerate(jobs)
        waiting: deque[Any] = deque(
            self._send(number, job) for number, job in islice(rest, _WAITING * self._count)
        )
        while waiting:
            answer = self._answer(waiting.popleft())
            waiting.extend(self._send(number, job) for number, job in islice(rest, 1))
            yield answer

    def ask(self, job: Job) -> list[Answer]:
        """What every worker answers to one job, in the order of the workers.

        Raises:
            ClusterError: A worker cannot be built, or lost its process again and again.
        """
        sent = self._ray.put(job)  # once, however many workers read it
        return [self._answer(answer) for answer in [w.do.remote(sent) for w in self._workers]]

    def close(self) -> None:
        """End the workers, and the cluster where the pool started it."""
        for worker in self._workers:
            self._ray.kill(worker)
        self._cluster.__exit__(None, None, None)

    def _send(self, number: int, job: Job) -> Any:
        return self._workers[number % self._count].do.remote(job)

    def _answer(self, sent: Any) -> Answer:
        from ray.exceptions import RayError, RayTaskError

        try:
            answer: Answer = self._ray.get(sent)
        except RayTaskError as error:
            raise error.cause if isinstance(error.cause, Exception) else error from None
        except RayError as error:
            raise ClusterError(
                f"A worker of the cluster was lost {_ATTEMPTS} times with the same job "
                f"({type(error).__name__}). Look at the memory of its machine, then run the same "
                "command again: what was written is kept."
            ) from error
        return answer

    def __enter__(self) -> "WorkerPool[Job, Answer]":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _Worker:
    """Runs in a process of the cluster."""

    def __init__(self, build: Callable[[], Callable[[Any], Any]]) -> None:
        self._work = build()

    def do(self, job: Any) -> Any:
        return self._work(job)


@contextmanager
def connected(address: str | None, *, processors: int) -> Iterator[Any]:
    """Ray, connected to a cluster until the context ends, unless it was before.

    Args:
        address: Of the cluster, e.g. "auto"; None starts one of this machine.
        processors: That one of this machine offers.

    Raises:
        ClusterError: Ray is not installed, or there is no cluster at the address.
    """
    ray = _import_ray()
    own = not ray.is_initialized()
    if own:
        _connect(ray, address, processors)
    try:
        yield ray
    finally:
        if own:
            ray.shutdown()


def _import_ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise ClusterError(
            "Several workers need Ray, which is not installed. "
            "Run: pip install 'radiograph-grounding-explorer[cluster]'."
        ) from error
    return ray


def _connect(ray: Any, address: str | None, processors: int) -> None:
    local = {"num_cpus": processors, "_node_ip_address": "127.0.0.1", "include_dashboard": False}
    try:
        ray.init(
            address=address,
            log_to_driver=False,
            configure_logging=False,
            **(local if address is None else {}),
        )
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        raise ClusterError(
            f"There is no Ray cluster at {address or 'this machine'!r} ({type(error).__name__}). "
            "Start one with: ray start --head, or give no address."
        ) from error
