"""What a request to move a case must have: fields that cannot be missing, lengths, the form of tags and names."""

import re
from collections.abc import Iterable, Mapping

from case_service.case import WATCH_TAG, LinkKind
from case_service.lifecycle import Command, Verb
from tapewatch.runtime.errors import InvalidArgument

NAME_CHARACTERS_MAX = 200
TEXT_CHARACTERS_MAX = 4_000
REQUEST_ID_CHARACTERS_MAX = 200
TAG_CHARACTERS_MAX = 50
TAGS_A_REQUEST_MAX = 50
REQUIRED: Mapping[Verb, tuple[str, ...]] = {
    Verb.ASSIGN: ("assignee",),
    Verb.RELEASE: ("reason",),
    Verb.START_REVIEW: (),
    Verb.ESCALATE: ("reason",),
    Verb.ESCALATE_OVERDUE: ("reason",),
    Verb.RETURN: ("reason",),
    Verb.CLOSE: ("disposition", "reason"),
    Verb.PROPOSE_CLOSE: ("disposition", "reason"),
    Verb.APPROVE_CLOSE: (),
    Verb.REJECT_CLOSE: ("reason",),
    Verb.WITHDRAW_CLOSE: ("reason",),
    Verb.REOPEN: ("reason",),
    Verb.COMMENT: ("text",),
    Verb.TAG: (),
    Verb.CHECK_STEP: ("step_id",),
    Verb.LINK: ("other_case_id", "kind", "reason"),
    Verb.UNLINK: ("other_case_id", "reason"),
    Verb.ATTACH: ("name", "sha256"),
}
"""What each verb cannot do without, besides the case, its etag and who acts."""
LIMITS: Mapping[str, int] = {
    "actor": NAME_CHARACTERS_MAX,
    "assignee": NAME_CHARACTERS_MAX,
    "request_id": REQUEST_ID_CHARACTERS_MAX,
    "reason": TEXT_CHARACTERS_MAX,
    "text": TEXT_CHARACTERS_MAX,
    "note": TEXT_CHARACTERS_MAX,
    "step_id": NAME_CHARACTERS_MAX,
    "name": NAME_CHARACTERS_MAX,
    "media_type": NAME_CHARACTERS_MAX,
}
_TAG = re.compile(rf"[a-z0-9][a-z0-9._:\-]{{0,{TAG_CHARACTERS_MAX - 1}}}")
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+\-]{0,80}/[a-z0-9][a-z0-9!#$&^_.+\-]{0,80}")
_SPECIAL_NAMES = frozenset({".", ".."})


def check(command: Command) -> None:
    """Raises InvalidArgument naming the first field that is missing, too long or of another form."""
    what = command.verb.value
    for name in ("case_id", "etag", "actor", *REQUIRED[command.verb]):
        value = getattr(command, name)
        if not (value.strip() if isinstance(value, str) else value):
            raise missing(what, name)
    for name, characters_max in LIMITS.items():
        check_text(what, name, getattr(command, name), characters_max)
    if command.verb is Verb.TAG:
        _check_tags(command)
    if command.verb is Verb.LINK and command.kind not in (LinkKind.RELATED, LinkKind.DUPLICATE_OF):
        raise wrong(what, "kind", "LINK_KIND_RELATED or LINK_KIND_DUPLICATE_OF", str(command.kind))
    if command.verb is Verb.ATTACH:
        _check_file(command)


def check_text(what: str, name: str, text: str, characters_max: int) -> None:
    """Raises InvalidArgument for a text too long or with a NUL; `what` is the method."""
    if len(text) > characters_max or "\0" in text:
        raise InvalidArgument(
            "FIELD_INVALID",
            f"{what}: expected {name} of at most {characters_max} characters without NUL, found {len(text)} characters",
            field=name,
        )


def missing(what: str, name: str) -> InvalidArgument:
    """The refusal of a request without a field it needs."""
    return InvalidArgument("FIELD_REQUIRED", f"{what}: expected {name}, found none; send it", field=name)


def wrong(what: str, name: str, expected: str, found: str) -> InvalidArgument:
    """The refusal of a field of another form than expected."""
    return InvalidArgument("FIELD_INVALID", f"{what}: expected {name} to be {expected}, found {found}", field=name)


def _check_tags(command: Command) -> None:
    if not (command.add or command.remove):
        raise missing(command.verb.value, "add")
    for name, tags in (("add", command.add), ("remove", command.remove)):
        _check_each(command.verb.value, name, tags)
    if both := sorted(set(command.add) & set(command.remove)):
        raise wrong(command.verb.value, "remove", "tags that are not added too", repr(both[0]))


def _check_each(what: str, name: str, tags: Iterable[str]) -> None:
    found = list(tags)
    if len(found) > TAGS_A_REQUEST_MAX:
        raise wrong(what, name, f"at most {TAGS_A_REQUEST_MAX} tags", f"{len(found)}")
    for tag in found:
        if not _TAG.fullmatch(tag):
            form = f"1 to {TAG_CHARACTERS_MAX} lower-case letters, digits and . _ : -, beginning with one of the former"
            raise wrong(what, name, form, repr(tag[:80]))
        if tag.startswith(WATCH_TAG):
            raise wrong(what, name, f"a tag that does not begin with {WATCH_TAG}, which watch lists give", repr(tag))


def _check_file(command: Command) -> None:
    what, name = command.verb.value, command.name
    plain = name.isprintable() and not set(name) & set("/\\:") and name not in _SPECIAL_NAMES and name == name.strip()
    if not plain:
        raise wrong(what, "name", "a printable file name without a path", repr(name[:80]))
    if not _MEDIA_TYPE.fullmatch(command.media_type):
        raise wrong(what, "media_type", "a media type such as application/pdf", repr(command.media_type[:80]))
