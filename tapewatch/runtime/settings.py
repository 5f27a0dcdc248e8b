"""Typed settings: one YAML file, `TAPEWATCH__SECTION__KEY` overrides, errors that name the line and the nearest key."""

import difflib
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic.json_schema import models_json_schema
from pydantic_core import ErrorDetails

from tapewatch.runtime.redaction import REDACTED, is_secret_name, without_secrets
from tapewatch.runtime.settings_document import Document, KeyPath, SettingsError, parse, read_document

__all__ = [
    "KNOWN_SECTIONS",
    "LogSettings",
    "MetricsSettings",
    "RateSettings",
    "Section",
    "SecuritySettings",
    "SettingsError",
    "TokenSettings",
    "json_schema",
    "load_settings",
]

KNOWN_SECTIONS = (
    "ingest",
    "detection",
    "cases",
    "fix",
    "simulator",
    "console",
    "security",
    "log",
    "metrics",
    "telemetry",
)
SERVICE_NAMES = ("ingest", "detection", "cases", "fix", "simulator", "console")
"""The services, by the names of their certificates."""
ENVIRONMENT_PREFIX = "TAPEWATCH__"
FOUND_CHARACTERS_MAX = 80


class Section(BaseModel):
    """Base of every section of the settings file: unknown keys are refused, values never change once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TokenSettings(Section):
    """Whose tokens prove people, and how their claims are read."""

    issuer: str = Field(description="`iss` of the tokens; of an OIDC issuer its address, where its keys are found")
    audience: str = Field("tapewatch", min_length=1, description="`aud` that tokens must be for")
    keys: Path | None = Field(
        None, description="JWKS file with the issuer's keys (`tapewatch tokens init`); null: ask the OIDC issuer"
    )
    authority: Path | None = Field(
        None, description="certificate authority of the issuer's address, PEM; null: the machine's own list"
    )
    keys_kept_s: float = Field(300.0, ge=1, le=86_400, description="before an OIDC issuer is asked for its keys again")
    leeway_s: float = Field(30.0, ge=0, le=300, description="by which the issuer's clock may differ from ours")
    lifetime_max_hours: float = Field(24.0, gt=0, le=24 * 366, description="longest life of a token that is taken")
    name_claim: str = Field("sub", min_length=1, description="claim that names the person, as the audit trail will")
    roles_claim: str = Field("roles", min_length=1, description="claim with the roles; dots step into objects")
    roles: dict[Literal["viewer", "analyst", "supervisor", "admin", "service"], list[str]] = Field(
        {}, description="names the issuer gives each role; a role not named here has its own name"
    )
    desks_claim: str = Field("desks", min_length=1, description="claim with the desks; none sees no case, * sees all")

    @model_validator(mode="after")
    def _keys_can_be_found(self) -> Self:
        address = urlsplit(self.issuer)
        local = address.scheme == "http" and address.hostname in ("127.0.0.1", "::1", "localhost")
        if self.keys is None and not (address.scheme == "https" and address.hostname) and not local:
            raise ValueError(
                f"expected an https address of an OIDC issuer, or a file of its keys in `keys`, found {self.issuer!r}"
            )
        return self


class RateSettings(Section):
    """How often one caller may call one service; beyond it RESOURCE_EXHAUSTED with the time to wait."""

    calls_a_second: float | None = Field(50.0, gt=0, description="of a person, in the long run; null: any number")
    calls_at_once: int = Field(200, ge=1, description="that a person may save up")
    service_calls_a_second: float | None = Field(None, gt=0, description="of a service; null: any number")
    service_calls_at_once: int = Field(2_000, ge=1, description="that a service may save up")


class SecuritySettings(Section):
    """How services prove themselves: `local` (loopback only, no certificates) or `mtls` (both sides show one)."""

    mode: Literal["local", "mtls"] = Field("local", description="local binds loopback only; mtls needs certificates")
    certificate: Path | None = Field(None, description="this process's certificate, PEM")
    key: Path | None = Field(None, description="the certificate's private key, PEM, readable by its owner only")
    authority: Path | None = Field(None, description="the certificate authority that peers must be signed by, PEM")
    services: list[str] = Field(
        list(SERVICE_NAMES), description="common names of certificates that are services; in mtls they need no token"
    )
    tokens: TokenSettings | None = Field(None, description="whose tokens prove people; null: nobody's are asked for")
    token_file: Path | None = Field(None, description="file with the token this process shows, for its owner alone")
    token: SecretStr | None = Field(None, description="the token itself; rather use token_file or TAPEWATCH_TOKEN")
    rate: RateSettings = Field(RateSettings(), description="how often one caller may call, where callers are known")

    @model_validator(mode="after")
    def _mtls_needs_files(self) -> Self:
        files = {"certificate": self.certificate, "key": self.key, "authority": self.authority}
        missing = [name for name, path in files.items() if path is None]
        if self.mode == "mtls" and missing:
            raise ValueError(
                f"mode mtls needs certificate, key and authority; missing: {', '.join(missing)} "
                "(`tapewatch certs init` makes development ones)"
            )
        return self


class LogSettings(Section):
    """What is logged to standard error, and how."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "console"] = Field("auto", description="auto: console on a terminal, else JSON")


