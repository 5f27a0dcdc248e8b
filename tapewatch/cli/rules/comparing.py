"""`tapewatch rules diff`: what changed between two versions of a rule."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from tapewatch.cli.configured import JsonOption
from tapewatch.cli.output import print_json, print_lines, print_table
from tapewatch.cli.rules.files import document_named

RuleArgument = typer.Argument(
    help="A rule's id, ID@VERSION, its Python file, or what `rules show ID --json` printed, in a .json file."
)
Change = tuple[str, str, str]


def compare_rules(
    old: Annotated[str, RuleArgument], new: Annotated[str, RuleArgument], as_json: JsonOption = False
) -> None:
    """Compare two versions of a rule: metadata and parameters."""
    changes = list(_changes(document_named(old), document_named(new)))
    if as_json:
        print_json([{"what": what, "old": before, "new": after} for what, before, after in changes])
    elif changes:
        print_table(("what", "old", "new"), changes)
    else:
        print_lines(("", "no difference"))


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for name in sorted({*old, *new} - {"parameters", "not_applicable"}):
        before, after = old.get(name), new.get(name)
        if isinstance(before, list) or isinstance(after, list):
            gone, come = set(before or ()) - set(after or ()), set(after or ()) - set(before or ())
            yield from ((name, text, "") for text in sorted(gone))
            yield from ((name, "", text) for text in sorted(come))
        elif before != after:
            yield name, _told(before), _told(after)
    parameters = [{each["name"]: each for each in document.get("parameters", ())} for document in (old, new)]
    for name in sorted({*parameters[0], *parameters[1]}):
        yield from _parameter_changes(name, parameters[0].get(name), parameters[1].get(name))


def _parameter_changes(name: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> Iterator[Change]:
    if old is None or new is None:
        yield name, _parameter(old), _parameter(new)
        return
    for key in sorted({*old, *new}):
        if old.get(key) != new.get(key):
            yield f"{name}, {key}", _told(old.get(key)), _told(new.get(key))


def _parameter(parameter: Mapping[str, Any] | None) -> str:
    return "" if parameter is None else "{value:g} {unit} ({minimum:g} to {maximum:g})".format_map(parameter)


def _told(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else "" if value is None else str(value)
