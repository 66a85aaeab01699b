"""The day's board."""

from __future__ import annotations

from typing import Any

from flask import Response

from server.core import trail as trails
from server.core.declare import declares
from server.core.dump import row_dumper
from server.core.refs import person_ref
from server.core.resource import Resource
from server.modules.appointments.policies import Perm
from server.modules.appointments.queries import board as queries
from server.modules.appointments.resources.routing import api
from server.modules.appointments.schemas.board import BoardEntry, BoardOut, BoardQuery

_dump = row_dumper(BoardEntry, (*queries.COLUMNS, "doctor_id"))


class AppointmentQueue(Resource):
    """Today, for whoever runs the waiting room."""

    @declares(
        Perm.QUEUE,
        action="appointments.queue",
        object_type="appointment",
        query=BoardQuery,
        out=BoardOut,
        many=True,
    )
    def get(self) -> Response:
        """Show each doctor's day: who waits and how long, who is in the room, who is done, who is expected."""
        boards = queries.boards(self.connection, self.query.get("doctor_id"))
        response = self.items([_shown(board) for board in boards])
        trails.current().listed(row.id for board in boards for part in board.parts.values() for row in part)
        return response


def _shown(board: queries.Board) -> dict[str, Any]:
    doctor = board.doctor
    return {
        "doctor": person_ref(doctor.id, doctor.first_name, doctor.last_name),
        "date": board.day,
        **{name: [_dump(row) for row in rows] for name, rows in board.parts.items()},
    }


api.add_resource(AppointmentQueue, "/appointments/queue")
