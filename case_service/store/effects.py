"""What verbs change besides the case's row: comments, tags, steps, links, attachments, outcomes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Row, Table, delete, func, insert, select, update

from case_service.audit import Entry, detail_json
from case_service.case import (
    ATTACHMENTS_OF_CASE_MAX,
    COMMENTS_OF_CASE_MAX,
    LINKS_OF_CASE_MAX,
    TAGS_OF_CASE_MAX,
    Disposition,
    LinkKind,
    Work,
)
from case_service.lifecycle import Command, Verb
from case_service.store.checklist import step_ids_of
from case_service.store.outcomes import enter_outcome, remove_outcome
from case_service.store.reading import case_number_of
from case_service.store.tables import case_attachments, case_links, case_steps, case_tags, cases, comments
from case_service.store.transaction import Transaction
from tapewatch.runtime.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, ResourceExhausted


@dataclass(frozen=True, slots=True)
class Change:
    """A verb on its way: the case's row before it, the command, and what the case's work becomes."""

    shared: Transaction
    row: Row[*tuple[Any, ...]]
    command: Command
    after: Work

    @property
    def number(self) -> int:
        """The case."""
        return int(self.row.number)


def apply(change: Change) -> Mapping[str, object]:
    """Make the changes of a verb beyond the case's row, and say what the history has to know of them.

    Raises AlreadyExists, NotFound, FailedPrecondition, InvalidArgument and ResourceExhausted.
    """
    if change.command.verb in (Verb.LINK, Verb.UNLINK):
        return _LINKING[change.command.verb](change)
    effect = _EFFECTS.get(change.command.verb)
    if effect is not None:
        effect(change)
    return {}


def _comment(change: Change) -> None:
    position = _next_position(change, comments, comments.c.case_number, COMMENTS_OF_CASE_MAX, "comments")
    row = {"case_number": change.number, "position": position, "author": change.command.actor}
    values = {**row, "time_ns": change.shared.now_ns, "text": change.command.text}
    change.shared.connection.execute(insert(comments), values)


def _tag(change: Change) -> None:
    connection, number = change.shared.connection, change.number
    query = select(case_tags.c.tag).where(case_tags.c.case_number == number)
    held = set(connection.execute(query).scalars())
    fresh = sorted(set(change.command.add) - held)
    if len(held - set(change.command.remove)) + len(fresh) > TAGS_OF_CASE_MAX:
        raise _full(change, TAGS_OF_CASE_MAX, "tags")
    gone = case_tags.c.tag.in_(change.command.remove)
    connection.execute(delete(case_tags).where(case_tags.c.case_number == number, gone))
    if fresh:
        connection.execute(insert(case_tags), [{"tag": tag, "case_number": number} for tag in fresh])


def _check_step(change: Change) -> None:
    command, connection = change.command, change.shared.connection
    known = step_ids_of(connection, change.number)
    if command.step_id not in known:
        raise NotFound(
            "STEP_NOT_FOUND",
            f"{command.verb.value}: expected a step of the checklist ({', '.join(sorted(known)) or 'which is empty'}), "
            f"found {command.step_id[:80]!r}",
            case_id=change.row.case_id,
        )
    key = {"case_number": change.number, "step_id": command.step_id}
    said = {"done": command.done, "actor": command.actor, "time_ns": change.shared.now_ns, "note": command.note}
    place = (case_steps.c.case_number == change.number, case_steps.c.step_id == command.step_id)
    if connection.execute(select(case_steps.c.step_id).where(*place)).one_or_none() is None:
        connection.execute(insert(case_steps), {**key, **said})
    else:
        connection.execute(update(case_steps).where(*place).values(said))


def _attach(change: Change) -> None:
    command, connection = change.command, change.shared.connection
    held = select(case_attachments.c.name).where(
        case_attachments.c.case_number == change.number, case_attachments.c.sha256 == command.sha256
    )
    if (name := connection.execute(held).scalar_one_or_none()) is not None:
        raise AlreadyExists(
            "ALREADY_ATTACHED",
            f"{command.verb.value}: expected a file the case does not have, found {name!r} with the same content",
            sha256=command.sha256,
        )
    place = case_attachments.c.case_number
    position = _next_position(change, case_attachments, place, ATTACHMENTS_OF_CASE_MAX, "attachments")
    file = {name: getattr(command, name) for name in ("sha256", "name", "media_type", "size_bytes")}
    row = {"case_number": change.number, "position": position, "author": command.actor, **file}
    connection.execute(insert(case_attachments), {**row, "time_ns": change.shared.now_ns})


def _link(change: Change) -> Mapping[str, object]:
    command, connection = change.command, change.shared.connection
    other = _other(change)
    kind = LinkKind(command.kind)
    if _linked(change, other.number) is not None:
        raise AlreadyExists(
            "ALREADY_LINKED",
            f"{command.verb.value}: expected two cases without a link, found one between {change.number} and "
            f"{other.number}; UnlinkCase takes it away",
            case_id=change.row.case_id,
        )
    if kind is LinkKind.DUPLICATE_OF:
        _check_original(change, other)
    for number in (change.number, other.number):
        held = select(func.count()).select_from(case_links).where(case_links.c.case_number == number)
        if connection.execute(held).scalar_one() >= LINKS_OF_CASE_MAX:
            raise _full(change, LINKS_OF_CASE_MAX, "links")
    why = {"reason": command.reason, "author": command.actor, "time_ns": change.shared.now_ns}
    there = {"case_number": change.number, "other_number": other.number, "kind": int(kind)}
    back = {"case_number": other.number, "other_number": change.number, "kind": int(kind.seen_from_the_other)}
    connection.execute(insert(case_links), [{**there, **why}, {**back, **why}])
    _tell_other(change, other, kind.seen_from_the_other)
    return {"kind": kind.name, "other_case_id": other.case_id}


def _unlink(change: Change) -> Mapping[str, object]:
    connection = change.shared.connection
    other = _other(change)
    kind = _linked(change, other.number)
    if kind is None:
        raise NotFound(
            "LINK_NOT_FOUND",
            f"{change.command.verb.value}: expected a link between {change.number} and {other.number}, found none",
            case_id=change.row.case_id,
        )
    both = {change.number, other.number}
    ends = case_links.c.case_number.in_(both) & case_links.c.other_number.in_(both)
    connection.execute(delete(case_links).where(ends))
    _tell_other(change, other, kind.seen_from_the_other)
    return {"kind": kind.name, "other_case_id": other.case_id}


def _other(change: Change) -> Row[*tuple[Any, ...]]:
    """The other case of a link, taken for the change; NotFound, InvalidArgument for the same case."""
    number = case_number_of(change.shared.connection, change.command.other_case_id)
    if number == change.number:
        raise InvalidArgument(
            "FIELD_INVALID",
            f"{change.command.verb.value}: expected other_case_id to be another case, found the same",
            field="other_case_id",
        )
    query = select(cases.c.number, cases.c.case_id, cases.c.version, cases.c.state).where(cases.c.number == number)
    return change.shared.connection.execute(query.with_for_update()).one()


def _linked(change: Change, other_number: int) -> LinkKind | None:
    query = select(case_links.c.kind).where(
        case_links.c.case_number == change.number, case_links.c.other_number == other_number
    )
    kind = change.shared.connection.execute(query).scalar_one_or_none()
    return None if kind is None else LinkKind(kind)


def _check_original(change: Change, other: Row[*tuple[Any, ...]]) -> None:
    """A case is the duplicate of one original, which is no duplicate itself: so there are no circles."""
    for number, what in ((other.number, "an original"), (change.number, "a case that is no duplicate yet")):
        query = select(case_links.c.other_number).where(
            case_links.c.case_number == number, case_links.c.kind == int(LinkKind.DUPLICATE_OF)
        )
        original = change.shared.connection.execute(query).scalars().first()
        if original is not None:
            raise FailedPrecondition(
                "ALREADY_DUPLICATE",
                f"{change.command.verb.value}: expected {what}, found case {number}, a duplicate of case {original}",
                case_id=change.row.case_id,
            )


def _tell_other(change: Change, other: Row[*tuple[Any, ...]], kind: LinkKind) -> None:
    """The other case changes too, and its history says so."""
    shared, command = change.shared, change.command
    values = {"update_time_ns": shared.now_ns, "version": other.version + 1, "change_sequence": shared.next_change()}
    shared.connection.execute(update(cases).where(cases.c.number == other.number).values(values))
    detail = detail_json(case_revision=other.version + 1, kind=kind.name, other_case_id=change.row.case_id)
    action = command.verb.value
    shared.audit([Entry(command.actor, action, other.case_id, command.reason, other.state, other.state, detail)])


def _enter_outcome(change: Change) -> None:
    enter_outcome(change.shared.connection, change.number, change.after.disposition, change.shared.now_ns)


def _forget_outcome(change: Change) -> None:
    if change.row.disposition != Disposition.KNOWN_BEHAVIOUR:
        remove_outcome(change.shared.connection, change.number)


_EFFECTS: Mapping[Verb, Callable[[Change], None]] = {
    Verb.COMMENT: _comment,
    Verb.TAG: _tag,
    Verb.CHECK_STEP: _check_step,
    Verb.ATTACH: _attach,
    Verb.CLOSE: _enter_outcome,
    Verb.APPROVE_CLOSE: _enter_outcome,
    Verb.REOPEN: _forget_outcome,
}

_LINKING: Mapping[Verb, Callable[[Change], Mapping[str, object]]] = {Verb.LINK: _link, Verb.UNLINK: _unlink}


def _next_position(change: Change, table: Table, place: Column[int], limit: int, what: str) -> int:
    query = select(func.count()).select_from(table).where(place == change.number)
    position = int(change.shared.connection.execute(query).scalar_one()) + 1
    if position > limit:
        raise _full(change, limit, what)
    return position


def _full(change: Change, limit: int, what: str) -> ResourceExhausted:
    return ResourceExhausted(
        f"TOO_MANY_{what.upper()}",
        f"{change.command.verb.value}: expected at most {limit} {what} a case, found it full",
        case_id=change.row.case_id,
    )
