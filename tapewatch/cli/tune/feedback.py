"""Closed cases as labels: what an analyst found true has to be found, what was false should not be."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from simulator.scorecard.truth import HARD_NEGATIVE, SCHEME, Scenario
from tapewatch.cli.calls import ask
from tapewatch.cli.failure import CommandError
from tapewatch.cli.output import plain
from tapewatch.client.cases import CaseClient

SERVICE = "cases"
"""In place of a file: the case service."""
FALSE = "FALSE_POSITIVE"
JUDGED_FALSE = "judged false"
EXPECTED = "cases as `tapewatch cases list --json` prints them"


def read_feedback(where: str, rule_id: str, config: Path | None) -> list[Scenario]:
    """The closed cases a rule had a part in, from the case service or from a file of cases.

    CommandError where the file holds none, or no closed case of the rule is found.
    """
    found = _of_service(rule_id, config) if where == SERVICE else _of_file(Path(where))
    judged = [scenario for case in found if (scenario := _scenario(case, rule_id, where)) is not None]
    if not judged:
        raise CommandError(
            f"--feedback {where}: expected closed cases of {rule_id}, found none among {len(found)}; close some with "
            "`tapewatch cases close`, or tune on labelled events"
        )
    return judged


def _of_service(rule_id: str, config: Path | None) -> list[Mapping[str, Any]]:
    condition = f'state = CLOSED AND rule_ids:"{rule_id}"'
    cases: list[Mapping[str, Any]] = plain(
        ask(CaseClient, "cases", config, None, lambda client: client.list_cases(condition))
    )
    return cases


def _of_file(path: Path) -> Sequence[Mapping[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
        content = (
            json.loads(text) if text.lstrip().startswith("[") else [json.loads(line) for line in text.splitlines()]
        )
    except json.JSONDecodeError as error:
        raise CommandError(f"{path}: expected {EXPECTED}, found no JSON: {error}") from error
    if not all(isinstance(case, dict) and "rule_ids" in case for case in content):
        raise CommandError(f"{path}: expected {EXPECTED}, found something else")
    cases: list[Mapping[str, Any]] = content
    return cases


def _scenario(case: Mapping[str, Any], rule_id: str, where: str) -> Scenario | None:
    """The case as a label; None where it is not closed, or the rule had no part in it."""
    try:
        if case["state"] != "CLOSED" or rule_id not in case["rule_ids"]:
            return None
        return Scenario(
            scenario_id=f"case {case['number']}",
            typology=JUDGED_FALSE if case["disposition"] == FALSE else rule_id,
            kind=HARD_NEGATIVE if case["disposition"] == FALSE else SCHEME,
            venues=_one(case["venue"]),
            instruments=_one(case["instrument"]),
            accounts=frozenset(case["accounts"]),
            owners=frozenset(case["owners"]),
            start_time_ns=int(case["start_time_ns"]),
            end_time_ns=int(case["end_time_ns"]),
        )
    except KeyError as error:
        raise CommandError(f"{where}: expected {EXPECTED}, found a case without {error}") from error


def _one(name: str) -> frozenset[str]:
    return frozenset({name} if name else ())