class MetricsSettings(Section):
    """Where Prometheus may scrape `/metrics`."""

    listen: str | None = Field(None, description="HOST:PORT; nothing is served when absent")


SHARED_SECTIONS: Mapping[str, type[Section]] = {
    "security": SecuritySettings,
    "log": LogSettings,
    "metrics": MetricsSettings,
}

SectionType = TypeVar("SectionType", bound=Section)


@dataclass(frozen=True, slots=True)
class _Override:
    """One environment variable, aimed at a key path below its section."""

    variable: str
    text: str
    value: object
    section: str
    path: tuple[str, ...]


def load_settings(
    section_name: str, section_type: type[SectionType], path: Path | None, environ: Mapping[str, str]
) -> SectionType:
    """Read one section from the file (or defaults when `path` is None), with overrides from the environment.

    Raises SettingsError listing every mistake with file and line (or the variable), what was expected and found.
    """
    document = read_document(path) if path is not None else Document("settings", {}, {})
    _check_sections(document)
    overrides = [each for each in _read_overrides(environ) if each.section == section_name]
    values = _section_values(document, section_name)
    for override in overrides:
        _apply(values, override, override.value)
    try:
        return section_type.model_validate(values)
    except ValidationError as error:
        texts = _wanted_as_text(error, overrides)
        problems = error
    if texts:  # a text field whose override looks like another type (a numeric password): take the text itself
        for override in texts:
            _apply(values, override, override.text)
        try:
            return section_type.model_validate(values)
        except ValidationError as error:
            problems = error
    origin = _Origin(document, section_name, section_type, overrides)
    raise SettingsError("\n".join(origin.describe(each) for each in problems.errors(include_url=False)))


def json_schema(section_types: Mapping[str, type[Section]]) -> dict[str, Any]:
    """One JSON Schema (draft 2020-12) for the whole settings file; the shared sections are added by themselves."""
    types = {**section_types, **SHARED_SECTIONS}
    unknown = sorted(set(types) - set(KNOWN_SECTIONS))
    if unknown:
        raise ValueError(f"expected sections among {', '.join(KNOWN_SECTIONS)}, found {', '.join(unknown)}")
    references, definitions = models_json_schema([(each, "validation") for each in types.values()])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Tapewatch settings",
        "type": "object",
        "additionalProperties": False,
        "properties": {name: references[(types[name], "validation")] for name in KNOWN_SECTIONS if name in types},
        **definitions,
    }


def _check_sections(document: Document) -> None:
    for name in document.values:
        if name not in KNOWN_SECTIONS:
            place = document.place((name,))
            raise SettingsError(f"{place}: unknown section {name!r}; {_nearest(str(name), KNOWN_SECTIONS)}")


