from pathlib import Path

import pytest

from fix_gateway.settings import FixSessionSettings, FixSettings
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


def test_the_profile_says_whether_missing_numbers_can_be_asked_for() -> None:
    session = FixSessionSettings(target="X")
    assert session.config().resends
    assert not session.model_copy(update={"profile": "one_account_a_session"}).config().resends


def test_a_password_is_not_shown() -> None:
    settings = FixSettings.model_validate({"sessions": [{"target": "A", "password": "s3cret"}]})
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{target: A, certificate_name: a}", "needs `fix.tls` with an authority"),
        ("{target: A, allow: [10.0.0.1/8]}", "allow"),
        ("{target: A, password: x, password_env: Y}", "found several"),
        ("{target: A, connect: 'h:1'}", "for role initiator only"),
        ("{target: A, role: initiator, connect: 'h:1', allow: [10.0.0.0/8]}", "for role acceptor only"),
        ("{target: A, reconnect_first_s: 9, reconnect_max_s: 1}", "not to exceed"),
        ("{target: A, role: initiator, connect: 'h:1', tls: {certificate: c}}", "certificate and key together"),
    ],
)
def test_security_that_makes_no_sense_is_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        load(tmp_path, f"fix:\n  sessions: [{text}]\n")


def test_a_password_comes_from_a_file_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("from-file\nnot this\n")
    monkeypatch.setenv("FIX_PASSWORD_B", "from-environment")
    monkeypatch.chdir(tmp_path)
    sessions = "[{target: A, password_file: secret}, {target: B, password_env: FIX_PASSWORD_B}]"
    settings = load(tmp_path, f"fix: {{sessions: {sessions}}}")
    assert [session.config().password for session in settings.sessions] == ["from-file", "from-environment"]


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("password_file: absent/file", "cannot read absent/file: No such file"),
        ("password_file: empty", "expected a password in the first line of empty, found none"),
        ("password_env: NOT_SET_ANYWHERE", "in the environment variable NOT_SET_ANYWHERE, found none"),
    ],
)
def test_a_password_that_is_not_there_is_an_error_not_an_open_door(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").write_text("\n")
    session = load(tmp_path, f"fix: {{sessions: [{{target: A, {place}}}]}}").sessions[0]
    with pytest.raises(SettingsError, match=said):
        session.config()


def test_a_schedule_and_resets_reach_the_session_layer(tmp_path: Path) -> None:
    hours = "{start: '18:00', end: '17:00', zone: America/New_York, start_day: sunday, end_day: friday}"
    more = "reset_on_logout: true, user_tags: [9001], message_types: [D]"
    config = load(tmp_path, f"fix: {{sessions: [{{target: A, schedule: {hours}, {more}}}]}}").sessions[0].config()
    assert config.schedule is not None
    assert (config.schedule.zone, config.schedule.start_day, config.schedule.end_day) == ("America/New_York", 6, 4)
    assert (config.reset_on_logout, config.reset_on_disconnect) == (True, False)
    assert (config.user_tags, config.message_types) == (frozenset({9001}), frozenset({"D"}))


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ("{start: '08:00', end: '17:00', zone: Mars/Base}", "IANA time zone"),
        ("{start: '08:00', end: '17:00', start_day: monday}", "expected both"),
        ("{start: '25:00', end: '17:00'}", "start"),
        ("{start: '08:00', end: '17:00', days: [funday]}", "monday"),
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused(tmp_path: Path, hours: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        load(tmp_path, f"fix: {{sessions: [{{target: A, schedule: {hours}}}]}}")


def test_fix_in_the_clear_beyond_this_machine_is_refused_unless_allowed(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"expected `tls` because 0\.0\.0\.0:9876 is not a loopback address"):
        load(tmp_path, "fix: {listen: '0.0.0.0:9876'}")
    assert load(tmp_path, "fix: {listen: '0.0.0.0:9876', plaintext: true}").plaintext
    assert load(tmp_path, "fix: {listen: '0.0.0.0:9876', tls: {certificate: c, key: k}}").tls is not None
