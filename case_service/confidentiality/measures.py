"""What is done to keep a case confidential or from being erased: each with its record in the audit trail."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from case_service.audit import Entry, detail_json
from case_service.case import etag_of
from case_service.commands import NAME_CHARACTERS_MAX, REQUEST_ID_CHARACTERS_MAX, TEXT_CHARACTERS_MAX
from case_service.confidentiality.retention import RetentionSettings
from case_service.confidentiality.tables import case_access, case_erasures, case_holds, case_restrictions
from case_service.store import verbs
from case_service.store.reading import case_number_of
from case_service.store.tables import cases
from case_service.store.transaction import Transaction
from tapewatch.runtime.access import Caller, Role, calling, current_caller
from tapewatch.runtime.errors import Aborted, FailedPrecondition, InvalidArgument

NAMES_MAX = 100
HOLDS_MAX = 100
AnyRow = Row[*tuple[Any, ...]]


class Action(Enum):
    """What is done; the value is the method and the action in the audit trail."""

    RESTRICT = "RestrictCase"
    LIFT = "LiftRestriction"
    GRANT = "GrantAccess"
    REVOKE = "RevokeAccess"
    HOLD = "PlaceHold"
    RELEASE = "ReleaseHold"


_WANTED: Mapping[Action, tuple[str, ...]] = {
    **dict.fromkeys((Action.RESTRICT, Action.LIFT), ()),
    **dict.fromkeys((Action.GRANT, Action.REVOKE), ("name",)),
    **dict.fromkeys((Action.HOLD, Action.RELEASE), ("matter",)),
}


@dataclass(frozen=True, slots=True)
class Measure:
    """One request; `names` are the list of a restriction, `name` one person, `matter` what a hold is for."""

    action: Action
    case_id: str
    etag: str
    actor: str
    reason: str
    request_id: str = ""
    channel: str = ""
    names: tuple[str, ...] = ()
    name: str = ""
    matter: str = ""

    def check(self) -> None:
        """InvalidArgument naming the first field that is missing or too long."""
        for field in ("case_id", "actor", "reason", *_WANTED[self.action]):
            if not getattr(self, field).strip():
                raise _invalid(self, field, "a text", "none")
        limits = {"reason": TEXT_CHARACTERS_MAX, "request_id": REQUEST_ID_CHARACTERS_MAX}
        for field in ("actor", "reason", "request_id", "name", "matter"):
            text, most = getattr(self, field), limits.get(field, NAME_CHARACTERS_MAX)
            if len(text) > most or "\0" in text:
                raise _invalid(self, field, f"at most {most} characters without NUL", f"{len(text)}")
        if len(self.names) > NAMES_MAX:
            raise _invalid(self, "names", f"at most {NAMES_MAX} names", f"{len(self.names)}")
        if any(not name.strip() or len(name) > NAME_CHARACTERS_MAX or "\0" in name for name in self.names):
            raise _invalid(self, "names", f"names of 1 to {NAME_CHARACTERS_MAX} characters", "another")


@dataclass(frozen=True, slots=True)
class Held:
    """A hold on a case."""

    matter: str
    actor: str
    reason: str
    time_ns: int


@dataclass(frozen=True, slots=True)
class Confidentiality:
    """Who may see a case, and how long it is kept; times are nanoseconds since the Unix epoch, 0 where none."""

    case_id: str
    number: int
    etag: str
    restricted: bool
    names: tuple[str, ...]
    restricted_by: str
    restrict_reason: str
    restrict_time_ns: int
    holds: tuple[Held, ...]
    retention_end_time_ns: int
    erase_time_ns: int


def confidentiality(connection: Connection, name: str, policy: RetentionSettings) -> Confidentiality:
    """Of one case by its id or number; NotFound where the caller may not see it."""
    number = case_number_of(connection, name)
    return _confidentiality(connection, connection.execute(select(cases).where(cases.c.number == number)).one(), policy)


def take(
    shared: Transaction, measure: Measure, policy: RetentionSettings, encode: Callable[[Confidentiality], bytes]
) -> bytes:
    """Apply a checked measure and return what it made of the case, encoded; a repeated request id its first answer.

    Raises NotFound, AlreadyExists (the request id was used for something else), Aborted (a stale etag) and
    FailedPrecondition.
    """
    content = {**asdict(measure), "action": measure.action.value}
    content_hash = verbs.content_hash_of(content)
    answered = verbs.answer_before(shared, measure.request_id, content_hash)
    if answered is not None:
        return answered
    row, breaks_glass = _row(shared, measure)
    _APPLY[measure.action](shared, row, measure)
    values = {"version": row.version + 1, "update_time_ns": shared.now_ns, "change_sequence": shared.next_change()}
    shared.connection.execute(update(cases).where(cases.c.number == row.number).values(values))
    shared.audit([_entry(measure, row, breaks_glass)])
    changed = shared.connection.execute(select(cases).where(cases.c.number == row.number)).one()
    response = encode(_confidentiality(shared.connection, changed, policy))
    verbs.remember(shared, measure.request_id, content_hash, response)
    return response


def _row(shared: Transaction, measure: Measure) -> tuple[AnyRow, bool]:
    """The case, and whether an administrator who may not see it lets somebody else in."""
    caller = current_caller()
    breaks_glass = measure.action is Action.GRANT and caller is not None and _only_administers(caller)
    if breaks_glass and caller is not None:
        if measure.name == caller.name:
            raise FailedPrecondition(
                "FOUR_EYES", f"{measure.action.value}: expected somebody else's name, found one's own; ask another"
            )
        with calling(_everybodys_eyes(caller)):
            number = case_number_of(shared.connection, measure.case_id)
    else:
        number = case_number_of(shared.connection, measure.case_id)
    row = shared.connection.execute(select(cases).where(cases.c.number == number).with_for_update()).one()
    current = etag_of(row.case_id, row.version)
    if measure.etag != current and not (breaks_glass and not measure.etag):
        raise Aborted(
            "STALE_ETAG",
            f"{measure.action.value}: expected etag {current} of case {row.number}, found {measure.etag!r}; someone "
            "changed the case: read it again and decide anew",
            case_id=row.case_id,
        )
    return row, breaks_glass


def _only_administers(caller: Caller) -> bool:
    return caller.known and caller.may(Role.ADMIN) and not caller.may(Role.SUPERVISOR)


def _everybodys_eyes(caller: Caller) -> Caller:
    return Caller("", caller.roles, None, caller.channel)


def _restrict(shared: Transaction, row: AnyRow, measure: Measure) -> None:
    if _restriction(shared.connection, row.number) is not None:
        raise _not_now(measure, row, "ALREADY_RESTRICTED", "a case that is not restricted", "one that is")
    values = {"case_number": row.number, "actor": measure.actor, "reason": measure.reason, "time_ns": shared.now_ns}
    shared.connection.execute(insert(case_restrictions), values)
    names = sorted({measure.actor, *measure.names})
    shared.connection.execute(insert(case_access), [{"name": name, "case_number": row.number} for name in names])


def _lift(shared: Transaction, row: AnyRow, measure: Measure) -> None:
    _require_restricted(shared, row, measure)
    for table in (case_restrictions, case_access):
        shared.connection.execute(delete(table).where(table.c.case_number == row.number))


def _grant(shared: Transaction, row: AnyRow, measure: Measure) -> None:
    _require_restricted(shared, row, measure)
    names = _names(shared.connection, row.number)
    if measure.name in names:
        raise _not_now(measure, row, "ALREADY_ON_LIST", "somebody who is not on the list", "one who is")
    if len(names) >= NAMES_MAX:
        raise _not_now(measure, row, "LIST_FULL", f"fewer than {NAMES_MAX} names", "as many")
    shared.connection.execute(insert(case_access), {"name": measure.name, "case_number": row.number})


def _revoke(shared: Transaction, row: AnyRow, measure: Measure) -> None:
    _require_restricted(shared, row, measure)
    names = _names(shared.connection, row.number)
    if measure.name not in names:
        raise _not_now(measure, row, "NOT_ON_LIST", "somebody who is on the list", "one who is not")
    if len(names) == 1:
        raise _not_now(measure, row, "LAST_ON_LIST", "another who stays on the list", "none: grant access first")
    there = (case_access.c.case_number == row.number) & (case_access.c.name == measure.name)
    shared.connection.execute(delete(case_access).where(there))


def _hold(shared: Transaction, row: AnyRow, measure: Measure) -> None:
    holds = _holds(shared.connection, row.number)
    if any(each.matter == measure.matter for each in holds):
        raise _not_now(measure, row, "ALREADY_HELD", "a matter that does not hold the case", "one that does")
    if _erase_time_ns(shared.connection, row.number):
        raise _not_now(measure, row, "CASE_ERASED", "a case that was not erased", "one that was")
    if len(holds) >= HOLDS_MAX:
        raise _not_now(measure, row, "HOLDS_FULL", f"fewer than {HOLDS_MAX} holds", "as many")
    values = {"matter": measure.matter, "actor": measure.actor, "reason": measure.reason, "time_ns": shared.now_ns}
    shared.connection.execute(insert(case_holds), {"case_number": row.number, **values})


def _release(shared: Transaction, row: AnyRow, measure: Measure) -> None:
    there = (case_holds.c.case_number == row.number) & (case_holds.c.matter == measure.matter)
    if shared.connection.execute(delete(case_holds).where(there)).rowcount == 0:
        raise _not_now(measure, row, "NOT_HELD", "a matter that holds the case", "one that does not")


_APPLY: Mapping[Action, Callable[[Transaction, AnyRow, Measure], None]] = {
    Action.RESTRICT: _restrict,
    Action.LIFT: _lift,
    Action.GRANT: _grant,
    Action.REVOKE: _revoke,
    Action.HOLD: _hold,
    Action.RELEASE: _release,
}


def _require_restricted(shared: Transaction, row: AnyRow, measure: Measure) -> None:
    if _restriction(shared.connection, row.number) is None:
        raise _not_now(measure, row, "NOT_RESTRICTED", "a restricted case", "one that everybody may see")


def _confidentiality(connection: Connection, row: AnyRow, policy: RetentionSettings) -> Confidentiality:
    restriction = _restriction(connection, row.number)
    return Confidentiality(
        case_id=row.case_id,
        number=row.number,
        etag=etag_of(row.case_id, row.version),
        restricted=restriction is not None,
        names=_names(connection, row.number),
        restricted_by=restriction.actor if restriction else "",
        restrict_reason=restriction.reason if restriction else "",
        restrict_time_ns=restriction.time_ns if restriction else 0,
        holds=_holds(connection, row.number),
        retention_end_time_ns=policy.end_ns(row.state, row.disposition, row.close_time_ns),
        erase_time_ns=_erase_time_ns(connection, row.number),
    )


def _restriction(connection: Connection, number: int) -> AnyRow | None:
    query = select(case_restrictions).where(case_restrictions.c.case_number == number)
    return connection.execute(query).one_or_none()


def is_restricted(connection: Connection, number: int) -> bool:
    """Whether only the people on its list may see a case."""
    return _restriction(connection, number) is not None


def _names(connection: Connection, number: int) -> tuple[str, ...]:
    query = select(case_access.c.name).where(case_access.c.case_number == number).order_by(case_access.c.name)
    return tuple(connection.execute(query).scalars())


def _holds(connection: Connection, number: int) -> tuple[Held, ...]:
    query = select(case_holds).where(case_holds.c.case_number == number).order_by(case_holds.c.matter)
    return tuple(Held(each.matter, each.actor, each.reason, each.time_ns) for each in connection.execute(query))


def _erase_time_ns(connection: Connection, number: int) -> int:
    query = select(func.coalesce(func.max(case_erasures.c.time_ns), 0)).where(case_erasures.c.case_number == number)
    return int(connection.execute(query).scalar_one())


def _entry(measure: Measure, row: AnyRow, breaks_glass: bool) -> Entry:
    given: dict[str, object] = {
        "channel": measure.channel,
        "matter": measure.matter,
        "name": measure.name,
        "names": sorted({measure.actor, *measure.names}) if measure.action is Action.RESTRICT else [],
        "request_id": measure.request_id,
        "without_sight": breaks_glass,
    }
    particulars = {name: value for name, value in given.items() if value}
    return Entry(
        actor=measure.actor,
        action=measure.action.value,
        subject=row.case_id,
        reason=measure.reason,
        from_state=row.state,
        to_state=row.state,
        detail=detail_json(**particulars, case_revision=row.version + 1),
    )


def _invalid(measure: Measure, field: str, expected: str, found: str) -> InvalidArgument:
    reason = "FIELD_REQUIRED" if found == "none" else "FIELD_INVALID"
    return InvalidArgument(
        reason, f"{measure.action.value}: expected {field} to be {expected}, found {found}", field=field
    )


def _not_now(measure: Measure, row: AnyRow, reason: str, expected: str, found: str) -> FailedPrecondition:
    return FailedPrecondition(
        reason, f"{measure.action.value}: expected {expected}, found {found}", case_id=row.case_id
    )
