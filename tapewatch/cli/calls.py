"""One call, or one watch, of a service from a command: open, ask, close; Ctrl-C ends a watch in good order."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import TypeVar

from tapewatch.cli.configured import address_of, security_of
from tapewatch.client.connection import ServiceClient

Client = TypeVar("Client", bound=ServiceClient)
Answer = TypeVar("Answer")


def ask(
    client_type: type[Client],
    section: str,
    config: Path | None,
    target: str | None,
    question: Callable[[Client], Awaitable[Answer]],
) -> Answer:
    """Open a client of the section's service, await the question, close; ClientError and SettingsError pass through."""

    async def run() -> Answer:
        async with client_type(address_of(section, config, target), security_of(config)) as client:
            return await question(client)

    return asyncio.run(run())


async def show_each(
    answers: AsyncGenerator[Answer, None], show: Callable[[Answer], None], limit: int | None = None
) -> None:
    """Show each answer of a stream as it comes, at most `limit` of them."""
    shown = 0
    async with aclosing(answers):
        async for answer in answers:
            show(answer)
            shown += 1
            if limit is not None and shown >= limit:
                return
