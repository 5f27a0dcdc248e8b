"""`tapewatch rules new`: a rule to begin with, which passes `tapewatch rules check` as it is."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from detection_service.rules.catalogue import RULE_BY_ID
from detection_service.rules.governance import RULE_ID
from detection_service.rules.scenarios.scenario import SUFFIX
from tapewatch.cli.failure import WrongUsageError
from tapewatch.cli.output import print_lines
from tapewatch.cli.rules.skeleton import MODULE, SCENARIOS, YAML, YAML_SCENARIOS


class Form(StrEnum):
    """In what a rule is written."""

    PYTHON = "python"
    YAML = "yaml"


def start_rule(
    rule_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the new rule: small letters, digits and _.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder it is written to.")],
    form: Annotated[Form, typer.Option("--form", help="In what it is written.")] = Form.PYTHON,
) -> None:
    """Write a rule to begin with, in Python or YAML, and its scenarios."""
    if not RULE_ID.fullmatch(rule_id):
        raise WrongUsageError(f"ID: expected small letters, digits and _, found {rule_id!r}")
    if rule_id in RULE_BY_ID:
        raise WrongUsageError(f"ID: {rule_id!r} is a rule of the catalogue; choose another")
    texts = {
        Form.PYTHON: {f"{rule_id}.py": MODULE, f"{rule_id}{SUFFIX}": SCENARIOS},
        Form.YAML: {f"{rule_id}.yaml": YAML, f"{rule_id}{SUFFIX}": YAML_SCENARIOS},
    }[form]
    taken = [out / name for name in texts if (out / name).exists()]
    if taken:
        raise WrongUsageError(f"{taken[0]} is there already; choose another id or folder")
    out.mkdir(parents=True, exist_ok=True)
    words = rule_id.replace("_", " ").capitalize()
    names = {"RULE_ID": rule_id, "TITLE": words, "TYPOLOGY": rule_id.upper(), "CLASS": words.title().replace(" ", "")}
    for name, text in texts.items():
        for placeholder, value in names.items():
            text = text.replace(f"@{placeholder}@", value)
        (out / name).write_text(text, encoding="utf-8")
    print_lines(
        *((str(out / name), what) for name, what in zip(texts, ("what it does", "what it must find"), strict=True)),
        ("next", f"change both, and run `tapewatch rules check {out}`"),
    )
