import io
import logging

import pytest
import structlog

from tapewatch.runtime.redaction import REDACTED, is_secret_name, without_secrets
from tapewatch.runtime.settings import LogSettings
from tapewatch.runtime.telemetry import configure_logging
from tests.tapewatch.runtime.tokens.fakes import signed

PEM = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIHh\n-----END PRIVATE KEY-----\n"
SECRETS = {
    "a token": (signed(), "eyJ"),
    "a token cut off": (signed()[:40], "eyJ"),
    "a header": ("authorization: Bearer abcdefghijkl", "abcdefghijkl"),
    "a password in a header": ("Basic YWxpY2U6c2VjcmV0", "YWxp"),
    "a private key": (PEM, "MC4CAQ"),
    "a private key of another kind": (PEM.replace("PRIVATE", "EC PRIVATE"), "MC4CAQ"),
    "a private key cut off": (PEM[:40], "MC4CAQ"),
    "a password in an address": ("postgresql+asyncpg://tapewatch:hunter2@db:5432/cases", "hunter2"),
    "a FIX password": ("35=A\x01554=hunter2\x01108=30", "hunter2"),
}


@pytest.mark.parametrize(("text", "secret"), SECRETS.values(), ids=SECRETS.keys())
def test_a_secret_is_cut_out_of_the_text_around_it(text: str, secret: str) -> None:
    found = without_secrets(f"refused: {text} from 127.0.0.1")
    assert secret not in found
    assert REDACTED in found
    assert found.startswith("refused: ")


@pytest.mark.parametrize(
    "text",
    [
        "bearer of the news",
        "http://127.0.0.1:50053/metrics",
        "case 7 of eyJ",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "user@example.test wrote 12:30 to a@b",
    ],
)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    assert without_secrets(text) == text


@pytest.mark.parametrize("name", ["token", "TAPEWATCH_TOKEN", "Authorization", "client_secret", "private_key", "554"])
def test_values_under_the_names_of_secrets_are_secret(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(("text", "secret"), SECRETS.values(), ids=SECRETS.keys())
def test_no_log_line_holds_a_secret_wherever_it_stands(text: str, secret: str) -> None:
    output = io.StringIO()
    root = logging.getLogger()
    before = (root.handlers, root.level)
    try:
        configure_logging(LogSettings(format="json"), output)
        log = structlog.get_logger("test")
        log.warning(text, plain=text, deep={"of": [text]}, authorization=text)
        logging.getLogger("library").warning("said %s", text)
        try:
            raise ValueError(text)
        except ValueError:
            log.exception("failed")
    finally:
        root.handlers, root.level = before
        structlog.reset_defaults()
    assert secret not in output.getvalue()
    assert output.getvalue().count("\n") == 3
