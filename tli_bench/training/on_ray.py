"""A sweep on Ray: one base per worker, adapters swapped on it, points written into the store that in-process sweeps use."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tli_bench.base.errors import InputError
from tli_bench.models import LoadOptions
from tli_bench.training.launch import Outcome, launch
from tli_bench.training.sweep import Point, SweepRunner, SweepSpec, units_of


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where a sweep runs. address: of a Ray cluster, `auto` for the one that this machine is part of, `local` for a Ray of its own.

    gpus: per trial, which may be a share of one; the folder of the points has to be one that every node sees.
    """

    address: str = "local"
    workers: int = 1
    gpus: float = 0.0
    cpus: float = 1.0


def require_ray() -> Any:
    """The package; raises InputError where it is not installed."""
    if find_spec("ray") is None:
        raise InputError(
            "sweeps over several workers need the package ray, which is not installed: pip install 'tli-bench[ray]'"
        )
    import ray

    return ray


class _Worker:
    """In a process of its own: loads the base with the first unit, and keeps it."""

    def __init__(self, spec: dict[str, Any], output: str, options: dict[str, Any]) -> None:
        self._spec = SweepSpec.model_validate(spec)
        self._units = units_of(self._spec)
        self._output, self._options = Path(output), options
        self._runner: SweepRunner | None = None

    def run(self, number: int) -> tuple[Point, bool]:
        """Train and score one unit, or read it back."""
        if self._runner is None:
            from tli_bench.models import load_model

            loaded = load_model(self._spec.model, LoadOptions(**self._options))
            self._runner = SweepRunner(self._spec, loaded, self._output)
        return self._runner.run(self._units[number])

    def pid(self) -> int:
        """Of this process."""
        import os

        return os.getpid()


class RayPool:
    """Workers as Ray actors. points: by number of the unit, as they end."""

    def __init__(self, ray: Any, spec: SweepSpec, output: Path, options: dict[str, Any], cluster: Cluster) -> None:
        self._ray = ray
        self._actor = ray.remote(num_cpus=cluster.cpus, num_gpus=cluster.gpus)(_Worker)
        self._arguments = (spec.model_dump(mode="json"), str(output.resolve()), options)
        self._workers: dict[int, Any] = {}
        self._running: dict[Any, tuple[int, int]] = {}
        self.points: dict[int, Point] = {}

    def start(self, worker: int) -> None:
        """As `Pool` says."""
        self._workers[worker] = self._actor.remote(*self._arguments)

    def submit(self, worker: int, unit: int) -> None:
        """As `Pool` says."""
        self._running[self._workers[worker].run.remote(unit)] = (worker, unit)

    def wait(self) -> Sequence[Outcome]:
        """As `Pool` says."""
        ready, _ = self._ray.wait(list(self._running), num_returns=1)
        return [self._outcome(reference) for reference in ready]

    def _outcome(self, reference: Any) -> Outcome:
        worker, unit = self._running.pop(reference)
        try:
            self.points[unit], reused = self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as err:
            cause = getattr(err, "cause", None)
            return Outcome(worker, unit, error=cause if isinstance(cause, Exception) else err)
        except self._ray.exceptions.RayError:
            return Outcome(worker, unit, died=True)
        return Outcome(worker, unit, reused=reused)


def run_on_ray(
    spec: SweepSpec, output: Path, *, options: dict[str, Any], cluster: Cluster
) -> Iterator[tuple[int, Point, bool]]:
    """Number, point, and whether it was there already, of every unit of a sweep as it ends; in no order.

    options: as `LoadOptions` takes them. What a worker has finished is in `output` whatever happens to it or to this process
    afterwards: the same call runs what is missing. Raises InputError where Ray is not installed, LaunchError for what could not
    be finished.
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
    try:
        pool = RayPool(ray, spec, output, options, cluster)
        for outcome in launch(range(len(units_of(spec))), pool, workers=cluster.workers):
            yield outcome.unit, pool.points[outcome.unit], outcome.reused
    finally:
        ray.shutdown()
