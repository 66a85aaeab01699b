"""Rules of taking a merge back: whoever was wrong about two patients parts them again."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Column, Table, func, or_, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from server.core import clock, trail as trails
from server.core.access import Actor
from server.core.db import Base, db
from server.core.errors import Conflict, NotFound
from server.modules.chart.models import MergedRows, PatientMerge
from server.modules.chart.policies import Perm
from server.modules.chart.queries.schema import belongings, moved_columns
from server.modules.chart.service.merges import DEACTIVATED, Report, lock, say
from server.modules.patients import merge_rules, signals
from server.modules.patients.merge_rules import Change, counted, is_row, settlers, stored, unstamped
from server.modules.patients.models import Patient
from server.modules.patients.queries.people import in_scope
from server.modules.users import service as users
from server.modules.users.enums import UserStatus
from server.modules.users.models import User

CHANGED = "changed since, left as it is"
CHANGED_LIST = "changed since; what came from the duplicate was taken out"
TAKEN = "something else has taken its place since, left as the merge made it"
ALONG = "written since, went with what it belongs to"
GONE = "no longer there"
ACCOUNT_CHANGED = "changed since it was closed, left as it is"


class NotMerged(Conflict):
    """There is no merge of this patient to take back."""

    code = "not_merged"


class LaterMerge(Conflict):
    """A later merge stands on this one; take that back first."""

    code = "later_merge"


@dataclass
class _Parting:
    """One merge that is being taken back: what went home, and what could not be put back as it was."""

    merged: PatientMerge
    moved: Counter[str] = field(default_factory=Counter)
    conflicts: list[merge_rules.Conflict] = field(default_factory=list)

    def note(self, table: str, what: str, resolution: str) -> None:
        self.conflicts.append(merge_rules.Conflict(table, what, resolution))


def unmerge(*, actor: Actor, patient_id: uuid.UUID, duplicate_id: uuid.UUID | None = None) -> Report:
    """Take a patient's latest merge back: what came from the duplicate goes home, what was changed since stays changed.

    Rows that the survivor was given since stay with the survivor, unless they belong to one that goes home: then they
    go along. That, and what could not be put back, is reported.
    """
    merged = _to_take_back(actor, patient_id, duplicate_id)
    say(merged.survivor_id, merged.duplicate_id)
    merged.undone_at, merged.undone_by = clock.now(), actor.user_id
    db.session.flush()
    parting = _Parting(merged)
    for change in reversed(_changes_of(merged.id)):
        _take_back(parting, change)
    for table, column, parent in belongings():
        _send_along(parting, table, column, parent)
    for one in (merged.survivor_id, merged.duplicate_id):
        for settle in settlers():
            settle(db.session.connection(), one)
    _reopen_account(parting)
    trails.current().changed.add("merged_into_id")
    signals.unmerged.send(survivor_id=merged.survivor_id, duplicate_id=merged.duplicate_id, actor=actor)
    return _report(parting)


def _report(parting: _Parting) -> Report:
    merged = parting.merged
    return Report(
        merged.survivor_id,
        merged.duplicate_id,
        dry_run=False,
        merged_at=merged.merged_at,
        moved=dict(parting.moved),
        conflicts=[asdict(one) for one in parting.conflicts],
        account=merged.account,
        stayed=_given_since(merged),
    )


def _given_since(merged: PatientMerge) -> dict[str, int]:
    """Count the rows that the survivor got since the merge: they may be about either, and somebody has to look."""
    given = Counter[str]()
    for table, column in moved_columns():
        if table.name == Patient.__tablename__:
            continue
        # Ids are UUIDv7, so where a row does not say when it was made, its id does.
        is_since = table.c.created_at > merged.merged_at if "created_at" in table.c else table.c.id > merged.id
        stmt = select(func.count()).select_from(table).where(column == merged.survivor_id, is_since)
        given[table.name] += db.session.scalar(stmt) or 0
    return {name: count for name, count in given.items() if count}


def _to_take_back(actor: Actor, patient_id: uuid.UUID, duplicate_id: uuid.UUID | None) -> PatientMerge:
    """Return the merge that is meant, both patients locked; it must be the last one of its survivor."""
    if in_scope(db.session.connection(), actor, Perm.MERGE, patient_id) is None:
        raise NotFound
    standing = (
        select(PatientMerge)
        .where(or_(PatientMerge.survivor_id == patient_id, PatientMerge.duplicate_id == patient_id))
        .where(PatientMerge.undone_at.is_(None))
    )
    if duplicate_id is not None:
        standing = standing.where(PatientMerge.duplicate_id == duplicate_id)
    # Who was merged away means that merge; a survivor means the latest.
    found = db.session.scalars(
        standing.order_by((PatientMerge.duplicate_id == patient_id).desc(), PatientMerge.id.desc()).limit(1)
    ).first()
    if found is None:
        raise NotMerged
    lock(found.survivor_id, found.duplicate_id)
    db.session.refresh(found, with_for_update=True)
    if found.undone_at is not None:
        raise NotMerged
    later = select(PatientMerge.id).where(
        PatientMerge.undone_at.is_(None),
        PatientMerge.id != found.id,
        or_(
            (PatientMerge.survivor_id == found.survivor_id) & (PatientMerge.id > found.id),
            PatientMerge.duplicate_id == found.survivor_id,
        ),
    )
    if db.session.scalar(later.limit(1)) is not None:
        raise LaterMerge
    return found


def _changes_of(merge_id: uuid.UUID) -> list[Change]:
    table = MergedRows.__table__
    stmt = select(table.c.table_name, table.c.row_keys, table.c.before, table.c.after).where(
        table.c.merge_id == merge_id
    )
    return [Change(*row) for row in db.session.execute(stmt.order_by(table.c.position))]


def _take_back(parting: _Parting, change: Change) -> None:
    """Write what was there before where the merge's value still stands."""
    table = Base.metadata.tables[change.table_name]
    names = [column.name for column in table.primary_key]
    keys = [[stored(table, name, part) for name, part in zip(names, key, strict=True)] for key in change.row_keys]
    if change.before.keys() <= {column.name for other, column in moved_columns() if other is table}:
        _move_back(parting, table, change, keys)
        return
    for key in keys:
        _restore(parting, table, change, key)


