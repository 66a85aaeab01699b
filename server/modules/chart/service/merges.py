"""Rules of merging: two patients who are one person become one."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Row, Table, insert, select, update

from server.core import clock, trail as trails
from server.core.access import Actor, Role
from server.core.db import db
from server.core.errors import Conflict, NotFound, refused
from server.modules.chart.models import MergedRows, PatientMerge
from server.modules.chart.policies import Perm
from server.modules.chart.queries.schema import moved_columns
from server.modules.patients import signals
from server.modules.patients.enums import PatientStatus
from server.modules.patients.merge_rules import Change, Merging, plain, resolvers, unstamped
from server.modules.patients.models import Patient
from server.modules.patients.queries.people import in_scope
from server.modules.patients.service.people import PatientMerged
from server.modules.users import service as users
from server.modules.users.models import User

MOVED, DEACTIVATED = "moved", "deactivated"
# Rows whose keys are written down together, and moved back by one statement.
_CHUNK = 500
_patients = Patient.__table__


class StatusDiffers(Conflict):
    """The statuses of the two differ; make them equal first."""

    code = "status_differs"


class StaffAccount(Conflict):
    """The duplicate's account belongs to staff and would be closed; merge the other way round."""

    code = "staff_account"


@dataclass(frozen=True)
class Report:
    """What a merge did, or would do, or what taking it back did; rows are counted by table.

    `moved` went from one to the other; `stayed` are those that the survivor got between a merge and its end.
    """

    id: uuid.UUID
    duplicate_id: uuid.UUID
    dry_run: bool
    merged_at: datetime
    moved: dict[str, int]
    conflicts: list[dict[str, str]]
    account: str | None
    stayed: dict[str, int] = field(default_factory=dict)


class _Rehearsed(Exception):
    """Ends the savepoint of a rehearsal, so that nothing of it stays."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.report = report


def merge(*, actor: Actor, patient_id: uuid.UUID, duplicate_id: uuid.UUID, dry_run: bool = False) -> Report:
    """Make every row of the duplicate the survivor's; a dry run does the same in a savepoint that it leaves again."""
    if duplicate_id == patient_id:
        raise refused("duplicate_id", why="Expected another patient.")
    if dry_run:
        return _rehearse(actor, patient_id, duplicate_id)
    report = _carry_out(_begin(actor, patient_id, duplicate_id), actor)
    trails.current().changed.add("merged_into_id")
    signals.merged.send(survivor_id=patient_id, duplicate_id=duplicate_id, actor=actor)
    return report


def _rehearse(actor: Actor, patient_id: uuid.UUID, duplicate_id: uuid.UUID) -> Report:
    trails.current().note = "dry_run"
    try:
        with db.session.begin_nested():
            merging = _begin(actor, patient_id, duplicate_id)
            raise _Rehearsed(_carry_out(merging, actor, is_rehearsal=True))
    except _Rehearsed as rehearsed:
        return rehearsed.report


def _begin(actor: Actor, patient_id: uuid.UUID, duplicate_id: uuid.UUID) -> Merging:
    """Lock both patients, in the order of their ids, and hold that both may be merged."""
    say(patient_id, duplicate_id)
    lock(patient_id, duplicate_id)
    statuses = []
    for one in (patient_id, duplicate_id):
        found = in_scope(db.session.connection(), actor, Perm.MERGE, one)
        if found is None:
            raise NotFound
        if found.status == PatientStatus.MERGED:
            raise PatientMerged
        statuses.append(found.status)
    _require_same(*statuses)
    return Merging(db.session.connection(), patient_id, duplicate_id, by=actor.user_id, at=clock.now())


def _require_same(kept: str, other: str) -> None:
    """Hold that neither a death nor a leave is merged away, or onto somebody who lives."""
    if kept == other:
        return
    if PatientStatus.DECEASED in (kept, other):
        first = "record the death on both, or reactivate the one whose death was recorded by mistake"
    else:
        first = "reactivate the inactive one"
    raise StatusDiffers(f"The patient who stays is {kept}, the duplicate is {other}; first {first}.")


