"""A toy service as a process, for the tests of signals and exit codes."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tapewatch.runtime.errors import StartError
from tapewatch.runtime.service import Service, run_service
from tapewatch.runtime.settings import Section, SettingsError
from tests.tapewatch.runtime.fakes import TOY, Toy


class SimulatorSettings(Section):
    """The toy borrows the simulator's section."""

    listen: str = "127.0.0.1:0"
    misbehaviour: str = ""
    password: str = ""


@asynccontextmanager
async def lifespan(service: Service, settings: SimulatorSettings) -> AsyncIterator[None]:
    """Serve the toy, and misbehave as asked."""
    service.add_handlers(Toy(service, []).handlers(), TOY)
    misbehave: dict[str, Any] = {
        "crash later": crash,
        "start error": refuse(StartError("the journal is locked by process 7")),
        "settings error": refuse(SettingsError("simulator.seed: expected a number")),
        "bug": refuse(LookupError("no such venue")),
        "recover for ever": recover,
    }
    if settings.misbehaviour == "crash later":
        service.spawn(crash())
    elif settings.misbehaviour:
        await misbehave[settings.misbehaviour]()
    yield
    print("lifespan closed", flush=True)


async def crash() -> None:
    """A background task with a bug."""
    raise ZeroDivisionError("tick size 0")


def refuse(error: Exception) -> Any:
    """A start that fails."""

    async def fail() -> None:
        raise error

    return fail


async def recover() -> None:
    """A replay with no end in sight."""
    print("recovering", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    sys.exit(run_service("toy", "simulator", SimulatorSettings, lifespan))
