"""Follow a request for the audit log: who, what, on which object, with which outcome.

Core only collects; the audit module registers the recorder that turns a trail into a row. The trail holds names of
changed fields, and values only of columns that a table lists in `audited_values`; never bodies or free text.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from flask import g, has_app_context
from sqlalchemy import Connection, event, inspect
from sqlalchemy.orm import Session

from server.core import clock
from server.core.access import Actor
from server.core.columns import Record
from server.core.here import things
from server.core.ids import new_id

MAX_OBJECT_IDS = 200
_UNINTERESTING = {"version", "created_at", "updated_at", "id", "search_text", "card_text"}


@dataclass
class Trail:
    """What is known so far of one request (or command)."""

    method: str
    route: str = ""
    address: str = ""
    action: str = "other"
    object_type: str = ""
    at: datetime = field(default_factory=clock.now)
    request_id: uuid.UUID = field(default_factory=new_id)
    actor: Actor | None = None
    actor_id: uuid.UUID | None = None
    object_id: uuid.UUID | None = None
    patient_id: uuid.UUID | None = None
    object_ids: list[uuid.UUID] = field(default_factory=list)
    object_count: int | None = None
    changed: set[str] = field(default_factory=set)
    values_before: dict[str, Any] = field(default_factory=dict)
    values_after: dict[str, Any] = field(default_factory=dict)
    version_before: int | None = None
    version_after: int | None = None
    note: str = ""
    session_id: uuid.UUID | None = None
    break_glass_id: uuid.UUID | None = None
    on_behalf_of: uuid.UUID | None = None
    written: bool = False
    _began: float = field(default_factory=time.perf_counter)

    def about(self, object_id: uuid.UUID | None = None, *, patient_id: uuid.UUID | None = None) -> None:
        """Say which object, and which patient, this request concerns."""
        self.object_id = object_id or self.object_id
        if patient_id is None and self.object_type == "patient":
            patient_id = object_id
        self.patient_id = patient_id or self.patient_id

    def seen_for(self, patient_id: uuid.UUID) -> None:
        """Say whose proxy the caller acted by."""
        self.on_behalf_of = self.patient_id = patient_id

    def shown_of(self, patients: Collection[uuid.UUID], wards: Collection[uuid.UUID]) -> None:
        """Say whose a list was where it is of one patient; `wards` are those of whom the caller is only the proxy."""
        if len(wards) == 1:
            self.seen_for(*wards)
        elif len(patients) == 1:
            self.about(patient_id=next(iter(patients)))

    def listed(self, ids: Iterable[uuid.UUID]) -> None:
        """Say which objects a list showed: the first 200 ids and the count."""
        shown = list(ids)
        self.object_ids = shown[:MAX_OBJECT_IDS]
        self.object_count = len(shown)

    def collected(self) -> dict[str, Any]:
        """Return what is known so far, to be `restore`d where what is done next is rolled back."""
        return {one.name: _copy(getattr(self, one.name)) for one in fields(self)}

    def restore(self, collected: Mapping[str, Any]) -> None:
        """Forget what became known since."""
        for name, value in collected.items():
            setattr(self, name, _copy(value))

    @property
    def duration_ms(self) -> int:
        """Milliseconds since the request began."""
        return round((time.perf_counter() - self._began) * 1000)


def _copy(value: Any) -> Any:
    return value.copy() if isinstance(value, list | set | dict) else value


Recorder = Callable[[Connection, Trail, int], None]

_recorders: list[Recorder] = []


def record_with(recorder: Recorder) -> Recorder:
    """Register the function that writes a trail and its status as a row."""
    _recorders[:] = [recorder]
    return recorder


def record(connection: Connection, trail: Trail, status: int) -> None:
    """Write the row of this trail on `connection`."""
    _recorders[0](connection, trail, status)
    trail.written = True


def current() -> Trail:
    """Return the trail of the running request or command."""
    trail: Trail = things().trail
    return trail


@event.listens_for(Session, "after_flush")
def _note_changes(session: Session, _context: Any) -> None:
    """Note the names of changed fields while the session still knows what they were."""
    if not has_app_context() or "trail" not in g:
        return
    trail = current()
    for entity in session.dirty | session.new:
        if isinstance(entity, Record):
            _note_entity(trail, entity, is_new=entity in session.new)


def _note_entity(trail: Trail, entity: Record, *, is_new: bool) -> None:
    state = inspect(entity)
    for attribute in state.mapper.column_attrs:
        name = attribute.key
        history = state.attrs[name].history
        if (
            name in _UNINTERESTING
            or name.endswith("_key")
            or not history.has_changes()
            or (is_new and not any(history.added))
        ):
            continue
        trail.changed.add(name)
        if name in entity.audited_values:
            if history.deleted and history.deleted[0] is not None:
                trail.values_before[name] = _plain(history.deleted[0])
            trail.values_after[name] = _plain(history.added[0])
    if trail.object_id in (None, entity.id):
        trail.object_id = entity.id
        # The mapper counts the version up without a history; a flush adds one, or nothing where nothing changed.
        if trail.version_before is None and not is_new:
            trail.version_before = entity.version - any(one.history.has_changes() for one in state.attrs)
        trail.version_after = entity.version


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | list | None) else str(value)
