"""Work on Ray, of sweeps and of studies: each worker opens what it works with once, and units go to whoever is free."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Protocol

from tli_bench.base.errors import InputError
from tli_bench.training.launch import Outcome, launch

Do = Callable[[Any], tuple[Any, bool]]
"""Does one unit: what came of it, and whether it had been done before."""
Shared = Callable[[Sequence[Any]], Iterator[tuple[int, Any, bool]]]
"""Number, result, and whether it had been done before, of every unit as it ends; in no order."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where units run. address: of a Ray cluster, `auto` for the one that this machine is part of, `local` for a Ray of its own.

    gpus: of each worker, which may be a share of one; what units write has to be in a folder that every node sees.
    """

    address: str = "local"
    workers: int = 1
    gpus: float = 0.0
    cpus: float = 1.0


class Work(Protocol):
    """What every worker is sent: small, and nothing that cannot be pickled."""

    def open(self) -> Do:
        """In the worker's process: load what units need."""
        ...


def require_ray() -> Any:
    """The package; raises InputError where it is not installed."""
    if find_spec("ray") is None:
        raise InputError("several workers need the package ray, which is not installed: pip install 'tli-bench[ray]'")
    import ray

    return ray


class _Worker:
    """In a process of its own: opens the work with the first unit, and keeps it."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._do: Do | None = None

    def run(self, unit: Any) -> tuple[Any, bool]:
        """Do one unit, or read it back."""
        if self._do is None:
            self._do = self._work.open()
        return self._do(unit)


class RayPool:
    """Workers as Ray actors, which live until the cluster is left. units: those of today; results: by number, as they end."""

    def __init__(self, ray: Any, work: Work, cluster: Cluster) -> None:
        self._ray, self._work = ray, work
        self._actor = ray.remote(num_cpus=cluster.cpus, num_gpus=cluster.gpus)(_Worker)
        self._workers: dict[int, Any] = {}
        self._running: dict[Any, tuple[int, int]] = {}
        self.units: Sequence[Any] = ()
        self.results: dict[int, Any] = {}

    def start(self, worker: int) -> None:
        """As `Pool` says; one that is alive is left as it is."""
        if worker not in self._workers:
            self._workers[worker] = self._actor.remote(self._work)

    def submit(self, worker: int, unit: int) -> None:
        """As `Pool` says."""
        self._running[self._workers[worker].run.remote(self.units[unit])] = (worker, unit)

    def wait(self) -> Sequence[Outcome]:
        """As `Pool` says."""
        ready, _ = self._ray.wait(list(self._running), num_returns=1)
        return [self._outcome(reference) for reference in ready]

    def _outcome(self, reference: Any) -> Outcome:
        worker, unit = self._running.pop(reference)
        try:
            self.results[unit], reused = self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as err:
            cause = getattr(err, "cause", None)
            return Outcome(worker, unit, error=cause if isinstance(cause, Exception) else err)
        except self._ray.exceptions.RayError:
            del self._workers[worker]
            return Outcome(worker, unit, died=True)
        return Outcome(worker, unit, reused=reused)


@contextmanager
def on_ray(work: Work, cluster: Cluster) -> Iterator[Shared]:
    """Workers that share units, for as long as the context lasts.

    What a worker has finished it has written, whatever happens to it or to this process afterwards: the same call does what is
    missing. Raises InputError where Ray is not installed; sharing units raises LaunchError for those that could not be finished.
    """
    ray = require_ray()
    address = None if cluster.address == "local" else cluster.address
    ray.init(
        address=address,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="error",
        **({"num_cpus": max(1, round(cluster.workers * cluster.cpus))} if address is None else {}),
    )

    def shared(units: Sequence[Any]) -> Iterator[tuple[int, Any, bool]]:
        pool.units = units
        for outcome in launch(range(len(units)), pool, workers=cluster.workers):
            yield outcome.unit, pool.results.pop(outcome.unit), outcome.reused

    try:
        pool = RayPool(ray, work, cluster)
        yield shared
    finally:
        ray.shutdown()
