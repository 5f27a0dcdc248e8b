import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from prometheus_client import generate_latest

from tapewatch.runtime.redaction import REDACTED
from tapewatch.runtime.settings import LogSettings
from tapewatch.runtime.telemetry import configure_logging, new_metrics_registry


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def logged(stream: io.StringIO) -> dict[str, object]:
    found: dict[str, object] = json.loads(stream.getvalue())
    return found


def test_a_log_that_is_no_terminal_is_json_with_time_level_and_logger() -> None:
    stream = io.StringIO()
    configure_logging(LogSettings(), stream)
    structlog.get_logger("tapewatch.test").info("accepted", rows=7)
    line = logged(stream)
    assert (line["event"], line["rows"], line["level"], line["logger"]) == ("accepted", 7, "info", "tapewatch.test")
    assert str(line["timestamp"]).endswith("Z")


def test_a_terminal_gets_lines_for_people() -> None:
    stream = Terminal()
    configure_logging(LogSettings(), stream)
    structlog.get_logger("tapewatch.test").info("accepted", rows=7)
    assert "accepted" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


def test_libraries_that_log_the_standard_way_come_out_the_same() -> None:
    stream = io.StringIO()
    configure_logging(LogSettings(), stream)
    logging.getLogger("grpc").warning("slow by %d ms", 5)
    line = logged(stream)
    assert (line["event"], line["level"], line["logger"]) == ("slow by 5 ms", "warning", "grpc")


def test_what_is_below_the_level_is_not_logged() -> None:
    stream = io.StringIO()
    configure_logging(LogSettings(level="warning"), stream)
    structlog.get_logger("tapewatch.test").info("accepted")
    logging.getLogger("grpc").info("idle")
    assert stream.getvalue() == ""


def test_an_exception_is_logged_with_its_traceback_but_no_local_values() -> None:
    for settings in (LogSettings(format="json"), LogSettings(format="console")):
        stream = io.StringIO()
        configure_logging(settings, stream)
        card = "4111" * 4
        try:
            raise ValueError(f"bad number of {len(card)} digits")
        except ValueError:
            structlog.get_logger("tapewatch.test").exception("failed")
        assert "ValueError: bad number of 16 digits" in stream.getvalue()
        assert card not in stream.getvalue()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("password", "hunter2"),
        ("Access-Token", "hunter2"),
        ("554", "hunter2"),
        ("options", {"inner": [{"api_key": "hunter2"}]}),
        ("message", "8=FIX.4.4\x0135=A\x01554=hunter2\x0110=000\x01"),
        ("message", b"8=FIX.4.4\x01925=hunter2\x01"),
        ("quoted", repr(b"8=FIX.4.4\x01554=hunter2\x0110=000\x01")),
        ("quoted", json.dumps("8=FIX.4.4\x0196=hunter2\x0110=000\x01")),
        ("messages", ["35=A|96=hunter2|10=000|"]),
    ],
)
@pytest.mark.parametrize("shape", ["json", "console"])
def test_a_secret_is_not_logged(key: str, value: object, shape: str) -> None:
    stream = io.StringIO()
    configure_logging(LogSettings.model_validate({"format": shape}), stream)
    structlog.get_logger("tapewatch.test").info("logon", **{key: value})
    assert "hunter2" not in stream.getvalue()
    assert REDACTED in stream.getvalue()


def test_a_secret_in_a_fix_message_that_an_exception_quotes_is_not_logged() -> None:
    for shape in ("json", "console"):
        stream = io.StringIO()
        configure_logging(LogSettings.model_validate({"format": shape}), stream)
        try:
            raise ValueError("bad message 35=A|554=hunter2|10=000|")
        except ValueError:
            logging.getLogger("fix").exception("refused")
        assert "ValueError" in stream.getvalue()
        assert "hunter2" not in stream.getvalue()


def test_only_the_secret_field_is_left_out() -> None:
    stream = io.StringIO()
    configure_logging(LogSettings(), stream)
    structlog.get_logger("tapewatch.test").info("line", text=repr(b"35=A\x01554=hunter2\x01108=30\x01") + "\nnext")
    assert logged(stream)["text"] == rf"b'35=A\x01554={REDACTED}\x01108=30\x01'" + "\nnext"


@pytest.mark.parametrize("text", ["1554=7\x01", "tag 96 is missing", "9654=x\x01"])
def test_what_only_looks_like_a_secret_is_logged(text: str) -> None:
    stream = io.StringIO()
    configure_logging(LogSettings(), stream)
    structlog.get_logger("tapewatch.test").info("line", text=text)
    assert logged(stream)["text"] == text


def test_each_service_has_metrics_of_its_own_and_of_the_process() -> None:
    first, second = new_metrics_registry(), new_metrics_registry()
    assert first is not second
    assert b"process_cpu_seconds_total" in generate_latest(first)
    assert b"python_gc_collections_total" in generate_latest(first)
