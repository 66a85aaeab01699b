"""Procedures: ordered, performed once, charged."""

from flask import Flask

from server.core import idempotency
from server.modules.patients import signals as of_patients
from server.modules.patients.queries.reach import entry_scope
from server.modules.procedures import consultation, models as _tables, policies  # noqa: F401 - tables are known
from server.modules.procedures.models import Procedure
from server.modules.procedures.queries import shown
from server.modules.procedures.service import ordering


def init_module(app: Flask) -> None:
    """Grant the permissions of this module."""
    app.extensions["grid"].add(policies.GRANTS)
    policies.install()
    shown.install()
    consultation.install()
    of_patients.stopped.connect(ordering.on_patient_stopped)
    idempotency.check_scope_with("procedure", entry_scope(Procedure, policies.Perm.READ))
