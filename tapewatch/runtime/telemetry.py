"""Structured logs with secrets kept out, and the metrics registry."""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from tapewatch.runtime.redaction import REDACTED, is_secret_name, without_secrets
from tapewatch.runtime.settings import LogSettings

NESTING_MAX = 6


def configure_logging(settings: LogSettings, stream: TextIO | None = None) -> None:
    """Send structlog and the standard library's records to `stream` (standard error), JSON unless on a terminal."""
    output = stream if stream is not None else sys.stderr
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(output)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(settings, output)],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: values under secret names, and what is a secret by its form, are replaced."""
    return {key: _redacted(key, value, NESTING_MAX) for key, value in event.items()}


def new_metrics_registry() -> CollectorRegistry:
    """A registry of its own for one service, with the process's memory, CPU, descriptors and garbage collection."""
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    return registry


def _rendering(settings: LogSettings, output: TextIO) -> list[structlog.types.Processor]:
    renderer: structlog.types.Processor = structlog.processors.JSONRenderer(default=str)
    if settings.format == "console" or (settings.format == "auto" and output.isatty()):
        # not the rich formatter: it prints local variables, and with them whatever secret they hold
        plain = structlog.dev.plain_traceback
        renderer = structlog.dev.ConsoleRenderer(colors=output.isatty(), exception_formatter=plain)
    return [structlog.processors.format_exc_info, redact, renderer]


def _redacted(key: object, value: object, depth: int) -> object:
    if is_secret_name(str(key)):
        return REDACTED
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, bytes):
        return without_secrets(value.decode("utf-8", "backslashreplace"))
    if depth > 0 and isinstance(value, Mapping):
        return {name: _redacted(name, inner, depth - 1) for name, inner in value.items()}
    if depth > 0 and isinstance(value, list | tuple):
        return [_redacted("", inner, depth - 1) for inner in value]
    return value
