"""Mark as missed what nobody attended to."""

from __future__ import annotations

import uuid
from datetime import timedelta
from functools import partial

from server.core import clock, state
from server.core.attempts import attempt
from server.core.uow import command
from server.modules.appointments.enums import Status
from server.modules.appointments.queries.due import pages_of_unattended
from server.modules.appointments.service.flow import change_status

WAITING = (Status.SCHEDULED, Status.CONFIRMED)


def mark_missed() -> int:
    """Make no-shows of the appointments that ended hours ago and were never begun; one that fails stops no other."""
    hours = state.settings().no_show_sweep_hours
    if not hours:
        return 0
    marked = 0
    for page in pages_of_unattended(ended_before=clock.now() - timedelta(hours=hours), statuses=WAITING):
        for row in page:
            _, error = attempt(partial(_mark, row.id))
            marked += error is None
    return marked


def _mark(appointment_id: uuid.UUID) -> None:
    with command("appointments.no_show", "appointment"):
        change_status(actor=None, appointment_id=appointment_id, to=Status.NO_SHOW)
