"""The background task of one webhook: follows the audit trail, sends, tries again, remembers how far it is."""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry, Counter

from case_service.store.store import Store
from case_service.webhooks.happenings import Happening, audit_end, happenings, move, position_of
from case_service.webhooks.sending import NotDelivered, send
from case_service.webhooks.settings import WebhookSettings
from tapewatch.client.webhooks import ID, SIGNATURE, TIMESTAMP, SignatureError, secret_bytes, signature
from tapewatch.runtime.errors import ResourceExhausted, StartError, Unavailable

READ_MAX = 100
PAUSE_FIRST_S = 1.0
PAUSE_MAX_S = 300.0

_log = structlog.get_logger(__name__)


class Teller:
    """Tells one address, one message after the other: a message that is not taken holds up those behind it."""

    def __init__(
        self,
        store: Store,
        settings: WebhookSettings,
        outcomes: Counter,
        clock_ns: Callable[[], int],
        pause_first_s: float = PAUSE_FIRST_S,
    ) -> None:
        self._store = store
        self._settings = settings
        self._outcomes = outcomes
        self._clock_ns = clock_ns
        self._pause_first_s = pause_first_s
        self._secret = _secret(settings.name, settings.secret_file)
        self._trusted = ssl.create_default_context()

    async def run(self) -> None:
        """Tell until cancelled; a new webhook begins with what happens from now on."""
        position = await self._store.read(position_of, self._settings.name)
        if position is None:
            position = await self._store.read(audit_end)
            await self._keep(position)
        while not self._store.bell.closed:
            committed = self._store.bell.position
            found, end = await self._read(position)
            for each in found:
                await self._tell(each)
                await self._keep(each.sequence)
            position = end
            if len(found) < READ_MAX:
                await self._store.bell.wait_beyond(committed)

    async def _tell(self, happening: Happening) -> None:
        """Send until it is taken, or given up after the hours that are set."""
        started_ns, pause_s = self._clock_ns(), self._pause_first_s
        while True:
            try:
                await asyncio.to_thread(self._send, happening)
            except NotDelivered as problem:
                self._outcomes.labels(self._settings.name, "refused").inc()
                left_ns = started_ns + self._settings.give_up_hours * 3.6e12 - self._clock_ns()
                told = {"webhook": self._settings.name, "message": happening.message_id, "problem": str(problem)}
                if left_ns <= 0:
                    self._outcomes.labels(self._settings.name, "given_up").inc()
                    _log.error("webhook given up: the receiver was not told", **told)
                    return
                _log.warning("webhook not delivered, trying again", again_in_s=pause_s, **told)
                await asyncio.sleep(pause_s)
                pause_s = min(PAUSE_MAX_S, 2 * pause_s)
            else:
                self._outcomes.labels(self._settings.name, "delivered").inc()
                return

    def _send(self, happening: Happening) -> None:
        now_s = self._clock_ns() // 1_000_000_000
        headers = {
            ID: happening.message_id,
            TIMESTAMP: str(now_s),
            SIGNATURE: signature(self._secret, happening.message_id, now_s, happening.body),
        }
        send(self._settings.url, happening.body, headers, self._settings.networks, self._trusted)

    async def _read(self, position: int) -> tuple[list[Happening], int]:
        while True:
            try:
                return await self._store.read(happenings, position, self._settings.events, READ_MAX)
            except Unavailable:  # the database is away; it comes back by itself
                await asyncio.sleep(self._pause_first_s)

    async def _keep(self, sequence: int) -> None:
        """Remember how far it is; what is not remembered is told again, under the same id."""
        while True:
            try:
                await self._store.write(partial(move, name=self._settings.name, sequence=sequence))
            except (ResourceExhausted, Unavailable):
                await asyncio.sleep(self._pause_first_s)
            else:
                return


def tellers(
    store: Store, webhooks: Sequence[WebhookSettings], registry: CollectorRegistry, clock_ns: Callable[[], int]
) -> list[Teller]:
    """One for each webhook; StartError for two of one name, or a secret that is not to be read."""
    names = [each.name for each in webhooks]
    if len(set(names)) < len(names):
        raise StartError(f"cases.webhooks: expected a name each, found {', '.join(names)}")
    outcomes = Counter(
        "tapewatch_cases_webhook_messages",
        "Messages to webhooks by what became of them: delivered, refused (and tried again), given_up.",
        ["webhook", "outcome"],
        registry=registry,
    )
    return [Teller(store, each, outcomes, clock_ns) for each in webhooks]


def _secret(name: str, path: Path) -> str:
    try:
        text = path.read_text(encoding="ascii").strip()
        secret_bytes(text)
    except (OSError, UnicodeError, SignatureError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise StartError(f"webhook {name}: the secret of {path} is not to be used: {reason}") from error
    return text
