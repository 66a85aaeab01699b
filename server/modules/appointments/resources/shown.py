"""Show appointments with the fields that the caller may see of each."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from flask import Response

from server.core import answers, trail as trails
from server.core.access import Permission
from server.core.columns import Expected
from server.core.db import reading
from server.core.dump import row_dumper
from server.core.listing import Page
from server.core.resource import Resource
from server.modules.appointments.policies import Perm
from server.modules.appointments.queries import appointments as queries
from server.modules.appointments.schemas.appointment import AppointmentAnswer, AppointmentCard, AppointmentOut
from server.modules.appointments.service.booking import Made
from server.modules.patients.policies import sees_all

READ = {"object_type": "appointment", "out": AppointmentAnswer}

_show_all = row_dumper(AppointmentOut, queries.COLUMNS)
_show_card = row_dumper(AppointmentCard, queries.COLUMNS)
_PATIENT = queries.COLUMNS.index("patient_id")


class Appointments(Resource):
    """The base of what answers with appointments."""

    def seen(self, appointment_id: uuid.UUID) -> dict[str, Any]:
        """Return one appointment as the caller sees it through the permission that this method declares."""
        declared = self.declaration.permission
        permission = declared if isinstance(declared, Permission) else Perm.READ
        *row, shows_all = queries.one_row(self.connection, self.actor, appointment_id, permission)
        trails.current().about(appointment_id, patient_id=row[_PATIENT])
        return (_show_all if shows_all else _show_card)(row)

    def made(self, made: Made) -> dict[str, Any]:
        """Return a new appointment as the caller sees it; who books for everybody sees what they have just written."""
        booked, names = made.appointment, made.names
        if names is None or not sees_all(self.actor, Perm.BOOK):
            return self.seen(booked.id)
        trails.current().about(booked.id, patient_id=booked.patient_id)
        return _show_all([names[column] if column in names else getattr(booked, column) for column in queries.COLUMNS])

    def as_it_stood(self, appointment_id: uuid.UUID) -> Expected:
        """Return the version that the caller has read, else the one that stands before anybody is waited for.

        Asked before the transaction, it has a move that waited for another one refused as stale.
        """
        if self.expected.version is not None:
            return self.expected
        return Expected(queries.version_of(reading(), appointment_id))

    def many(self, page: Page) -> Response:
        """Answer one page of appointments."""
        return answers.listed(page, self.each(page.rows))

    def each(self, rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
        """Return appointments as the caller sees them; the audit row says whose, where they are of one patient."""
        shown = [(_show_all if row[-1] else _show_card)(row) for row in rows]
        trail = trails.current()
        trail.listed(one["id"] for one in shown)
        trail.shown_of({row[_PATIENT] for row in rows}, {row[_PATIENT] for row in rows if row[-2]})
        return shown
