"""Texts of rules: from and to their messages."""

import hashlib

from case_service.store.rule_texts import Configured, KeptText, RuleText
from surveillance.v1 import detection_pb2, rule_text_pb2
from tapewatch.runtime.errors import InvalidArgument

NAME_CHARACTERS_MAX = 200
RULE_BYTES_MAX = 256 * 1024
CONTENT_CHARACTERS_MAX = 4 * 1024 * 1024


def rule_text_of(rule: detection_pb2.Rule, position: int) -> RuleText:
    """A rule of a request as it is kept: without where it can not apply, which is of the moment; InvalidArgument."""
    for name in ("rule_id", "version"):
        text = getattr(rule, name)
        if not 0 < len(text) <= NAME_CHARACTERS_MAX or "\0" in text:
            raise _wrong(
                f"rules[{position}].{name}", f"1 to {NAME_CHARACTERS_MAX} characters without NUL", repr(text[:80])
            )
    if any("\0" in step for step in rule.triage_steps):
        raise _wrong(f"rules[{position}].triage_steps", "text without NUL", "one")
    kept = detection_pb2.Rule()
    kept.CopyFrom(rule)
    kept.ClearField("not_applicable")
    kept.DiscardUnknownFields()
    body = kept.SerializeToString(deterministic=True)
    if len(body) > RULE_BYTES_MAX:
        raise _wrong(f"rules[{position}]", f"at most {RULE_BYTES_MAX} bytes", f"{len(body)}")
    return RuleText(rule.rule_id, rule.version, tuple(rule.triage_steps), body)


def configured_of(request: rule_text_pb2.RecordRulesRequest) -> Configured:
    """The configuration of a request; InvalidArgument."""
    for name, characters_max in (("config_digest", NAME_CHARACTERS_MAX), ("content_json", CONTENT_CHARACTERS_MAX)):
        text = getattr(request, name)
        if len(text) > characters_max or "\0" in text:
            raise _wrong(name, f"at most {characters_max} characters without NUL", f"{len(text)}")
    return Configured(request.config_digest, request.content_json, request.sequence)


def rule_text_message(kept: KeptText) -> rule_text_pb2.RuleText:
    """A text as it was kept."""
    return rule_text_pb2.RuleText(
        rule=detection_pb2.Rule.FromString(kept.body),
        sha256=hashlib.sha256(kept.body).hexdigest(),
        record_time_ns=kept.time_ns,
        config_digest=kept.config_digest,
        config_json=kept.config_json,
    )


def _wrong(field: str, expected: str, found: str) -> InvalidArgument:
    return InvalidArgument("FIELD_INVALID", f"{field}: expected {expected}, found {found}", field=field)
