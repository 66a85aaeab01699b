"""Recompute the seals, say what is not as it was sealed, and where. Memory stays flat; it only reads.

Seals are read a few at a time, with their leaves and rows; the file of heads and the archives alongside. What retired
is checked against its file when the folder is given.
"""

from __future__ import annotations

import hmac
import itertools
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, String, and_, select, type_coerce

from server.core import clock
from server.modules.audit import archives, canon, heads, keys
from server.modules.audit.canon import NO_SEAL
from server.modules.audit.models import AuditLeaf, AuditLog, AuditRetirement, AuditSeal
from server.modules.audit.times import MARGIN, id_from, time_of

MOST_PROBLEMS = 100
# What reading a value raises that its column cannot hold.
_UNREADABLE = (ValueError, TypeError, LookupError, OverflowError, AttributeError)
UNSEALED_FOR = timedelta(minutes=10)
_SEALS_AT_ONCE = 200
_ROWS_AT_ONCE = 2_000
SEALED_FIELDS = ("format", "number", "sealed_at", "horizon", "row_count", "root", "previous_hash", "key_id")
_HIGHEST_ID = uuid.UUID(int=2**128 - 1)


@dataclass(frozen=True)
class Problem:
    """Something that is not as it was sealed."""

    kind: str
    message: str
    seal: int | None = None
    audit_log_id: uuid.UUID | None = None


@dataclass
class Report:
    """What was checked and found; `next_seal` says where to go on when the time was up or too much was found."""

    checked_rows: int = 0
    checked_seals: int = 0
    unsealed_rows: int = 0
    retired_rows: int = 0
    next_seal: int | None = None
    problems: list[Problem] = field(default_factory=list)

    @property
    def ok(self) -> bool | None:
        """Whether all is as it was sealed; None where nothing was found, but not all was looked at."""
        if self.problems:
            return False
        return True if self.next_seal is None else None

    @property
    def is_full(self) -> bool:
        """Whether there is no use in looking further."""
        return len(self.problems) >= MOST_PROBLEMS

    def add(self, kind: str, message: str, *, seal: int | None = None, row: uuid.UUID | None = None) -> None:
        """Note a problem; beyond a hundred there is no use in more."""
        if not self.is_full:
            self.problems.append(Problem(kind, message, seal, row))


def _end_of(row: Any) -> datetime:
    """Return when the request of a row ended; a length that is none does not count."""
    began: datetime = row.at
    try:
        return began + timedelta(milliseconds=row.duration_ms)
    except _UNREADABLE:
        return began


def verify(
    connection: Connection, *, from_seal: int = 1, seconds: float | None = None, archive: Path | None = None
) -> Report:
    """Check the seals from this one on, and the rows beside them; stop in between when the seconds are over."""
    return _Check(connection, from_seal, seconds, archive).run()


