"""The SDK for scripts without asyncio: the same clients and methods, blocking, over a thread with an event loop.

with Blocking(lambda: CaseClient("127.0.0.1:50053")) as cases:
    for case in cases.list_cases("state = OPEN"):
        print(case.number, case.title)
"""

import asyncio
import inspect
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager
from typing import Any, Generic, Self, TypeVar

Client = TypeVar("Client", bound=AbstractAsyncContextManager[Any])


class Blocking(Generic[Client]):
    """A client of the SDK with blocking methods; a context manager.

    `make` makes the asynchronous client (inside the loop). Methods that return one answer return it; streams become
    ordinary iterators; `submit` of a publisher gives a `concurrent.futures.Future`. Errors are the client's own.
    """

    def __init__(self, make: Callable[[], Client]) -> None:
        self._make = make
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tapewatch client", daemon=True)
        self._client: Any = None

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self._client = self._wait(self._open())
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *raised: Any) -> None:
        try:
            self._wait(self._client.__aexit__(*raised))
        finally:
            self._stop()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        return self._blocking(found) if callable(found) else found

    async def _open(self) -> Any:
        return await self._make().__aenter__()

    def _blocking(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            return self._wait(self._settle(method, arguments, named))

        return call

    async def _settle(self, method: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        answer = method(*arguments, **named)
        if inspect.isawaitable(answer):
            answer = await answer
        if isinstance(answer, asyncio.Future):
            return asyncio.run_coroutine_threadsafe(_result(answer), self._loop)
        return self._iterate(answer) if isinstance(answer, AsyncIterator) else answer

    def _iterate(self, answers: AsyncIterator[Any]) -> Iterator[Any]:
        """The stream as an iterator; leaving it early closes the stream."""
        try:
            while True:
                try:
                    yield self._wait(_next(answers))
                except StopAsyncIteration:
                    return
        finally:
            if isinstance(answers, AsyncGenerator):
                self._wait(answers.aclose())

    def _wait(self, answer: Any) -> Any:
        future: Future[Any] = asyncio.run_coroutine_threadsafe(answer, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _next(answers: AsyncIterator[Any]) -> Any:
    return await anext(answers)


async def _result(answer: "asyncio.Future[Any]") -> Any:
    return await answer
