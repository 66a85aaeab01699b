"""Visits: opened from an appointment or as a walk-in, written, signed and closed."""

from flask import Flask

from server.core import idempotency
from server.modules.appointments import signals as of_appointments
from server.modules.doctors import signals as of_doctors
from server.modules.patients import signals as of_patients
from server.modules.patients.policies import Perm as PatientPerm
from server.modules.patients.queries.reach import entry_scope
from server.modules.visits import consultation, models as _tables, policies  # noqa: F401 - tables are known
from server.modules.visits.models import Visit, VisitNote
from server.modules.visits.queries import notes_shown, shown
from server.modules.visits.service import closing, gate, relations


def init_module(app: Flask) -> None:
    """Grant the permissions of this module."""
    app.extensions["grid"].add(policies.GRANTS)
    policies.install()
    idempotency.check_scope_with("visit", entry_scope(Visit, policies.Perm.READ))
    idempotency.check_scope_with("note", entry_scope(VisitNote, PatientPerm.CHART_READ))
    shown.install()
    notes_shown.install()
    consultation.install()
    of_patients.writing_at_visit.connect(gate.judge)
    of_patients.stopped.connect(closing.on_patient_stopped)
    of_appointments.went_on.connect(closing.keep_completed_together)
    of_doctors.account_changed.connect(relations.follow_account)