class _Check:
    def __init__(self, connection: Connection, from_seal: int, seconds: float | None, archive: Path | None) -> None:
        self.connection = connection
        self.from_seal = from_seal
        self.until = time.monotonic() + seconds if seconds is not None else None
        self.report = Report()
        self.heads = _Heads(self.report, from_seal)
        self.archive = archives.Shelf(archive) if archive else None
        before = self._seal(from_seal - 1)
        self.previous_hash = before.hash if before else NO_SEAL
        self.expected = from_seal
        self.low = self._low(before)
        self.floor: datetime | None = before.horizon if before else None

    def run(self) -> Report:
        """Go through the seals group by group, each with the rows that were made in its time."""
        looked_to = self.low
        if self.from_seal > 1 and self._seal(self.from_seal - 1) is None:
            before = self.from_seal - 1
            self.report.add("seal_missing", f"Seal {before} is missing, or there are not so many.", seal=before)
        for group in self._groups():
            self._check_group(group)
            if self.low > looked_to:
                self._look_for_unsealed(looked_to, self.low)
                looked_to = self.low
            if self._is_over():
                self.report.next_seal = self.expected
                self.heads.tell_missing(newest=self.expected - 1)
                return self.report
        self.heads.tell_cut(self.expected - 1)
        self._look_for_unsealed(looked_to, _HIGHEST_ID)
        return self.report

    def _is_over(self) -> bool:
        return self.report.is_full or (self.until is not None and time.monotonic() > self.until)

    def _all(self, stmt: Select[Any], *, what: str, name: ColumnElement[Any]) -> Sequence[Row[Any]]:
        """Return all rows; where one holds what its column cannot, return the others and name that one.

        SQLite keeps any text in any column, so whoever owns the database could otherwise blind the check.
        """
        try:
            return self.connection.execute(stmt).all()
        except _UNREADABLE:
            return list(self._one_by_one(stmt, what, type_coerce(name, String)))

    def _one_by_one(self, stmt: Select[Any], what: str, name: ColumnElement[Any]) -> Iterator[Row[Any]]:
        for place in itertools.count():
            one = stmt.limit(1).offset(place)
            try:
                row = self.connection.execute(one).first()
            except _UNREADABLE:
                who = self.connection.scalar(one.with_only_columns(name, maintain_column_froms=True))
                self.report.add("row_unreadable", f"{what} {who} was changed: it holds what cannot be read.")
                continue
            if row is None:
                return
            yield row

    # Seals

    def _seal(self, number: int) -> Any:
        table = AuditSeal.__table__
        return self.connection.execute(select(table).where(table.c.number == number)).first()

    def _low(self, seal: Any) -> uuid.UUID:
        return id_from(seal.horizon - MARGIN) if seal else uuid.UUID(int=0)

    def _groups(self) -> Iterator[list[Row[Any]]]:
        """Yield seals in their order, as many at once as have about two thousand rows."""
        table = AuditSeal.__table__
        last = self.from_seal - 1
        stmt = select(table).order_by(table.c.number).limit(_SEALS_AT_ONCE)
        while seals := self._all(stmt.where(table.c.number > last), what="Seal", name=table.c.number):
            last = seals[-1].number
            group: list[Row[Any]] = []
            for seal in seals:
                if group and sum(one.row_count for one in group) + seal.row_count > _ROWS_AT_ONCE:
                    yield group
                    group = []
                group.append(seal)
            yield group

    def _check_group(self, group: Sequence[Row[Any]]) -> None:
        retired = self._retired(group)
        leaves = self._leaves(group)
        for seal in group:
            self._check_seal(seal)
            if seal.number in retired:
                self._check_retired(seal, retired[seal.number])
            else:
                self._check_rows(seal, leaves.get(seal.number, []))
            self.floor = max(self.floor, seal.horizon) if self.floor else seal.horizon
            self.low = self._low(seal)

    def _check_seal(self, seal: Any) -> None:
        """Check a seal itself: its number, its chain, its hash, its signature, and the line outside."""
        say = self.report.add
        for missing in itertools.islice(range(self.expected, seal.number), MOST_PROBLEMS):
            say("seal_missing", f"Seal {missing} is missing.", seal=missing)
        if seal.number == self.expected and not hmac.compare_digest(seal.previous_hash, self.previous_hash):
            say("chain_broken", f"Seal {seal.number} does not follow from the seal before it.", seal=seal.number)
        if canon.seal_hash({name: seal._mapping[name] for name in SEALED_FIELDS}) != seal.hash:
            say("seal_changed", f"Seal {seal.number} was changed: it has another hash.", seal=seal.number)
        elif not keys.is_known(seal.key_id):
            say("key_unknown", f"Seal {seal.number} is signed by a key that is not configured.", seal=seal.number)
        elif not keys.is_signed("seal", seal.hash, key_id=seal.key_id, signature=seal.signature):
            say("seal_forged", f"Seal {seal.number} is not signed by its key.", seal=seal.number)
        self.heads.check(seal)
        self.previous_hash, self.expected = seal.hash, seal.number + 1
        self.report.checked_seals += 1

    # Rows

    def _leaves(self, group: Sequence[Row[Any]]) -> dict[int, list[Row[Any]]]:
        """Return the leaves of these seals in their order, each with its row where that is there."""
        logs, leaves = AuditLog.__table__, AuditLeaf.__table__
        stmt = (
            select(
                *(leaves.c[name].label(f"leaf_{name}") for name in ("audit_log_id", "seal_number", "position", "hash")),
                *(logs.c[name] for name in canon.COLUMNS[canon.FORMAT]),
            )
            .select_from(leaves.outerjoin(logs, and_(logs.c.id == leaves.c.audit_log_id, logs.c.at == leaves.c.at)))
            .where(leaves.c.seal_number.between(group[0].number, group[-1].number))
            .order_by(leaves.c.seal_number, leaves.c.position)
        )
        found = self._all(stmt, what="Row", name=leaves.c.audit_log_id)
        return {number: list(rows) for number, rows in itertools.groupby(found, key=lambda row: row.leaf_seal_number)}

    def _check_rows(self, seal: Any, leaves: Sequence[Any]) -> None:
        """Check the rows of a seal against their leaves, and the leaves against the root."""
        said = [self._hash_of(leaf, seal) for leaf in leaves]
        self.report.checked_rows += len(leaves)
        stored = [leaf.leaf_hash if isinstance(leaf.leaf_hash, bytes) else b"" for leaf in leaves]
        is_whole = len(leaves) == seal.row_count and canon.root(stored) == seal.root
        differing = [leaf for leaf, now, then in zip(leaves, said, stored, strict=True) if now not in (None, then)]
        if is_whole:
            for leaf in differing:
                self._say_changed("row_changed", "was changed", leaf)
        else:
            self._check_leaves(seal, leaves, said, differing)
        missing = [leaf for leaf, now in zip(leaves, said, strict=True) if now is None]
        if missing and not self.report.is_full:
            self._say_missing(missing)
        for leaf, now in zip(leaves, said, strict=True):
            if now is not None and self._is_late(leaf):
                self._say_changed("row_late", "was put in long after the time that it names", leaf)

    def _hash_of(self, leaf: Any, seal: Any) -> bytes | None:
        """Return the hash of a row as it is now, or None where it is not there."""
        if leaf.id is None:
            return None
        columns = canon.COLUMNS.get(seal.format, canon.COLUMNS[canon.FORMAT])
        try:
            return canon.leaf(canon.encode({name: leaf._mapping[name] for name in columns}))
        except _UNREADABLE:
            return b""

    def _check_leaves(self, seal: Any, leaves: Any, said: Sequence[bytes | None], differing: Sequence[Any]) -> None:
        """Say which leaves are not those that were sealed, as far as the rows still tell."""
        rows_are_right = len(leaves) == seal.row_count and canon.root([one or b"" for one in said]) == seal.root
        if rows_are_right:
            for leaf in differing:
                self._say_changed("leaf_changed", "is as it was sealed, but its leaf was changed", leaf)
            return
        there = {leaf.leaf_position for leaf in leaves}
        gap = next((place for place in range(seal.row_count) if place not in there), None)
        for leaf in differing:
            self._say_changed("row_changed", "does not fit its leaf", leaf)
        if gap is not None:
            message = f"Seal {seal.number} has lost its leaf at place {gap} (of {seal.row_count})."
            self.report.add("leaf_missing", message, seal=seal.number)
        else:
            message = f"The rows or leaves of seal {seal.number} are not those that were sealed."
            self.report.add("seal_broken", message, seal=seal.number)

    def _say_changed(self, kind: str, what: str, leaf: Any) -> None:
        message = f"Row {leaf.leaf_audit_log_id} of seal {leaf.leaf_seal_number} {what}."
        self.report.add(kind, message, seal=leaf.leaf_seal_number, row=leaf.leaf_audit_log_id)

    def _say_missing(self, leaves: Sequence[Any]) -> None:
        """Say which rows are gone, and which only name another time; beyond a hundred nobody reads on."""
        named = leaves[:MOST_PROBLEMS]
        ids = [leaf.leaf_audit_log_id for leaf in named]
        moved = set(self.connection.scalars(select(AuditLog.id).where(AuditLog.id.in_(ids))))
        for leaf in named:
            if leaf.leaf_audit_log_id in moved:
                self._say_changed("row_changed", "names another time now", leaf)
            else:
                self._say_changed("row_missing", "is missing", leaf)

    def _is_late(self, row: Any) -> bool:
        """Whether an earlier seal passed this row over, though it was sure to hold all rows of that time.

        An id is made right before its row is written. `at` is the start of a request, which may have taken long.
        """
        if self.floor is None:
            return False
        made = time_of(row.id) or _end_of(row)
        return made < self.floor - MARGIN or _end_of(row) < min(made, self.floor) - MARGIN

    def _look_for_unsealed(self, low: uuid.UUID, high: uuid.UUID) -> None:
        """Count the rows without a leaf, and name those that are too old for that, until there are enough of them."""
        logs, leaves = AuditLog.__table__, AuditLeaf.__table__
        deadline = clock.now() - UNSEALED_FOR
        joined = logs.outerjoin(leaves, and_(leaves.c.audit_log_id == logs.c.id, leaves.c.at == logs.c.at))
        columns = (logs.c.id, logs.c.at, logs.c.duration_ms, leaves.c.seal_number)
        stmt = select(*columns).select_from(joined).where(logs.c.id <= high)
        stmt = stmt.order_by(logs.c.id).limit(_ROWS_AT_ONCE)
        while not self.report.is_full and (rows := self._all(stmt.where(logs.c.id > low), what="Row", name=logs.c.id)):
            for row in rows:
                if row.seal_number is None:
                    self._say_unsealed(row, deadline)
            low = rows[-1].id

    def _say_unsealed(self, row: Any, deadline: datetime) -> None:
        self.report.unsealed_rows += 1
        if _end_of(row) < deadline:
            passed = self.floor is not None and _end_of(row) < self.floor - MARGIN
            why = "put in past the seals of its time" if passed else "is the job that seals running?"
            self.report.add("row_unsealed", f"Row {row.id} of {row.at.isoformat()} was never sealed: {why}", row=row.id)

    # What is in files

    def _retired(self, group: Sequence[Row[Any]]) -> dict[int, Row[Any]]:
        table = AuditRetirement.__table__
        stmt = select(table).where(table.c.seal_number.between(group[0].number, group[-1].number))
        return {row.seal_number: row for row in self.connection.execute(stmt)}

    def _check_retired(self, seal: Any, mark: Any) -> None:
        """Check the mark of a retired seal, and its file where the folder is given."""
        digest = archives.mark_hash(seal, mark)
        if not keys.is_signed("retirement", digest, key_id=mark.key_id, signature=mark.signature):
            message = f"Seal {seal.number} is marked as retired, but the mark is forged."
            self.report.add("retirement_forged", message, seal=seal.number)
            return
        self.report.retired_rows += seal.row_count
        if self.archive is not None and (problem := self.archive.problem_of(seal, mark)):
            self.report.add("archive_broken", problem, seal=seal.number)


