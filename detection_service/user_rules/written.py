"""What a rule in YAML says, read and checked: `<rule_id>.yaml`."""

from __future__ import annotations

import difflib
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from detection_service.engine.metrics import GROUP_METRICS, MARKET_METRICS, OWNER_METRICS
from detection_service.rules import needs
from detection_service.rules.rule import Condition, Metadata, Need, Parameter, Regulation
from detection_service.user_rules.template import Template, TemplateError
from tapewatch.alert import Severity
from tapewatch.runtime.settings_document import KeyPath, SettingsError, parse

CONDITIONS_MAX: Final = 20
WORDS: Final = ("venue", "instrument", "owners")
METRICS_BY_SUBJECT: Final = {
    "group": (*GROUP_METRICS, *MARKET_METRICS),
    "market": MARKET_METRICS,
    "owner": OWNER_METRICS,
}
NEED_BY_NAME: Final = {
    "orders": needs.ORDERS,
    "accounts": needs.ACCOUNTS,
    "fills": needs.FILLS,
    "matches": needs.MATCHES,
    "prints": needs.PRINTS,
    "quotes": needs.QUOTES,
}
_OF_TRADES: Final = ("fills", "bought", "sold", "net_share", "aggressive", "pushes", "notional", "volume_share",
                     "float_share", "linked_push", "markets")  # fmt: skip


class WrittenError(ValueError):
    """A rule in YAML can not be read: says file, line, key, what was expected and what was found."""


def _severity(value: object) -> object:
    return Severity[value] if isinstance(value, str) and value in Severity.__members__ else value


