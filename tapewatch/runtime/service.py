"""The shell of a service: signals, the stop event, one TaskGroup, health, reflection, metrics and the drain.

Order at the end: health says NOT_SERVING and streams see `stop`; the server takes no more calls and waits for those
running, at most DRAIN_GRACE_S; background tasks end; the lifespan closes its resources.
"""

import argparse
import asyncio
import gc
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Literal, TypeVar

import grpc
import grpc.aio
import structlog
import uvloop

from tapewatch.runtime.access import Role
from tapewatch.runtime.addresses import Address
from tapewatch.runtime.errors import StartError
from tapewatch.runtime.guard import Guard
from tapewatch.runtime.metrics import MetricsEndpoint
from tapewatch.runtime.roles import ROLES
from tapewatch.runtime.server import HANDLER_EXIT_MAX_S, Server
from tapewatch.runtime.settings import (
    LogSettings,
    MetricsSettings,
    Section,
    SecuritySettings,
    SettingsError,
    load_settings,
)
from tapewatch.runtime.streams import until_set
from tapewatch.runtime.telemetry import configure_logging, new_metrics_registry

DRAIN_GRACE_S = 5.0
COLLECTION_THRESHOLDS = (50_000, 50, 100)
"""When the garbage collector looks at each generation: a service's state grows, and little of it is ever garbage."""
LIFESPAN_EXIT_MAX_S = 3.0
"""With HANDLER_EXIT_MAX_S below the 10 s within which a service must be gone after SIGTERM."""

_log = structlog.get_logger(__name__)
SettingsType = TypeVar("SettingsType", bound=Section)
Item = TypeVar("Item")
AtStop = Literal["cancel", "finish"]
Lifespan = Callable[["Service", SettingsType], AbstractAsyncContextManager[None]]


