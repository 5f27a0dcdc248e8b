import contextlib
import textwrap
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from tapewatch.runtime.settings import (
    KNOWN_SECTIONS,
    SHARED_SECTIONS,
    Section,
    SecuritySettings,
    SettingsError,
    json_schema,
    load_settings,
)
from tapewatch.runtime.settings_document import ALIASES_MAX, DEPTH_MAX, FILE_BYTES_MAX, NODES_MAX, parse


class Journal(Section):
    directory: Path = Path("journal")
    fsync_interval_ms: int = Field(5, ge=1, le=1_000)


class Feed(Section):
    kind: Literal["file", "fix"]
    password: int | None = None


class Ingest(Section):
    listen: str = "127.0.0.1:50051"
    batch_rows_max: int = Field(10_000, ge=1)
    journal: Journal = Journal()
    feeds: tuple[Feed, ...] = ()
    venues: dict[str, Journal] = Field(default_factory=dict)
    session_open: str | None = None
    database_password: str | None = None
    tags: tuple[str, ...] = ()


def load(directory: Path, text: str, environ: dict[str, str] | None = None) -> Ingest:
    path = directory / "tapewatch.yaml"
    path.write_text(textwrap.dedent(text))
    return load_settings("ingest", Ingest, path, environ or {})


def complaint(directory: Path, text: str, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(SettingsError) as caught:
        load(directory, text, environ)
    return str(caught.value).replace(f"{directory}/", "")


def test_no_file_means_the_defaults() -> None:
    assert load_settings("ingest", Ingest, None, {}) == Ingest()


@pytest.mark.parametrize("text", ["", "# nothing\n", "ingest:\n", "cases:\n  listen: 127.0.0.1:1\n"])
def test_a_file_without_the_section_means_the_defaults(tmp_path: Path, text: str) -> None:
    assert load(tmp_path, text) == Ingest()


def test_a_section_is_read_and_frozen(tmp_path: Path) -> None:
    read = load(
        tmp_path,
        """
        ingest:
          batch_rows_max: 500
          journal: {fsync_interval_ms: 2}
          feeds:
            - kind: file
        """,
    )
    assert (read.batch_rows_max, read.journal.fsync_interval_ms, read.feeds[0].kind) == (500, 2, "file")
    with pytest.raises(ValueError, match="frozen"):
        read.batch_rows_max = 3  # type: ignore[misc] # the point of the test


def test_an_unknown_key_is_named_with_its_line_and_the_nearest_known(tmp_path: Path) -> None:
    text = "ingest:\n  listen: 127.0.0.1:1\n  batch_row_max: 5\n"
    assert complaint(tmp_path, text) == (
        "tapewatch.yaml:3: ingest.batch_row_max: unknown key; did you mean 'batch_rows_max'? known: batch_rows_max, "
        "database_password, feeds, journal, listen, session_open, tags, venues"
    )


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("ingest:\n  journal:\n    fsync_interval: 5\n", "tapewatch.yaml:3: ingest.journal.fsync_interval: "),
        ("ingest:\n  venues:\n    XLON:\n      fsync_interval: 5\n", "tapewatch.yaml:4: ingest.venues.XLON.fsync_int"),
    ],
)
def test_an_unknown_key_deeper_down_is_compared_with_the_keys_of_its_own_level(
    tmp_path: Path, text: str, start: str
) -> None:
    said = complaint(tmp_path, text)
    assert said.startswith(start)
    assert "did you mean 'fsync_interval_ms'? known: directory, fsync_interval_ms" in said


def test_an_unknown_key_inside_a_list_item_has_its_own_line(tmp_path: Path) -> None:
    said = complaint(tmp_path, "ingest:\n  feeds:\n    - kind: file\n    - kind: fix\n      pasword: 3\n")
    assert said.startswith("tapewatch.yaml:5: ingest.feeds.1.pasword: unknown key; did you mean 'password'?")


def test_a_wrong_value_says_what_was_expected_and_found(tmp_path: Path) -> None:
    assert complaint(tmp_path, "ingest:\n\n  batch_rows_max: many\n") == (
        "tapewatch.yaml:3: ingest.batch_rows_max: expected a valid integer, unable to parse string as an integer, "
        "found 'many' (str)"
    )


def test_every_mistake_is_reported_at_once(tmp_path: Path) -> None:
    said = complaint(tmp_path, "ingest:\n  batch_rows_max: 0\n  feeds:\n    - kind: radio\n    - {}\n")
    lines = said.splitlines()
    assert lines[0] == "tapewatch.yaml:2: ingest.batch_rows_max: expected greater than or equal to 1, found 0 (int)"
    assert lines[1] == "tapewatch.yaml:4: ingest.feeds.0.kind: expected 'file' or 'fix', found 'radio' (str)"
    assert lines[2] == "tapewatch.yaml:5: ingest.feeds.1.kind: expected a value, found none; add the key"