def say(survivor_id: uuid.UUID, duplicate_id: uuid.UUID) -> None:
    """Have the audit row name both."""
    trails.current().about(survivor_id, patient_id=survivor_id)
    trails.current().listed([survivor_id, duplicate_id])


def lock(*patient_ids: uuid.UUID) -> None:
    """Lock patients in the order of their ids."""
    stmt = select(_patients.c.id).where(_patients.c.id.in_(patient_ids)).order_by(_patients.c.id)
    db.session.execute(stmt.with_for_update())


def _carry_out(merging: Merging, actor: Actor, *, is_rehearsal: bool = False) -> Report:
    """Make room, move the rows, see to the account and write down what is needed to take it all back."""
    for resolve in resolvers().values():
        resolve(merging)
    made = len(merging.changes)
    for table, column in moved_columns():
        _move(merging, table, column)
    moved = Counter[str]()
    for change in merging.changes[made:]:
        moved[change.table_name] += len(change.row_keys)
    account = _join_accounts(merging, actor, is_rehearsal=is_rehearsal)
    _write_down(merging, account)
    conflicts = [asdict(one) for one in merging.conflicts]
    what = account["account"]
    return Report(merging.survivor_id, merging.duplicate_id, is_rehearsal, merging.at, dict(moved), conflicts, what)


def _move(merging: Merging, table: Table, column: Column[Any]) -> None:
    """Point the duplicate's rows of one table to the survivor; this is no change of the rows themselves."""
    connection, of_duplicate = merging.connection, column == merging.duplicate_id
    keys = [
        [plain(part) for part in row]
        for row in connection.execute(select(*table.primary_key).where(of_duplicate).order_by(*table.primary_key))
    ]
    if not keys:
        return
    connection.execute(update(table).where(of_duplicate).values({column.name: merging.survivor_id, **unstamped(table)}))
    before, after = {column.name: str(merging.duplicate_id)}, {column.name: str(merging.survivor_id)}
    merging.changes += [
        Change(table.name, keys[start : start + _CHUNK], before, after) for start in range(0, len(keys), _CHUNK)
    ]


def _join_accounts(merging: Merging, actor: Actor, *, is_rehearsal: bool) -> dict[str, Any]:
    """Give the duplicate's account to a survivor who has none, else close it; return what is to be remembered."""
    survivor, duplicate = (_patient(merging, one) for one in (merging.survivor_id, merging.duplicate_id))
    if duplicate.user_id is None:
        return {"account": None}
    if survivor.user_id is None:
        merging.change(_patients, duplicate, user_id=None)
        merging.change(_patients, survivor, user_id=duplicate.user_id)
        return {"account": MOVED}
    user = db.session.get_one(User, duplicate.user_id)
    if set(user.roles) - {Role.PATIENT}:
        raise StaffAccount
    status = user.status
    if not is_rehearsal:
        users.deactivate(actor=actor, user_id=user.id)
    return {"account": DEACTIVATED, "account_status": status, "account_version": user.version}


def _patient(merging: Merging, patient_id: uuid.UUID) -> Row[Any]:
    return merging.connection.execute(select(_patients).where(_patients.c.id == patient_id)).one()


def _write_down(merging: Merging, account: dict[str, Any]) -> None:
    written = PatientMerge(
        survivor_id=merging.survivor_id,
        duplicate_id=merging.duplicate_id,
        merged_by=merging.by,
        merged_at=merging.at,
        **account,
    )
    db.session.add(written)
    db.session.flush()
    rows = [
        {"merge_id": written.id, "position": position, **vars(change)}
        for position, change in enumerate(merging.changes)
    ]
    db.session.execute(insert(MergedRows.__table__), rows)
