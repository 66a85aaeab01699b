"""Read the register of controlled drugs."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, Select, select
from sqlalchemy.orm import aliased

from server.core.clock import begin_of, end_of
from server.core.dump import columns_of
from server.core.errors import NotFound
from server.core.listing import ListSpec, Page, fetch_page
from server.modules.medications.models import Medication
from server.modules.pharmacy.models import ControlledEntry
from server.modules.pharmacy.schemas.register import EntryOut
from server.modules.users.models import User

COLUMNS = tuple(columns_of(EntryOut))

_Witness = aliased(User)
_table = ControlledEntry.__table__
_JOINED: Mapping[str, Any] = {
    "medication_name": Medication.name.label("medication_name"),
    "user_first_name": User.first_name.label("user_first_name"),
    "user_last_name": User.last_name.label("user_last_name"),
    "witness_first_name": _Witness.first_name.label("witness_first_name"),
    "witness_last_name": _Witness.last_name.label("witness_last_name"),
}

# The lines of one drug are in the order of their numbers, which is that of their balances.
OF_ALL = ListSpec(sorts={"at": ControlledEntry.id}, tie=ControlledEntry.id, default="-at")
OF_DRUG = ListSpec(sorts={"at": ControlledEntry.number}, tie=ControlledEntry.id, default="-at")


def page_of_entries(connection: Connection, query: Mapping[str, Any]) -> Page:
    """Return one page of the register; of a medication, the lines of its drug and strength, whoever makes it."""
    stmt = _rows()
    if "from" in query:
        stmt = stmt.where(ControlledEntry.at >= begin_of(query["from"]))
    if "to" in query:
        stmt = stmt.where(ControlledEntry.at < end_of(query["to"]))
    if "medication_id" not in query:
        return fetch_page(connection, stmt, OF_ALL, query)
    key = select(Medication.drug_key).where(Medication.id == query["medication_id"]).scalar_subquery()
    return fetch_page(connection, stmt.where(ControlledEntry.drug_key == key), OF_DRUG, query)


def entry_row(connection: Connection, entry_id: uuid.UUID) -> Row[Any]:
    """Return one line, or raise `NotFound`."""
    found = connection.execute(_rows().where(ControlledEntry.id == entry_id)).first()
    if found is None:
        raise NotFound
    return found


def _rows() -> Select[Any]:
    return (
        select(*(_JOINED[name] if name in _JOINED else _table.c[name] for name in COLUMNS))
        .select_from(ControlledEntry)
        .join(Medication, Medication.id == ControlledEntry.medication_id)
        .outerjoin(User, User.id == ControlledEntry.user_id)
        .outerjoin(_Witness, _Witness.id == ControlledEntry.witness_id)
    )