def test_a_secret_is_never_repeated(tmp_path: Path) -> None:
    said = complaint(tmp_path, "ingest:\n  feeds:\n    - {kind: fix, password: hunter2}\n")
    assert "hunter2" not in said
    assert said.startswith("tapewatch.yaml:3: ingest.feeds.0.password: expected")


def test_an_unknown_section_is_refused_with_the_nearest(tmp_path: Path) -> None:
    said = complaint(tmp_path, "ingest:\n  listen: 127.0.0.1:1\ndetecton:\n  x: 1\n")
    assert said.startswith("tapewatch.yaml:3: unknown section 'detecton'; did you mean 'detection'? known: cases,")


def test_a_duplicate_key_is_refused_with_both_lines(tmp_path: Path) -> None:
    said = complaint(tmp_path, "ingest:\n  listen: 127.0.0.1:1\n  listen: 127.0.0.1:2\n")
    assert said == "tapewatch.yaml:3: duplicate key 'listen', first given on line 2; keep one of them"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- 1\n", "tapewatch.yaml:1: expected a mapping of sections (like `ingest:`), found list"),
        ("ingest: 5\n", "tapewatch.yaml:1: ingest: expected a mapping of keys, found 5 (int)"),
        ("ingest:\n  listen: [1\n", "tapewatch.yaml:3: not valid YAML: expected ',' or ']'"),
        ("ingest:\n\tlisten: 1\n", "tapewatch.yaml:2: not valid YAML: found character '\\t'"),
        ("a: 1\n---\nb: 2\n", "tapewatch.yaml:2: not valid YAML: but found another document"),
        ("ingest: !!python/object/apply:os.system [id]\n", "tapewatch.yaml:1: expected plain YAML, found the type tag"),
        ("\ningest: !!bool maybe\n", "tapewatch.yaml:2: expected plain YAML, found the type tag"),
        ("ingest: {? [a] : 1}\n", "tapewatch.yaml:1: expected a plain key, found a sequence"),
        ("ingest: \x07\n", "tapewatch.yaml:1: not valid YAML: special characters are not allowed"),
        ("ingest: " + "9" * 5_000, "tapewatch.yaml: not valid YAML: Exceeds the limit"),
    ],
)
def test_a_malformed_file_is_refused_with_the_line(tmp_path: Path, text: str, said: str) -> None:
    assert complaint(tmp_path, text).startswith(said)


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"missing\.yaml: cannot read the settings file: No such file.*--config"):
        load_settings("ingest", Ingest, tmp_path / "missing.yaml", {})
    with pytest.raises(SettingsError, match="expected a settings file, found a directory"):
        load_settings("ingest", Ingest, tmp_path, {})


def test_text_that_is_not_utf_8_is_refused_with_the_line(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"# caf\n# \xe9\n")
    with pytest.raises(SettingsError, match=r"latin\.yaml:2: expected UTF-8 text, found byte 0xe9"):
        load_settings("ingest", Ingest, path, {})


def nested(levels: int) -> str:
    return "ingest: " + "[" * (levels - 1) + "]" * (levels - 1) + "\n"


def laughs() -> str:
    lines = ["a: &a [" + ", ".join(["x"] * 30) + "]"]
    lines += [f"{name}: &{name} [" + ", ".join([f"*{before}"] * 20) + "]" for before, name in ("ab", "bc", "cd")]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (nested(DEPTH_MAX + 1), f"at most {DEPTH_MAX} levels"),
        ("a: &a 1\nb: [" + ", ".join(["*a"] * (ALIASES_MAX + 1)) + "]\n", f"at most {ALIASES_MAX} aliases"),
        (laughs(), f"at most {NODES_MAX} values"),
        ("a: &a [*a]\n", f"at most {NODES_MAX} values nested at most {DEPTH_MAX} deep"),
        ("#" * (FILE_BYTES_MAX + 1), f"at most {FILE_BYTES_MAX} bytes"),
    ],
    ids=["deep", "aliases", "laughs", "cycle", "size"],
)
def test_a_bomb_is_refused(tmp_path: Path, text: str, said: str) -> None:
    assert said in complaint(tmp_path, text)


def test_the_deepest_and_most_aliased_file_allowed_is_read() -> None:
    assert parse(nested(DEPTH_MAX), "x")[0] is not None
    assert parse("a: &a 1\nb: [" + ", ".join(["*a"] * ALIASES_MAX) + "]\n", "x")[0] is not None


def test_yaml_1_1_traps_stay_text(tmp_path: Path) -> None:
    assert load(tmp_path, "ingest:\n  session_open: 16:30\n").session_open == "16:30"
    assert load(tmp_path, "ingest:\n  tags: [2026-01-02, 0755, 1_0:00]\n").tags == ("2026-01-02", "0755", "1_0:00")