Level = Annotated[Severity, BeforeValidator(_severity)]
Texts = Annotated[tuple[str, ...], BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WrittenParameter(_Part):
    """A number an operator may set."""

    default: float
    unit: str
    minimum: float
    maximum: float
    reason: str


class WrittenCondition(_Part):
    """A metric and its limits, each a number or the name of a parameter."""

    metric: str
    at_least: float | str | None = None
    at_most: float | str | None = None


class Written(_Part):
    """A rule as its file says."""

    version: str
    title: str
    description: str
    subject: Literal["group", "market", "owner"]
    when: tuple[WrittenCondition, ...] = Field(min_length=1, max_length=CONDITIONS_MAX)
    explanation: str
    parameters: dict[str, WrittenParameter]
    regulations: Texts
    known_false_positives: Texts
    known_gaps: Texts
    triage_steps: Texts
    typology: str = ""
    needs: tuple[Literal["orders", "accounts", "fills", "matches", "prints", "quotes"], ...] = ()
    severity: dict[Level, float] = Field(default={Severity.MEDIUM: 0.5, Severity.HIGH: 0.75}, min_length=1)
    score_by: tuple[str, ...] = ()
    episode_gap_s: float = 300.0
    episode_max_s: float = 3600.0

    def metadata(self, rule_id: str) -> Metadata:
        """What is governed about the rule; its data needs are those of its metrics unless it says."""
        named = [NEED_BY_NAME[name] for name in self.needs]
        return Metadata(
            rule_id=rule_id,
            version=self.version,
            title=self.title,
            typology=self.typology or rule_id.upper(),
            description=self.description,
            needs=tuple(named or self._needs()),
            parameters=tuple(Parameter(name=name, **dict(each)) for name, each in self.parameters.items()),
            regulations=tuple(Regulation(text) for text in self.regulations),
            known_false_positives=self.known_false_positives,
            known_gaps=self.known_gaps,
            triage_steps=self.triage_steps,
            episode_gap_s=self.episode_gap_s,
            episode_max_s=self.episode_max_s,
            stage=2 if self.subject == "owner" else 1,
        )

    def _needs(self) -> list[Need]:
        metrics = [condition.metric for condition in self.when]
        own = [name for name in metrics if not name.startswith("market_")]
        of_trades = any(name.startswith((*_OF_TRADES, "cancel_to_fill")) for name in own)
        of_orders = any(not name.startswith(_OF_TRADES) for name in own)
        prints = any(name.startswith("market_") and not name.startswith("market_spread") for name in metrics)
        quotes = any(name.startswith("market_spread") for name in metrics)
        wanted = {
            needs.ORDERS: of_orders,
            needs.ACCOUNTS: bool(own),
            needs.FILLS: of_trades,
            needs.PRINTS: prints or any(name.startswith("volume_share") for name in own),
            needs.QUOTES: quotes,
        }
        return [need for need, is_wanted in wanted.items() if is_wanted]

    def conditions(self, parameters: dict[str, float]) -> tuple[Condition, ...]:
        """The conditions with parameters for their names."""

        def number(limit: float | str | None) -> float | None:
            return parameters[limit] if isinstance(limit, str) else limit

        return tuple(Condition(each.metric, number(each.at_least), number(each.at_most)) for each in self.when)

    def template(self) -> Template:
        """The explanation, ready to be filled in. Raises TemplateError."""
        return Template.parse(self.explanation, {*METRICS_BY_SUBJECT[self.subject], *self.parameters}, WORDS)


def read(text: str, place: str) -> Written:
    """The rule a YAML text says. Raises WrittenError; `place` names the file."""
    try:
        content, lines = parse(text, place)
    except SettingsError as error:
        raise WrittenError(str(error)) from error
    if not isinstance(content, dict):
        raise WrittenError(f"{place}:1: expected a mapping (version: ..., title: ...), found {type(content).__name__}")
    try:
        written = Written.model_validate(content)
    except ValidationError as error:
        raise WrittenError(_told_wrong(error, place, lines)) from error
    for path, message in _wrong(written):
        raise WrittenError(f"{place}:{_line(lines, path)}: {message}")
    return written


def _line(lines: dict[KeyPath, int], path: KeyPath) -> int:
    known: KeyPath = ()
    for part in path:
        if (*known, part) in lines:
            known = (*known, part)
    return lines.get(known, 1)


def _told_wrong(error: ValidationError, place: str, lines: dict[KeyPath, int]) -> str:
    first = error.errors()[0]
    path = tuple(part for part in first["loc"] if part != "[key]" and not str(part).startswith(("float", "str")))
    where, key = f"{place}:{_line(lines, path)}", ".".join(map(str, path))
    if first["type"] == "extra_forbidden":
        parts: dict[str, type[_Part]] = {"when": WrittenCondition, "parameters": WrittenParameter}
        part = parts.get(str(path[0]), Written) if len(path) > 1 else Written
        return f"{where}: unknown key {path[-1]!r}; expected one of {', '.join(part.model_fields)}"
    if first["type"] == "missing":
        return f"{where}: expected the key {key!r}, found none; docs/rules-writing.md says what it holds"
    found: Any = first["input"]
    return f"{where}: {key}: {first['msg']}, found {found!r:.80}"


def _wrong(written: Written) -> list[tuple[KeyPath, str]]:
    known = METRICS_BY_SUBJECT[written.subject]
    wrong: list[tuple[KeyPath, str]] = []
    names = [each.metric for each in written.when]
    for number, each in enumerate(written.when):
        path: KeyPath = ("when", number, "metric")
        if each.metric not in known:
            wrong.append((path, _unknown_metric(each.metric, written.subject)))
        elif names.count(each.metric) > 1:
            wrong.append((path, f"expected a metric once, with both its limits, found {each.metric} twice"))
        if each.at_least is None and each.at_most is None:
            wrong.append((path, f"{each.metric}: expected at_least, at_most or both, found neither"))
        for key, limit in (("at_least", each.at_least), ("at_most", each.at_most)):
            if isinstance(limit, str) and limit not in written.parameters:
                told = f"{key}: expected a number or one of the parameters {', '.join(written.parameters)}"
                wrong.append((("when", number, key), f"{told}, found {limit!r}"))
    wrong += [(("score_by",), f"expected metrics of `when`, found {name!r}") for name in {*written.score_by} - {*names}]
    taken = sorted({*known, *WORDS} & {*written.parameters})
    wrong += [(("parameters", name), f"{name}: expected a name that is no metric's; choose another") for name in taken]
    try:
        written.template()
    except TemplateError as error:
        wrong.append((("explanation",), f"explanation: {error}"))
    return wrong


def _unknown_metric(name: str, subject: str) -> str:
    near = difflib.get_close_matches(name, METRICS_BY_SUBJECT[subject], n=1)
    hint = f"did you mean {near[0]!r}?" if near else "docs/metrics.md lists them"
    return f"unknown metric {name!r} for the subject {subject}: {hint}"