class Service:
    """One running service. Made by `run_service` or `running_service`; a lifespan adds to it what it serves."""

    def __init__(
        self,
        name: str,
        *,
        section: str | None = None,
        security: SecuritySettings | None = None,
        metrics: MetricsSettings | None = None,
        roles: Mapping[str, frozenset[Role]] = ROLES,
    ) -> None:
        self.name = name
        self.section = section or name
        self.security = security or SecuritySettings()
        self.stop = asyncio.Event()
        self.metrics = new_metrics_registry()
        self.failure: BaseException | None = None
        self.address: Address | None = None
        self.metrics_address: Address | None = None
        self.rest_address: Address | None = None
        self.serving = False
        self._metrics_settings = metrics or MetricsSettings()
        self._metrics_endpoint: MetricsEndpoint | None = None
        self.guard = Guard(self.security, self.metrics, roles=roles)
        self._server = Server(self.stop, self.metrics, self.guard)
        self.health = self._server.health
        self._tasks: dict[asyncio.Task[None], AtStop] = {}
        self._group: asyncio.TaskGroup | None = None

    @property
    def bound_port(self) -> int:
        """The port the gRPC server is bound to, known from the start of the lifespan on."""
        if self.address is None:
            raise RuntimeError(f"service {self.name} is not bound yet; ask inside its lifespan or later")
        return self.address.port

    def add(self, add_to_server: Callable[[Any, grpc.aio.Server], None], servicer: object, full_name: str) -> None:
        """Serve a servicer with its generated `add_XServicer_to_server`, known to health and reflection by its name."""
        self._server.add(add_to_server, servicer, full_name)

    def add_handlers(self, handlers: "grpc.GenericRpcHandler[Any, Any]", full_name: str) -> None:
        """Serve handwritten handlers (raw bytes where speed needs it) under a service name."""
        self._server.add_handlers(handlers, full_name)

    def handler(self, method: str) -> "grpc.RpcMethodHandler[Any, Any] | None":
        """What answers a full method of a servicer that was added, for callers that do not come by gRPC."""
        return self._server.handler(method)

    def spawn(self, work: Coroutine[Any, Any, None], *, at_stop: AtStop = "cancel") -> asyncio.Task[None]:
        """Run a coroutine in the service's TaskGroup; if it raises, the service stops and fails.

        `cancel`: cancelled once the calls have drained. `finish`: ends by itself when it sees `stop`, within
        DRAIN_GRACE_S of it.
        """
        if self._group is None:
            work.close()
            raise RuntimeError(f"service {self.name} does not run; spawn inside its lifespan")
        name = getattr(work, "__qualname__", repr(work))
        task = self._group.create_task(self._watch(work, name), name=f"{self.name}:{name}")
        self._tasks[task] = at_stop
        task.add_done_callback(self._tasks.pop)
        return task

    def until_stopped(self, items: AsyncIterator[Item]) -> AsyncIterator[Item]:
        """The items of a request stream (or of any stream) until the service stops."""
        return until_set(self.stop, items)

    def fail(self, error: BaseException) -> None:
        """Log the error, stop the service and make it exit with it."""
        _log.error("failed, stopping", service=self.name, exc_info=error)
        self.failure = self.failure or error
        self.stop.set()

    async def _watch(self, work: Coroutine[Any, Any, None], name: str) -> None:
        try:
            await work
        except Exception as error:
            error.add_note(f"in the background task {name}")
            self.fail(error)

    def _bind(self, settings: Section) -> None:
        listen, setting = _listen_setting(settings, self.section)
        self.address = self._server.bind(listen, self.security, setting)
        if self._metrics_settings.listen is not None:
            self._metrics_endpoint = MetricsEndpoint(self._metrics_settings.listen, self.security, self.metrics)
            self.metrics_address = self._metrics_endpoint.address

    async def _start(self) -> None:
        await self._server.start()
        self.serving = True

    async def _drain(self) -> None:
        self.stop.set()
        deadline_s = asyncio.get_running_loop().time() + DRAIN_GRACE_S
        await self._server.drain(DRAIN_GRACE_S)
        for task in self._tasks_to("cancel"):
            task.cancel()
        finishing = self._tasks_to("finish")
        if finishing:
            rest_s = max(0.0, deadline_s - asyncio.get_running_loop().time())
            _, late = await asyncio.wait(finishing, timeout=rest_s)
            for task in late:
                _log.warning("background task did not finish in time", task=task.get_name())
                task.cancel()
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=HANDLER_EXIT_MAX_S)

    def _tasks_to(self, at_stop: AtStop) -> list[asyncio.Task[None]]:
        return [task for task, choice in self._tasks.items() if choice == at_stop]

    async def _release(self) -> None:
        self._group = None
        for task in self._tasks:
            task.cancel()
        await self._server.close()
        if self._metrics_endpoint is not None:
            await asyncio.to_thread(self._metrics_endpoint.close)


@asynccontextmanager
async def running_service(
    name: str,
    settings: SettingsType,
    lifespan: Lifespan[SettingsType],
    *,
    security: SecuritySettings | None = None,
    metrics: MetricsSettings | None = None,
    roles: Mapping[str, frozenset[Role]] = ROLES,
) -> AsyncIterator[Service]:
    """Run a service inside this process, without signals: it serves in the body and drains after it.

    `roles` is the table of who may call which method, for services that are not of the product.
    Raises what stopped it (a background task's error, a StartError) once it has drained.
    """
    service = Service(name, security=security, metrics=metrics, roles=roles)
    async with _serving(service, settings, lifespan):
        yield service


