"""`tapewatch rules set` and `changes`: parameters of the running detection, who changed them and why."""

import json
import uuid
from pathlib import Path
from typing import Annotated, Any

import typer

from detection_service.app import DetectionSettings
from detection_service.engine.configuration import ConfigurationError, EngineConfiguration
from detection_service.rules.catalogue import RULE_BY_ID
from surveillance.v1 import change_pb2, ingest_pb2
from tapewatch.cli.calls import ask
from tapewatch.cli.cases.options import ActorOption
from tapewatch.cli.configured import ConfigOption, JsonOption, TargetOption
from tapewatch.cli.failure import WrongUsageError
from tapewatch.cli.output import harmless, print_json, print_lines, print_table, time_text
from tapewatch.client.detection import DetectionClient
from tapewatch.client.ingest import IngestClient
from tapewatch.runtime.settings import load_settings

DEFAULT = "default"
SETTINGS = "settings"
"""Kind of a change by other settings at a start: it is never refused, but may not be in force."""


def _scope_option(name: str, what: str) -> Any:
    return typer.Option(name, metavar="NAME", help=f"Only in markets of this {what}.")


def set_parameters(
    rule_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the rule.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; kept with the change.")],
    actor: ActorOption,
    values: Annotated[
        list[str] | None, typer.Argument(metavar="PARAMETER=VALUE...", help="`default` takes a value back.")
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", exists=True, dir_okay=False, help="The rule's values in settings."),
    ] = None,
    venue: Annotated[str, _scope_option("--venue", "venue")] = "",
    asset_class: Annotated[str, _scope_option("--asset-class", "asset class of the reference data")] = "",
    product: Annotated[str, _scope_option("--product", "product of the reference data")] = "",
    instrument: Annotated[str, _scope_option("--instrument", "instrument")] = "",
    target: TargetOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set parameters of a rule in the running detection, from the next event on; --target names ingest.

    --from takes them from settings, such as `tapewatch tune --out` writes; those named on the command line win.
    Without --venue, --asset-class, --product or --instrument everywhere; the most specific wins.
    """
    parameters = {**_parameters_in(settings, rule_id), **dict(_parameter(each) for each in values or ())}
    if not parameters:
        raise WrongUsageError("expected PARAMETER=VALUE... or --from FILE, found neither")
    _check(rule_id, parameters)
    if not reason.strip():
        raise WrongUsageError("--reason: expected why, found nothing")
    scope = {"venue": venue, "asset_class": asset_class, "product": product, "instrument": instrument}
    change = {"rule": rule_id, "parameters": parameters, "scope": {name: each for name, each in scope.items() if each}}
    content = json.dumps({"change": change, "actor": actor, "reason": reason}).encode()
    kind = ingest_pb2.CONTROL_KIND_CONFIGURATION
    request_id = f"rules-set-{uuid.uuid4().hex}"
    sequence = ask(
        IngestClient, "ingest", config, target, lambda client: client.publish_control(kind, content, request_id)
    )
    if as_json:
        print_json({**change, "actor": actor, "reason": reason, "sequence": sequence})
    else:
        print_lines(
            ("in force", f"from journal position {sequence} on"),
            ("see", "`tapewatch rules changes` says whether detection took it"),
        )


def _parameters_in(settings: Path | None, rule_id: str) -> dict[str, float | None]:
    """What settings say of a rule's parameters; nothing without settings."""
    if settings is None:
        return {}
    rules = load_settings("detection", DetectionSettings, settings, {}).rules or {}
    if not rules.get(rule_id):
        raise WrongUsageError(f"--from: expected parameters of {rule_id} in {settings}, found none")
    return dict(rules[rule_id])


def _parameter(text: str) -> tuple[str, float | None]:
    name, equals, value = text.partition("=")
    try:
        return name, None if value == DEFAULT and equals else float(value)
    except ValueError as error:
        raise WrongUsageError(f"expected PARAMETER=NUMBER or PARAMETER={DEFAULT}, found {text!r}") from error


def _check(rule_id: str, parameters: dict[str, float | None]) -> None:
    """Refuses at once what detection would refuse of a rule of the catalogue; others it knows itself."""
    if rule_id in RULE_BY_ID:
        defaults = RULE_BY_ID[rule_id].metadata.defaults()
        whole = {name: defaults.get(name, 0.0) if value is None else value for name, value in parameters.items()}
        try:
            EngineConfiguration({rule_id: whole}).check()
        except ConfigurationError as error:
            raise WrongUsageError(str(error)) from error


def list_changes(target: TargetOption = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the newest changes of what detection works with: who, when, why, from which journal position on.

    The last column names the record of the case service's audit trail that has it: `audit list --subject detection`.
    """
    changes = ask(DetectionClient, "detection", config, target, lambda client: client.status()).changes
    if as_json:
        print_json(list(changes))
        return
    rows = (
        (
            each.sequence,
            time_text(each.time_ns),
            each.kind,
            harmless(each.actor),
            harmless(each.what),
            harmless(each.reason),
            _standing(each),
        )
        for each in changes
    )
    print_table(("position>", "time", "kind", "actor", "what", "reason", "audit"), rows)


def _standing(change: change_pb2.ConfigurationChange) -> str:
    """Which audit record says it, and why it is not in force where it is not."""
    recorded = f"record {change.audit_sequence}" if change.audit_sequence else "not yet recorded"
    refused = "" if change.kind == SETTINGS else "refused: "
    return f"{recorded}; {refused}{harmless(change.problem)}" if change.problem else recorded
