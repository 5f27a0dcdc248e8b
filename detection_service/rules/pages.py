"""The public pages of the rules, written from their metadata and scenarios; never edited by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from detection_service.rules.rule import Metadata, Rule
from detection_service.rules.scenarios.scenario import KINDS, Scenario, load, scenario_file

GENERATED: Final = "<!-- Written by `tapewatch rules pages` from the rule's metadata and scenarios: edit those. -->\n"
STAGES: Final = {1: "first (one instrument at a time)", 2: "second (an owner over all instruments)"}
INDEX: Final = "index.md"


def pages(rules: Iterable[Rule]) -> dict[str, str]:
    """File name to text: a page a rule and the index. Raises ScenarioError."""
    ordered = sorted(rules, key=lambda rule: rule.metadata.rule_id)
    scenarios = {rule.metadata.rule_id: load(scenario_file(rule)) for rule in ordered}
    made = {f"{rule.metadata.rule_id}.md": page(rule.metadata, scenarios[rule.metadata.rule_id]) for rule in ordered}
    return {**made, INDEX: index(ordered, scenarios)}


def page(metadata: Metadata, scenarios: Sequence[Scenario]) -> str:
    """The page of one rule."""
    return "\n".join([GENERATED, *_page(metadata, scenarios)]) + "\n"


def _page(metadata: Metadata, scenarios: Sequence[Scenario]) -> Iterator[str]:
    yield f"# {metadata.title}\n"
    yield f"`{metadata.rule_id}` {metadata.version}, typology {metadata.typology}\n"
    yield f"{metadata.description}\n"
    yield from _table(
        ("", ""),
        [
            ("Needs", "; ".join(need.text for need in metadata.needs)),
            ("Stage", STAGES[metadata.stage]),
            (
                "An episode closes",
                f"after {metadata.episode_gap_s:g} s of quiet, or {metadata.episode_max_s:g} s in all",
            ),
        ],
    )
    yield "## Parameters\n"
    yield from _table(
        ("name", "default", "unit", "range", "why"),
        [
            (f"`{each.name}`", f"{each.default:g}", each.unit, f"{each.minimum:g} to {each.maximum:g}", each.reason)
            for each in metadata.parameters
        ],
    )
    yield from _section("Known false positives", metadata.known_false_positives)
    yield from _section("Known gaps", metadata.known_gaps)
    yield from _section("What to do first", metadata.triage_steps)
    yield from _section("Regulation", [str(pointer) for pointer in metadata.regulations])
    yield "## Scenarios\n"
    yield "Played on every change; the tables are beside the rule's module.\n"
    yield from _table(
        ("kind", "scenario", "shows", "outcome"),
        [
            (each.kind.replace("_", " "), each.name, each.shows, _outcome(each))
            for kind in KINDS
            for each in scenarios
            if each.kind == kind
        ],
    )


def _outcome(scenario: Scenario) -> str:
    expect = scenario.expect
    if expect is None:
        return "no alert"
    alerts = "an alert" if expect.alerts == 1 else f"{expect.alerts} alerts"
    named = f" on {', '.join(expect.owners)}" if expect.owners else ""
    return f"{alerts}{named}, {expect.severity_min.name} or graver"


def _section(title: str, texts: Iterable[str]) -> Iterator[str]:
    yield f"## {title}\n"
    yield "\n".join(f"- {text}" for text in texts) + "\n"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    lines = [header, ["---"] * len(header), *rows]
    yield "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def family(rule: Rule) -> str:
    """The folder of a rule's module: what kind of rule it is."""
    return type(rule).__module__.split(".")[-2]


def index(rules: Sequence[Rule], scenarios: dict[str, tuple[Scenario, ...]]) -> str:
    """The page that lists all rules by family."""
    lines = [GENERATED, "# Rules\n", f"{len(rules)} rules, {sum(map(len, scenarios.values()))} scenarios.\n"]
    for name, members in groupby(sorted(rules, key=lambda rule: (family(rule), rule.metadata.rule_id)), key=family):
        lines.append(f"## {name.capitalize()}\n")
        rows = [
            (
                f"[{rule.metadata.rule_id}]({rule.metadata.rule_id}.md)",
                rule.metadata.version,
                rule.metadata.title,
                "; ".join(need.text for need in rule.metadata.needs),
                str(len(scenarios[rule.metadata.rule_id])),
            )
            for rule in members
        ]
        lines.extend(_table(("rule", "version", "what", "needs", "scenarios"), rows))
    return "\n".join(lines) + "\n"