def _section_values(document: Document, section_name: str) -> dict[str, object]:
    values = document.values.get(section_name)
    if values is None:
        return {}
    if not isinstance(values, dict):
        place = document.place((section_name,))
        raise SettingsError(f"{place}: {section_name}: expected a mapping of keys, found {_shown(values)}")
    return dict(values)


def _read_overrides(environ: Mapping[str, str]) -> list[_Override]:
    overrides = []
    for variable, text in sorted(environ.items()):
        if not variable.startswith(ENVIRONMENT_PREFIX):
            continue
        section, *path = variable[len(ENVIRONMENT_PREFIX) :].lower().split("__")
        if section not in KNOWN_SECTIONS:
            raise SettingsError(f"{variable}: unknown section {section!r}; {_nearest(section, KNOWN_SECTIONS)}")
        if not path or "" in path:
            raise SettingsError(f"{variable}: expected {ENVIRONMENT_PREFIX}SECTION__KEY, found no key")
        value, _ = parse(text, variable)
        overrides.append(_Override(variable, text, value, section, tuple(path)))
    return overrides


def _apply(values: dict[str, object], override: _Override, value: object) -> None:
    """Set the value at the override's path, copying the mappings on the way (aliases share them)."""
    target = values
    for part in override.path[:-1]:
        inner = target.get(part)
        copied: dict[str, object] = dict(inner) if isinstance(inner, dict) else {}
        target[part] = copied
        target = copied
    target[override.path[-1]] = value


def _wanted_as_text(error: ValidationError, overrides: Iterable[_Override]) -> list[_Override]:
    wanted = {each["loc"] for each in error.errors() if each["type"] == "string_type"}
    return [each for each in overrides if each.path in wanted]


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where the values of a section came from, to say so in an error."""

    document: Document
    section_name: str
    section_type: type[Section]
    overrides: list[_Override]

    def describe(self, problem: ErrorDetails) -> str:
        location = problem["loc"]
        name = ".".join(str(part) for part in (self.section_name, *location))
        return f"{self._place(location)}: {name}: {self._complaint(problem)}"

    def _place(self, location: KeyPath) -> str:
        for override in self.overrides:
            if location[: len(override.path)] == override.path:
                return override.variable
        return self.document.place((self.section_name, *location))

    def _complaint(self, problem: ErrorDetails) -> str:
        location = problem["loc"]
        if problem["type"] == "extra_forbidden":
            return f"unknown key; {_nearest(str(location[-1]), _known_keys(self.section_type, location[:-1]))}"
        if problem["type"] == "missing":
            return "expected a value, found none; add the key"
        message = problem["msg"].removeprefix("Value error, ")
        if isinstance(problem["input"], dict | BaseModel):
            return message
        expected = message.removeprefix("Input should be ")
        secret = any(is_secret_name(str(part)) for part in location)
        return f"expected {expected}, found {REDACTED if secret else _shown(problem['input'])}"


def _nearest(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.5)
    suggestion = f"did you mean {close[0]!r}? " if close else ""
    return f"{suggestion}known: {', '.join(names)}"


def _shown(value: object) -> str:
    text = without_secrets(repr(value))
    short = text if len(text) <= FOUND_CHARACTERS_MAX else text[: FOUND_CHARACTERS_MAX - 3] + "..."
    return f"{short} ({type(value).__name__})"


def _known_keys(section_type: type[BaseModel], location: KeyPath) -> set[str]:
    """The keys allowed at a location: list positions, mapping keys and union tags on the way leave the type as is."""
    types = [section_type]
    for part in location:
        inner = [found for each in types if part in each.model_fields for found in _models(each, str(part))]
        types = inner or types
    return {field.alias or name for each in types for name, field in each.model_fields.items()}


def _models(section_type: type[BaseModel], field_name: str) -> list[type[BaseModel]]:
    found: list[type[BaseModel]] = []
    pending: list[object] = [section_type.model_fields[field_name].annotation]
    while pending:
        annotation = pending.pop()
        pending.extend(typing.get_args(annotation))
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            found.append(annotation)
    return found
