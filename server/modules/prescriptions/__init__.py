"""Prescriptions: prescribed, checked for safety, changed by new versions, verified on paper."""

from flask import Flask

from server.core import idempotency
from server.core.jobs import HOURLY, add_job
from server.modules.patients import signals as of_patients
from server.modules.patients.queries.reach import entry_scope
from server.modules.prescriptions import consultation, models as _tables, policies  # noqa: F401 - tables are known
from server.modules.prescriptions.models import Prescription
from server.modules.prescriptions.queries import shown
from server.modules.prescriptions.service import ending, expiring


def init_module(app: Flask) -> None:
    """Grant the permissions of this module, and have what is past its last day marked so."""
    app.extensions["grid"].add(policies.GRANTS)
    policies.install()
    shown.install()
    consultation.install()
    of_patients.stopped.connect(ending.on_patient_stopped)
    idempotency.check_scope_with("prescription", entry_scope(Prescription, policies.Perm.READ))
    add_job(app, "prescriptions expired", expiring.expire, every=HOURLY)