def _move_back(parting: _Parting, table: Table, change: Change, keys: list[list[Any]]) -> None:
    """Send rows home together; where a unique rule is in the way of some, those that can go one by one."""
    went = _unless_taken(lambda: _sent_home(table, change, keys))
    if went is not None:
        parting.moved[table.name] += went
        return
    for key in keys:
        went = _unless_taken(lambda key=key: _sent_home(table, change, [key]))  # type: ignore[misc]
        parting.moved[table.name] += went or 0
        if went is None:
            parting.note(table.name, " ".join(map(str, key)), TAKEN)


def _sent_home(table: Table, change: Change, keys: list[list[Any]]) -> int:
    ((name, before),) = change.before.items()
    is_still_there = table.c[name] == stored(table, name, change.after[name])
    which = tuple_(*table.primary_key).in_(keys)
    values = {name: stored(table, name, before), **unstamped(table)}
    return int(db.session.connection().execute(update(table).where(which, is_still_there).values(values)).rowcount)


def _unless_taken(write: Callable[[], int]) -> int | None:
    """Write in a savepoint; return None, with nothing written, where a rule of the schema refuses it by now."""
    try:
        with db.session.begin_nested():
            return write()
    except IntegrityError:
        return None


def _send_along(parting: _Parting, table: Table, column: Column[Any], parent: Table) -> None:
    """Have rows that were written since be of the one of the two to whom what they belong to is gone."""
    # What belongs to a row of the same table, the version after a version, may itself have one that belongs to it.
    while _send_next(parting, table, column, parent) and table is parent:
        pass


def _send_next(parting: _Parting, table: Table, column: Column[Any], parent: Table) -> int:
    both = (parting.merged.survivor_id, parting.merged.duplicate_id)
    owner = parent.alias()
    stmt = select(*table.primary_key, owner.c.patient_id).join_from(table, owner, column == owner.c.id)
    apart = (table.c.patient_id.in_(both), owner.c.patient_id.in_(both), table.c.patient_id != owner.c.patient_id)
    gone = 0
    for *key, patient_id in db.session.execute(stmt.where(*apart).order_by(*table.primary_key)).all():
        moving = update(table).where(is_row(table, key)).values(patient_id=patient_id, **unstamped(table))
        went = _unless_taken(lambda moving=moving: int(db.session.connection().execute(moving).rowcount))  # type: ignore[misc]
        gone += went or 0
        parting.note(table.name, " ".join(map(str, key)), TAKEN if went is None else ALONG)
    parting.moved[table.name] += gone
    return gone


def _restore(parting: _Parting, table: Table, change: Change, key: list[Any]) -> None:
    """Put the columns of one change back, all of them or none; of a changed list, take the duplicate's part out."""
    present = db.session.execute(select(table).where(is_row(table, key)).with_for_update()).mappings().first()
    if present is None:
        parting.note(table.name, ", ".join(change.before), GONE)
        return
    before, after = (
        {name: stored(table, name, value) for name, value in values.items()} for values in (change.before, change.after)
    )
    is_untouched = all(present[name] == value for name, value in after.items())
    values = before if is_untouched else _without_added(dict(present), before, after)
    why = None if is_untouched else (CHANGED_LIST if values else CHANGED)
    if values:
        stmt = update(table).where(is_row(table, key)).values(**values, **counted(table, clock.now()))
        if _unless_taken(lambda: int(db.session.connection().execute(stmt).rowcount)) is None:
            why = TAKEN
    if why is not None:
        parting.note(table.name, ", ".join(change.before), why)


def _without_added(present: dict[str, Any], before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return a list without what the merge added to it; nothing for other values, of which no part can be told."""
    if len(after) != 1:
        return {}
    ((name, now),) = after.items()
    was = before[name]
    if not (isinstance(was, list) and isinstance(now, list) and isinstance(present[name], list)):
        return {}
    added = [one for one in now if one not in was]
    return {name: [one for one in present[name] if one not in added]}


def _reopen_account(parting: _Parting) -> None:
    """Open the account that the merge closed, unless it was closed before or somebody has touched it since."""
    merged = parting.merged
    if merged.account != DEACTIVATED or merged.account_status in (None, UserStatus.DEACTIVATED):
        return
    of_duplicate = select(User).join(Patient, Patient.user_id == User.id).where(Patient.id == merged.duplicate_id)
    user = db.session.scalar(of_duplicate.with_for_update(of=User))
    if user is not None and user.version == merged.account_version:
        users.reopen(user_id=user.id, status=UserStatus(merged.account_status))
    else:
        parting.note("users", "account", ACCOUNT_CHANGED)
