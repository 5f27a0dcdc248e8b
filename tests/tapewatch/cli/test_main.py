import importlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tapewatch.cli.main import ENTRIES, Entry, main

COMMAND = (sys.executable, "-m", "tapewatch.cli.main")


def test_help_lists_every_command_with_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(entry.name in shown for entry in ENTRIES)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_command_loads_and_has_help(entry: Entry, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([entry.name, "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"tapewatch {entry.name}" in shown
    assert "--install-completion" not in shown
    assert importlib.import_module(f"tapewatch.cli.{entry.module}").__doc__


def test_help_does_not_load_the_commands() -> None:
    code = (
        "import sys; from tapewatch.cli.main import main; main(['--help']);"
        "heavy = {'grpc', 'numpy', 'pyarrow', 'pydantic', 'detection_service'} & set(sys.modules);"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["detct"], "tapewatch: No such command 'detct'. Did you mean 'detect'? (see `tapewatch --help`)"),
        (["cases", "list", "--limt", "3"], "No such option: --limt"),
        (["cases", "close", "7"], "Missing option '--disposition'"),
        (["detect", "nowhere.csv", "--out", "a"], "file 'nowhere.csv' does not exist"),
        (["cases", "list", "--target", "here"], "--target: expected HOST:PORT"),
        (["replay", "--speed", "fast", __file__], "--speed: expected max or a factor such as 10x, found 'fast'"),
        (["bench", "everything"], "expected parts among engine, fix"),
        (["simulate", "--out", "x", "--scheme", "theft"], "--scheme: expected one of"),
        (["detect", __file__, "--out", "a", "--rules", "spoofng"], "did you mean 'spoofing'"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.splitlines()) == 1


def test_wrong_settings_name_line_and_nearest_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "tapewatch.yaml"
    config.write_text("cases:\n  listen: 127.0.0.1:1\nsecurty:\n  mode: local\n")
    assert main(["cases", "list", "--config", str(config)]) == 2
    error = capsys.readouterr().err
    assert f"{config}:3" in error
    assert "did you mean 'security'" in error


def test_up_reads_every_section_before_it_starts_anything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text("ingest:\n  listn: 127.0.0.1:0\ndetection:\n  rules: {spoofng: {}}\n")
    assert main(["up", "--config", str(settings), "--directory", str(tmp_path / "data")]) == 2
    said = capsys.readouterr().err
    assert "settings.yaml:2: ingest.listn" in said
    assert "did you mean 'listen'" in said
    assert "did you mean 'spoofing'" in said
    assert not (tmp_path / "data").exists()


def test_an_absent_service_is_exit_code_1_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cases", "list", "--target", "127.0.0.1:1"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("tapewatch: no service answers at 127.0.0.1:1")
    assert "`tapewatch up` starts the services" in error


def test_an_interrupted_watch_ends_quietly_with_130(target: str) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # children in the background ignore it
    process = subprocess.Popen(
        [*COMMAND, "cases", "watch", "--target", target], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    signal.signal(signal.SIGINT, before)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("case 1")
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=50)
    assert (process.returncode, error) == (130, "")


def test_a_closed_pipe_ends_quietly(target: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as output:
        done = subprocess.run(
            [*COMMAND, "alerts", "list", "--target", target, "--json"],
            stdout=output,
            stderr=subprocess.PIPE,
            check=False,
            timeout=30,
        )
    assert done.stderr == b""
    assert done.returncode == 1


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("tapewatch 0.")


def test_help_is_there_within_a_second() -> None:
    begun_s = time.monotonic()
    subprocess.run([*COMMAND, "--help"], check=True, capture_output=True, timeout=30)
    assert time.monotonic() - begun_s < 5  # a bound for a loaded machine; about 0.2 s alone
