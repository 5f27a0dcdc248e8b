"""The checklists of cases: what the texts of their rules ask for, and what was said of it."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection, bindparam, select

from case_service.case import Step, step_id_of
from case_service.store.tables import alerts, case_steps, rule_texts

RuleVersion = tuple[str, str]
"""Id and version of a rule."""
_SAID_OF = select(case_steps).where(case_steps.c.case_number.in_(bindparam("numbers", expanding=True)))
_RULES_OF = select(alerts.c.rule_id, alerts.c.rule_version).where(alerts.c.case_number == bindparam("number"))
_TEXTS = (
    select(rule_texts.c.rule_id, rule_texts.c.rule_version, rule_texts.c.triage_steps)
    .where(rule_texts.c.rule_id.in_(bindparam("rules", expanding=True)), rule_texts.c.time_ns <= bindparam("until_ns"))
    .order_by(rule_texts.c.sequence, rule_texts.c.time_ns)
)
FOR_EVER_NS = 2**63 - 1


def checklists(connection: Connection, rules: Mapping[int, Iterable[RuleVersion]]) -> dict[int, tuple[Step, ...]]:
    """The checklist of each case, given the rules of its alerts."""
    asked = steps_of_rules(connection, {each for of_case in rules.values() for each in of_case})
    said: defaultdict[int, dict[str, Step]] = defaultdict(dict)
    if any(asked.values()):
        for row in connection.execute(_SAID_OF, {"numbers": list(rules)}):
            said[row.case_number][row.step_id] = Step(
                row.step_id, "", "", "", row.done, row.actor, row.time_ns, row.note
            )
    return {number: with_said(listed(asked, of_case), said[number]) for number, of_case in rules.items()}


def steps_of_rules(
    connection: Connection, rules: Iterable[RuleVersion], until_ns: int = FOR_EVER_NS
) -> dict[RuleVersion, tuple[Step, ...]]:
    """The triage steps of rules, by the newest text of each version recorded up to a time."""
    wanted = set(rules)
    if not wanted:
        return {}
    named = {"rules": sorted({rule_id for rule_id, _ in wanted}), "until_ns": until_ns}
    found: dict[RuleVersion, tuple[Step, ...]] = {}
    for row in connection.execute(_TEXTS, named):
        key = (row.rule_id, row.rule_version)
        if key in wanted:
            texts: list[str] = json.loads(row.triage_steps)
            found[key] = tuple(Step(step_id_of(row.rule_id, text), *key, text) for text in texts)
    return found


def listed(asked: Mapping[RuleVersion, Sequence[Step]], rules: Iterable[RuleVersion]) -> tuple[Step, ...]:
    """The steps that some rules ask for, by rule and version; one that several versions ask for once."""
    steps = {step.step_id: step for key in sorted(set(rules)) for step in asked.get(key, ())}
    return tuple(steps.values())


def with_said(steps: Iterable[Step], said: Mapping[str, Step]) -> tuple[Step, ...]:
    """The steps with what was said of them."""
    marked = ((step, said.get(step.step_id)) for step in steps)
    return tuple(
        step if mark is None else replace(step, done=mark.done, actor=mark.actor, time_ns=mark.time_ns, note=mark.note)
        for step, mark in marked
    )


def step_ids_of(connection: Connection, case_number: int) -> set[str]:
    """The ids of the steps of one case."""
    rules = {tuple(row) for row in connection.execute(_RULES_OF.distinct(), {"number": case_number})}
    asked = steps_of_rules(connection, rules)
    return {step.step_id for steps in asked.values() for step in steps}
