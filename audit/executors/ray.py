"""Run the work on a Ray cluster: on as many machines as it has, which all see the log and the run folder.

Ray runs a job again whose process or machine was lost. The machines have the same version of audit, and see the log,
`audit.yaml` and the run folder under the same paths. Without an address Ray is started on this machine, for this
process, and listens to this machine alone. Nothing is reported to Ray's makers by what is started here.

https://docs.ray.io/en/latest/ray-core/fault_tolerance/tasks.html
"""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from ipaddress import ip_address
from typing import Any

from audit import __version__
from audit.core.errors import AuditError, MissingPackage
from audit.core.settings import ExecutorSettings
from audit.executors.executor import Executor, Pool, do_work, find_work, workers_lost

RETRIES = 3
"""How often Ray runs a job again whose worker was lost."""

HELD = 4
"""Jobs per worker that are under way or wait, done, for one before them: what is held is bounded."""


class RayPool(AbstractContextManager["RayPool"]):
    """Workers of a cluster; the connection is made for the first job, and kept for the rest of the process."""

    def __init__(self, address: str | None, workers: int | None) -> None:
        self._address = address or os.environ.get("RAY_ADDRESS") or None
        self._asked = workers

    def __exit__(self, *_: object) -> None:
        """The connection stays for the next stage."""

    @property
    def workers(self) -> int:
        """As many as asked for, else the cores of the cluster."""
        if self._asked is not None:
            return self._asked
        return max(1, int(self._ray().cluster_resources().get("CPU", 1)))

    def run(self, jobs: Iterable[Any], *, work: str) -> Iterator[Any]:
        """Results in the order of the jobs, as soon as those before them are there."""
        find_work(work)  # a wrong name is told here, not by a worker
        source = iter(jobs)
        flying: deque[Any] = deque()
        running: list[Any] = []
        ray, workers = self._ray(), self.workers
        remote = ray.remote(num_cpus=1, max_retries=RETRIES)(_work).remote
        try:
            for job in source:
                flying.append(remote(__version__, work, job))
                running.append(flying[-1])
                if len(running) >= workers:
                    _, running = ray.wait(running, num_returns=1, fetch_local=False)
                while flying and (len(flying) > HELD * workers or flying[0] not in running):
                    yield _result(ray, flying.popleft())
            while flying:
                yield _result(ray, flying.popleft())
        finally:
            for reference in flying:
                ray.cancel(reference)

    def _ray(self) -> Any:
        """Ray, connected."""
        if self._address is None or _is_here(self._address):
            # Ray would take the machine's own address for 127.0.0.1, and then listen to other machines. Read when Ray
            # is imported.
            os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
        if self._address is not None:
            os.environ.setdefault("RAY_gcs_server_port_wait_time_s", "1")  # a wrong address is told in one try, not 20
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        try:
            import ray
        except ModuleNotFoundError:
            raise MissingPackage("ray", extra="ray", why="`executor` names it") from None
        if ray.is_initialized():
            return ray
        quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
        try:
            if self._address is None:
                here = {"address": "local", "include_dashboard": False, "_node_ip_address": "127.0.0.1"}
                ray.init(**here, num_cpus=self._asked, **quiet)
            else:
                ray.init(address=self._address, **quiet)
        except (OSError, RuntimeError, ValueError) as error:  # ConnectionError and TimeoutError are OSErrors
            raise AuditError(
                "the Ray cluster cannot be reached" if self._address else "Ray does not start on this machine",
                code="executor.unreachable",
                notes=[f"{type(error).__name__} from Ray"],
                hint="check `executor.address`, or leave it out to start Ray on this machine"
                if self._address
                else "Ray needs a short TMPDIR and free memory; or work without it:  --executor local",
            ) from error
        return ray


def _work(version: str, work: str, job: Any) -> Any:
    """What a worker does; another version of the program would give other bytes."""
    if version != __version__:
        raise AuditError(
            f"a machine of the cluster has version {__version__} of audit, and this one {version}",
            code="executor.versions",
            hint="install the same version on every machine of the cluster",
        )
    return do_work(work, job)


def _result(ray: Any, reference: Any) -> Any:
    """A job's result; its own error as itself."""
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None
    except ray.exceptions.RayError as error:
        lost = workers_lost(hint="look at the memory of the cluster's machines; what is done is kept")
        raise lost from error


def _is_here(address: str) -> bool:
    """Whether an address is one of this machine alone."""
    host = address.rpartition("://")[2].rpartition(":")[0].strip("[]")
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def open_pool(settings: ExecutorSettings) -> AbstractContextManager[Pool]:
    """As many workers as asked for, else one per core of the cluster."""
    return RayPool(settings.address, settings.workers)


EXECUTOR = Executor(name="ray", summary=__doc__.splitlines()[0], open=open_pool, addressed=True)
