"""Records with all their versions, and documents; the patient sees what was released."""

from flask import Flask

from server.core import idempotency
from server.modules.files import signals as of_files
from server.modules.patients.queries.reach import entry_scope
from server.modules.records import models as _tables, policies  # noqa: F401 - tables are known
from server.modules.records.models import Document, MedicalRecord
from server.modules.records.queries import documents_shown, shown
from server.modules.records.service import documents


def init_module(app: Flask) -> None:
    """Grant the permissions of this module."""
    app.extensions["grid"].add(policies.GRANTS)
    policies.install()
    idempotency.check_scope_with("record", entry_scope(MedicalRecord, policies.Perm.READ))
    shown.install()
    idempotency.check_scope_with("document", entry_scope(Document, policies.Perm.DOCUMENTS_UPLOAD))
    documents_shown.install()
    of_files.infected.connect(documents.on_infected)
