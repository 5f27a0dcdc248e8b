"""The proposal as settings: a file that `rules preview --config` and `rules set --from` take."""

from pathlib import Path

import yaml

from detection_service.engine.configuration import EngineConfiguration
from tapewatch.cli.tune.report import Report
from tapewatch.cli.tune.words import changes_text, cost_lines


def write_parameters(path: Path, report: Report, configuration: EngineConfiguration) -> None:
    """Write every rule in force with its parameters as they are, and those proposed; why is remarked at the top."""
    if report.chosen is None:
        return
    rule_id, chosen = report.metadata.rule_id, report.chosen.outcome
    rules = {name: dict(overrides) for name, overrides in sorted(configuration.rules.items())}
    rules[rule_id] |= chosen.changes
    remarks = [
        f"Proposed for {rule_id} {report.metadata.version}: {changes_text(chosen, report.sweep.current)}",
        *cost_lines(report),
        f"tried on {report.events} events of {', '.join(each.name for each in report.sweep.materials)}",
        "All other rules are as they were in force.",
    ]
    content = {
        "detection": {
            "rules": rules,
            **({"scopes": [each.to_json() for each in configuration.scopes]} if configuration.scopes else {}),
        }
    }
    text = "".join(f"# {remark}\n" for remark in remarks) + yaml.safe_dump(content, sort_keys=False, width=120)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
