"""Vital signs: measured, converted, judged against reference ranges, amended and never overwritten."""

from flask import Flask

from server.core import idempotency
from server.modules.patients.queries.reach import entry_scope
from server.modules.vitals import consultation, models as _tables, policies  # noqa: F401 - tables are known
from server.modules.vitals.models import VitalSet
from server.modules.vitals.queries import shown


def init_module(app: Flask) -> None:
    """Grant the permissions of this module."""
    app.extensions["grid"].add(policies.GRANTS)
    policies.install()
    shown.install()
    consultation.install()
    idempotency.check_scope_with("vital_set", entry_scope(VitalSet, policies.Perm.READ))
