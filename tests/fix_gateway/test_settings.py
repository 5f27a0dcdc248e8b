from pathlib import Path

import pytest

from fix_gateway.settings import FixSettings
from tapewatch.runtime.settings import SettingsError, load_settings


def load(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> FixSettings:
    path = tmp_path / "tapewatch.yaml"
    path.write_text(text)
    return load_settings("fix", FixSettings, path, environ or {})


def test_the_defaults_take_the_simulators_drop_copy() -> None:
    settings = load_settings("fix", FixSettings, None, {})
    assert (settings.fix_listen, settings.listen) == ("127.0.0.1:9876", "127.0.0.1:50055")
    assert [session.config().source for session in settings.sessions] == ["FIX.4.4:XTWS->TAPEWATCH"]


def test_the_file_names_the_fix_address_listen_and_the_health_address_status_listen(tmp_path: Path) -> None:
    settings = load(tmp_path, "fix: {listen: '127.0.0.1:1', status_listen: '127.0.0.1:2'}")
    assert (settings.fix_listen, settings.listen) == ("127.0.0.1:1", "127.0.0.1:2")
    overridden = load(tmp_path, "fix: {}", {"TAPEWATCH__FIX__LISTEN": "127.0.0.1:3"})
    assert overridden.fix_listen == "127.0.0.1:3"


@pytest.mark.parametrize(
    ("sessions", "said"),
    [
        ("[{target: A, colour: red}]", "colour"),
        ("[{target: A}, {target: A, profile: fix42}]", "FIX.4.4:A->TAPEWATCH"),
        ("[{target: A, role: initiator}]", "expected HOST:PORT"),
        ("[{target: A, begin_string: FIX.9}]", "FIX.4.4"),
    ],
)
def test_sessions_that_make_no_sense_are_refused_by_name(tmp_path: Path, sessions: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        load(tmp_path, f"fix:\n  sessions: {sessions}\n")


def test_a_password_is_not_shown() -> None:
    settings = FixSettings.model_validate({"sessions": [{"target": "A", "password": "s3cret"}]})
    assert "s3cret" not in repr(settings)
