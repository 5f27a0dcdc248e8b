"""`tapewatch rules`: the rules in force."""

from typing import Annotated

import typer

from tapewatch.cli.calls import ask
from tapewatch.cli.configured import ConfigOption, JsonOption, TargetOption
from tapewatch.cli.output import print_json, print_lines, print_table
from tapewatch.client.detection import DetectionClient

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="The rules in force, their parameters and known gaps."
)


@app.command("list")
def list_rules(target: TargetOption = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the rules in force."""
    rules = ask(DetectionClient, "detection", config, target, lambda client: client.list_rules())
    if as_json:
        print_json(rules)
        return
    rows = ((rule.rule_id, rule.version, rule.typology, len(rule.not_applicable), rule.title) for rule in rules)
    print_table(("rule", "version", "typology", "not applicable>", "title"), rows)


@app.command("show")
def show_rule(
    rule_id: Annotated[str, typer.Argument(help="Id of the rule.")],
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one rule: parameters, known false positives, known gaps, what to do first."""
    rule = ask(DetectionClient, "detection", config, target, lambda client: client.get_rule(rule_id))
    if as_json:
        print_json(rule)
        return
    print_lines(
        ("rule", f"{rule.rule_id} {rule.version} ({rule.typology}): {rule.title}"),
        ("looks for", rule.description),
        ("needs", ", ".join(rule.data_needed)),
        *(("not applicable", f"{source}: {why}") for source, why in sorted(rule.not_applicable.items())),
        *(("false positive", text) for text in rule.known_false_positives),
        *(("gap", text) for text in rule.known_gaps),
        *(("triage", text) for text in rule.triage_steps),
        *(("regulation", text) for text in rule.regulations),
    )
    rows = (
        (each.name, f"{each.value:g}", each.unit, f"{each.minimum:g} to {each.maximum:g}", each.reason)
        for each in rule.parameters
    )
    print_table(("parameter", "value>", "unit", "range", "reason"), rows)
