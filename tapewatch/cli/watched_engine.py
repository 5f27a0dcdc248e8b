"""An engine that is watched while it works: what it was given, and when it first told of each alert."""

from collections.abc import Callable

from detection_service.engine.configuration import EngineConfiguration
from detection_service.engine.engine import AnomalyScorer, Engine
from detection_service.engine.episodes import Episode
from tapewatch.alert import Alert
from tapewatch.market.frame import Frame


class WatchedEngine(Engine):
    """Gives the same alerts as any engine; `raised_ns` has the event time of each one's first revision, by id."""

    def __init__(
        self,
        configuration: EngineConfiguration | None = None,
        scorer: AnomalyScorer | None = None,
        watch: Callable[[Frame], None] = lambda frame: None,
    ) -> None:
        super().__init__(configuration, scorer)
        self.raised_ns: dict[str, int] = {}
        self._watch = watch

    def process(self, frame: bytes | Frame) -> list[Alert]:
        """Shows the frame to whoever watches, then takes it."""
        decoded = Frame.decode(frame) if isinstance(frame, bytes) else frame
        self._watch(decoded)
        return super().process(decoded)

    def _revise(self, episode: Episode, *, closed: bool) -> Alert:
        alert = super()._revise(episode, closed=closed)
        self.raised_ns.setdefault(alert.alert_id, self.core.now)
        return alert