def run_service(
    name: str,
    section: str,
    settings_type: type[SettingsType],
    lifespan: Lifespan[SettingsType],
    argv: Sequence[str] | None = None,
) -> int:
    """Run a service until SIGTERM or SIGINT and return its exit code.

    0: stopped as asked. 1: failed, the log says why. 2: wrong usage or settings, standard error says which.
    A second signal cuts the drain short.
    """
    parser = argparse.ArgumentParser(prog=f"tapewatch-{name}", description=f"Run the Tapewatch {name} service.")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file (YAML); defaults without it")
    arguments = parser.parse_args(argv)
    try:
        settings = load_settings(section, settings_type, arguments.config, os.environ)
        security = load_settings("security", SecuritySettings, arguments.config, os.environ)
        metrics = load_settings("metrics", MetricsSettings, arguments.config, os.environ)
        configure_logging(load_settings("log", LogSettings, arguments.config, os.environ))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_serve_until_signalled(name, section, settings, lifespan, security, metrics))
    except SettingsError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:  # before the signal handlers were there
        return 1


async def _serve_until_signalled(
    name: str,
    section: str,
    settings: SettingsType,
    lifespan: Lifespan[SettingsType],
    security: SecuritySettings,
    metrics: MetricsSettings,
) -> int:
    service = Service(name, section=section, security=security, metrics=metrics)
    signals = _Signals(service)
    try:
        async with _serving(service, settings, lifespan):
            if not service.stop.is_set():
                metrics_address = str(service.metrics_address) if service.metrics_address else None
                listen = str(service.address)
                rest = str(service.rest_address) if service.rest_address else None
                mode = security.mode
                _log.info("ready", service=name, listen=listen, rest=rest, metrics=metrics_address, security=mode)
                gc.collect()
                gc.freeze()  # what a start made stays: the collector need not go over it again and again
                gc.set_threshold(*COLLECTION_THRESHOLDS)
            await service.stop.wait()
            _log.info("stopping", service=name, reason="failure" if service.failure else "signal")
    except SettingsError:
        raise
    except StartError as error:
        _log.error("cannot start", service=name, error=str(error))
        return 1
    except asyncio.CancelledError:
        _log.warning("stopped before everything had drained" if service.serving else "stopped before it was ready")
        return 1 if service.serving else 0
    except Exception as error:
        if error is not service.failure:  # that one is logged already
            _log.exception("failed", service=name)
        return 1
    finally:
        signals.close()
    _log.info("stopped", service=name)
    return 0


class _Signals:
    """SIGTERM and SIGINT set the stop event; before the service serves, or a second time, they cancel its task."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._task = asyncio.current_task()
        self._loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(each, self._received)

    def close(self) -> None:
        for each in (signal.SIGTERM, signal.SIGINT):
            self._loop.remove_signal_handler(each)

    def _received(self) -> None:
        first = not self._service.stop.is_set()
        self._service.stop.set()
        if self._task is not None and not (first and self._service.serving):
            self._task.cancel()


@asynccontextmanager
async def _serving(service: Service, settings: SettingsType, lifespan: Lifespan[SettingsType]) -> AsyncIterator[None]:
    """Bind, enter the lifespan, serve in the body, drain, leave the lifespan; re-raise what failed."""
    failure: BaseException | None = None
    async with asyncio.TaskGroup() as group:  # errors leave by `failure`: the group would wrap them
        service._group = group
        try:
            service._bind(settings)
            async with asyncio.timeout(None) as closing, lifespan(service, settings):
                try:
                    await service._start()
                    yield
                finally:
                    try:
                        await service._drain()
                    finally:
                        closing.reschedule(asyncio.get_running_loop().time() + LIFESPAN_EXIT_MAX_S)
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            failure = error
        finally:
            await service._release()
    failure = failure or service.failure
    if failure is not None:
        raise failure


def _listen_setting(settings: Section, section: str) -> tuple[str, str]:
    """The gRPC address of a service, and the setting's full name in the file."""
    field = type(settings).model_fields.get("listen")
    listen = getattr(settings, "listen", None)
    if field is None or not isinstance(listen, str):
        raise TypeError(
            f"expected {type(settings).__name__} to have `listen: str`, the gRPC address of section {section}, "
            f"found {listen!r}"
        )
    return listen, f"{section}.{field.alias or 'listen'}"
