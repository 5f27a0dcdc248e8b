"""`tapewatch fix check-profile`: how each message of a log maps, and what a profile leaves unread."""

from pathlib import Path
from typing import Annotated

import typer

from tapewatch.cli.failure import CommandError, WrongUsageError
from tapewatch.cli.fix.check_view import show
from tapewatch.cli.output import print_json, progress_bar
from tapewatch.fix.profile import Profile, ProfileError, load_profile
from tapewatch.fix.profile_check import MappedMessage, ProfileCheck, check_log

LIMIT_DEFAULT = 100


def check_profile(
    profile: Annotated[
        str, typer.Argument(metavar="PROFILE", help="A shipped profile (`tapewatch fix profiles`) or a YAML file.")
    ],
    log: Annotated[
        Path, typer.Argument(metavar="LOG", exists=True, dir_okay=False, help="A log with FIX messages, plain or gz.")
    ],
    limit: Annotated[
        int, typer.Option("--limit", min=0, metavar="N", help="Messages to list; 0 lists all. All are counted.")
    ] = LIMIT_DEFAULT,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """How each message of a log becomes events by a profile, what was left unread, flagged or unmapped, and why."""
    check, listed = _checked(_loaded(profile), log, limit)
    if as_json:
        print_json(document(check, listed, log))
    else:
        show(check, listed, log)
    if check.report.is_cut:
        raise CommandError(f"{log}: the compressed log is cut after message {check.report.messages}; copy it again")


def _loaded(name: str) -> Profile:
    try:
        return load_profile(name)
    except ProfileError as error:
        raise WrongUsageError(str(error)) from None


def _checked(profile: Profile, log: Path, limit: int) -> tuple[ProfileCheck, list[MappedMessage]]:
    check = check_log(log, profile)
    listed: list[MappedMessage] = []
    with progress_bar("checking", None) as advance:
        for mapped in check.messages():
            if limit == 0 or mapped.place <= limit:
                listed.append(mapped)
            advance(1)
    return check, listed


def document(check: ProfileCheck, listed: list[MappedMessage], log: Path) -> dict[str, object]:
    """What `--json` prints: the profile, the sums, the ways messages map, and the messages listed."""
    report = check.report
    return {
        "log": str(log),
        "profile": check.profile.name,
        "requests": check.profile.requests,
        "reports": check.profile.reports,
        "recovery": check.profile.recovery,
        "summary": {
            "messages": report.messages,
            "with_events": check.with_events,
            "of_session": check.of_session,
            "without_events": report.messages - check.with_events - check.of_session,
            "flagged": check.flagged,
            "events": check.events,
            "events_by_kind": dict(sorted(report.events_by_kind.items())),
            "events_with": dict(sorted(check.known.items())),
            "duplicates": check.duplicates,
            "rejections": dict(sorted(check.rejections.items())),
            "missing_numbers": dict(sorted(check.missing.items())),
            "repeated_numbers": report.repeated,
            "garbled": dict(report.garbled),
            "bad_checksum": report.bad_checksum,
            "bad_length": report.bad_length,
        },
        "ways": [
            {"msg_type": msg_type, "code": code, "events": kinds, "messages": count}
            for (msg_type, code, kinds), count in check.ways.most_common()
        ],
        "flagged": dict(check.flags.most_common()),
        "without_events": dict(check.unmapped.most_common()),
        "unread": [
            {"tag": tag, "messages": dict(found.types), "count": found.count, "example": found.example}
            for tag, found in sorted(check.unread.items(), key=lambda each: (-each[1].count, each[0]))
        ],
        "messages": [_message(each) for each in listed],
        "messages_left_out": report.messages - len(listed),
    }


def _message(mapped: MappedMessage) -> dict[str, object]:
    return {
        "place": mapped.place,
        "msg_type": mapped.message.msg_type,
        "code": mapped.code,
        "sequence": mapped.message.sequence,
        "note": mapped.note,
        "events": mapped.rows,
    }
