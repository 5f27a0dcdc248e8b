"""Waiting between attempts: exponential, jittered, bounded, and never past the caller's patience."""

import asyncio
import random
import time

from tapewatch.client.errors import ClientError

FIRST_DELAY_S = 0.1
DELAY_MAX_S = 2.0
JITTER = 0.2


class Backoff:
    """The delays of one row of failures: doubling from FIRST_DELAY_S to DELAY_MAX_S, until `patience_s` is used up.

    `patience_s` is how long failures may go on without a success between them; None is for ever.
    """

    def __init__(self, patience_s: float | None = None) -> None:
        self.patience_s = patience_s
        self._delay_s = FIRST_DELAY_S
        self._failing_since: float | None = None

    def succeeded(self) -> None:
        """Forget the failures so far."""
        self._delay_s = FIRST_DELAY_S
        self._failing_since = None

    async def failed(self, error: ClientError) -> None:
        """Sleep before the next attempt; raises `error` itself if it will not pass or patience is at its end."""
        now = time.monotonic()
        if self._failing_since is None:
            self._failing_since = now
        if not error.passing or (self.patience_s is not None and now - self._failing_since >= self.patience_s):
            raise error
        asked_s = (error.retry_after_ms or 0) / 1_000
        await asyncio.sleep(max(asked_s, self._delay_s * random.uniform(1 - JITTER, 1 + JITTER)))
        self._delay_s = min(self._delay_s * 2, DELAY_MAX_S)