class _Heads:
    """Hold the file of heads against the seals, side by side."""

    def __init__(self, report: Report, from_seal: int) -> None:
        self.report = report
        path = heads.path_of_file()
        self.is_there = path.exists()
        self.lines = self._read(heads.read_all(path) if self.is_there else iter(()), from_seal)
        self.ahead: heads.Head | None = next(self.lines, None)
        self.missing: list[int] = []

    def _read(self, lines: Iterable[tuple[int, heads.Head | None]], from_seal: int) -> Iterator[heads.Head]:
        for number, head in lines:
            if head is None:
                self.report.add("heads_damaged", f"Line {number} of the heads file is damaged.")
            elif head.number >= from_seal:
                yield head

    def check(self, seal: Any) -> None:
        """Compare a seal with its line."""
        self._skip_to(seal.number)
        if self.ahead is None or self.ahead.number > seal.number:
            self.missing.append(seal.number)
            del self.missing[2:]
            return
        while self.ahead is not None and self.ahead.number == seal.number:
            if (self.ahead.hash, self.ahead.signature) != (seal.hash, seal.signature):
                message = f"Seal {seal.number} is not the one that the heads file knows."
                self.report.add("seal_changed", message, seal=seal.number)
            self.ahead = next(self.lines, None)

    def _skip_to(self, number: int) -> None:
        """Pass lines of seals that are not there; the chain names those."""
        while self.ahead is not None and self.ahead.number < number:
            self.ahead = next(self.lines, None)

    def tell_cut(self, last: int) -> None:
        """Say what the file knows beyond the end of the table, and what it lacks."""
        known = max((head.number for head in self._rest()), default=last)
        if known > last:
            message = f"The tail is cut: the heads file knows seals up to {known}, the table ends at {last}."
            self.report.add("tail_cut", message, seal=last + 1)
        self.tell_missing(newest=last)

    def tell_missing(self, newest: int | None = None) -> None:
        """Say what the file lacks; the line of the newest seal may still be on its way."""
        first = next((number for number in self.missing if number != newest), None)
        if first is not None:
            what = "lacks lines, the first" if self.is_there else "is missing; it should have a line"
            self.report.add("heads_missing", f"The heads file {what} for seal {first}.", seal=first)

    def _rest(self) -> Iterator[heads.Head]:
        if self.ahead is not None:
            yield self.ahead
        yield from self.lines
