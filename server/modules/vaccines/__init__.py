"""Immunisations: what was given, whether it counts, and what is due next."""

from flask import Flask

from server.core import idempotency
from server.modules.patients import signals as of_patients
from server.modules.patients.queries.reach import entry_scope
from server.modules.vaccines import cli, models as _tables, policies  # noqa: F401 - tables are known
from server.modules.vaccines.models import Immunization
from server.modules.vaccines.queries import shown
from server.modules.vaccines.service import validity


def init_module(app: Flask) -> None:
    """Grant the permissions of this module."""
    app.extensions["grid"].add(policies.GRANTS)
    policies.install()
    shown.install()
    cli.add_commands(app)
    idempotency.check_scope_with("immunization", entry_scope(Immunization, policies.Perm.READ))
    of_patients.merged.connect(validity.on_merged)
    of_patients.unmerged.connect(validity.on_merged)
    of_patients.corrected.connect(validity.on_corrected)