def test_anchors_and_merges_work(tmp_path: Path) -> None:
    read = load(
        tmp_path,
        """
        ingest:
          journal: &journal {fsync_interval_ms: 7}
          venues:
            XLON: *journal
            XPAR:
              <<: *journal
              directory: paris
        """,
    )
    assert read.venues == {"XLON": read.journal, "XPAR": Journal(directory=Path("paris"), fsync_interval_ms=7)}


def test_the_environment_wins_over_the_file_at_any_depth(tmp_path: Path) -> None:
    environ = {
        "TAPEWATCH__INGEST__LISTEN": "127.0.0.1:7",
        "TAPEWATCH__INGEST__JOURNAL__FSYNC_INTERVAL_MS": "9",
        "TAPEWATCH__INGEST__TAGS": "[a, b]",
        "TAPEWATCH__CASES__LISTEN": "127.0.0.1:8",
        "PATH": "/bin",
    }
    read = load(tmp_path, "ingest:\n  listen: 127.0.0.1:1\n  journal: {directory: there}\n", environ)
    assert (read.listen, read.journal, read.tags) == (
        "127.0.0.1:7",
        Journal(directory=Path("there"), fsync_interval_ms=9),
        ("a", "b"),
    )


def test_an_empty_variable_means_none(tmp_path: Path) -> None:
    assert load(tmp_path, "ingest: {session_open: x}\n", {"TAPEWATCH__INGEST__SESSION_OPEN": ""}).session_open is None


@pytest.mark.parametrize("password", ["0123", "1e5", "true", "12345678901234567890", "2026-01-02"])
def test_a_text_field_takes_the_variables_text_whatever_it_looks_like(tmp_path: Path, password: str) -> None:
    environ = {"TAPEWATCH__INGEST__DATABASE_PASSWORD": password, "TAPEWATCH__INGEST__BATCH_ROWS_MAX": "3"}
    read = load(tmp_path, "", environ)
    assert (read.database_password, read.batch_rows_max) == (password, 3)


@pytest.mark.parametrize(
    ("variable", "text", "said"),
    [
        ("TAPEWATCH__INGEST__LISTN", "x", "TAPEWATCH__INGEST__LISTN: ingest.listn: unknown key; did you mean 'listen'"),
        (
            "TAPEWATCH__INGETS__LISTEN",
            "x",
            "TAPEWATCH__INGETS__LISTEN: unknown section 'ingets'; did you mean 'ingest'",
        ),
        ("TAPEWATCH__INGEST", "x", "TAPEWATCH__INGEST: expected TAPEWATCH__SECTION__KEY, found no key"),
        ("TAPEWATCH__INGEST__", "x", "TAPEWATCH__INGEST__: expected TAPEWATCH__SECTION__KEY, found no key"),
        (
            "TAPEWATCH__INGEST__BATCH_ROWS_MAX",
            "-1",
            "TAPEWATCH__INGEST__BATCH_ROWS_MAX: ingest.batch_rows_max: expected",
        ),
        ("TAPEWATCH__INGEST__TAGS", "[a", "TAPEWATCH__INGEST__TAGS:1: not valid YAML"),
    ],
)
def test_a_wrong_variable_is_named(tmp_path: Path, variable: str, text: str, said: str) -> None:
    assert complaint(tmp_path, "ingest:\n  batch_rows_max: 5\n", {variable: text}).startswith(said)


def test_mtls_without_its_files_says_which_are_missing(tmp_path: Path) -> None:
    path = tmp_path / "tapewatch.yaml"
    path.write_text("log: {level: info}\nsecurity:\n  mode: mtls\n  certificate: a.pem\n")
    with pytest.raises(SettingsError) as caught:
        load_settings("security", SecuritySettings, path, {})
    assert str(caught.value) == (
        f"{path}:2: security: mode mtls needs certificate, key and authority; missing: key, authority "
        "(`tapewatch certs init` makes development ones)"
    )


def test_the_schema_covers_every_section_and_refuses_others() -> None:
    schema: dict[str, Any] = json_schema({"ingest": Ingest})
    assert list(schema["properties"]) == [name for name in KNOWN_SECTIONS if name in {"ingest", *SHARED_SECTIONS}]
    assert schema["additionalProperties"] is False
    assert schema["$defs"]["Ingest"]["additionalProperties"] is False
    assert schema["$defs"]["Ingest"]["properties"]["batch_rows_max"]["minimum"] == 1
    with pytest.raises(ValueError, match="found nothing_known"):
        json_schema({"nothing_known": Ingest})


@given(text=st.text(max_size=200))
def test_any_text_parses_or_is_refused(text: str) -> None:
    with contextlib.suppress(SettingsError):
        parse(text, "source")


@given(text=st.text(alphabet="a:-[]{}&*!|>'\"\n\t #?,%@`0", max_size=60))
def test_yaml_like_text_parses_or_is_refused(text: str) -> None:
    with contextlib.suppress(SettingsError):
        parse(text, "source")
