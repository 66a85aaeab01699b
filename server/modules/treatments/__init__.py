"""Treatments: planned, done, and then taken from stock and charged in one step."""

from flask import Flask

from server.core import idempotency
from server.modules.patients.queries.reach import entry_scope
from server.modules.treatments import consultation, models as _tables, policies  # noqa: F401 - tables are known
from server.modules.treatments.models import Treatment
from server.modules.treatments.queries import recalled, shown


def init_module(app: Flask) -> None:
    """Grant the permissions, show completed treatments in the timeline, and what they used in recalls."""
    app.extensions["grid"].add(policies.GRANTS)
    policies.install()
    shown.install()
    recalled.install()
    consultation.install()
    idempotency.check_scope_with("treatment", entry_scope(Treatment, policies.Perm.READ))
