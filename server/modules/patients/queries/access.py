"""Read contacts, wards, and who opened a chart."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, String, cast, or_, select

from server.core.access import Actor
from server.core.errors import NotFound
from server.core.listing import ListSpec, Page, fetch_page
from server.core.people import full_name
from server.modules.audit.models import AuditLog
from server.modules.patients.enums import scopes_of
from server.modules.patients.models import BrokenGlass, Contact, Patient, Proxy
from server.modules.patients.policies import is_live_proxy
from server.modules.patients.queries.people import present_page
from server.modules.users.models import User

_CONTACTS = ListSpec(sorts={"created_at": Contact.id}, tie=Contact.id, default="created_at")
_MAY = (Proxy.may_view, Proxy.may_book, Proxy.may_message, Proxy.may_pay)
_OF_PROXY: Mapping[str, Any] = {
    "proxy_id": Proxy.id.label("proxy_id"),
    **{column.key: column for column in _MAY},
    "proxy_expires_at": Proxy.expires_at.label("proxy_expires_at"),
    "proxy_revoked_at": Proxy.revoked_at.label("proxy_revoked_at"),
}


def _contacts(columns: Sequence[str], patient_id: uuid.UUID) -> Select[Any]:
    table = Contact.__table__
    return (
        select(*(_OF_PROXY[name] if name in _OF_PROXY else table.c[name] for name in columns))
        .select_from(Contact)
        .outerjoin(Proxy, Proxy.contact_id == Contact.id)
        .where(Contact.patient_id == patient_id)
    )


def page_of_contacts(
    connection: Connection, columns: Sequence[str], patient_id: uuid.UUID, query: Mapping[str, Any]
) -> Page:
    """Return one page of a patient's contacts, ended ones left out."""
    stmt = _contacts(columns, patient_id).where(Contact.ended_at.is_(None))
    return present_page(connection, patient_id, fetch_page(connection, stmt, _CONTACTS, query))


def contact_row(
    connection: Connection, columns: Sequence[str], patient_id: uuid.UUID, contact_id: uuid.UUID
) -> Row[Any]:
    """Return one contact of a patient, an ended one included, or raise `NotFound`."""
    found = connection.execute(_contacts(columns, patient_id).where(Contact.id == contact_id)).first()
    if found is None:
        raise NotFound
    return found


def wards(connection: Connection, actor: Actor) -> dict[str, Any]:
    """Return for whom the actor may act, and how, for `/auth/me`; several proxies for one patient are joined."""
    stmt = (
        select(Patient.id, Patient.first_name, Patient.last_name, *_MAY)
        .join(Proxy, Proxy.patient_id == Patient.id)
        .where(Proxy.user_id == actor.user_id, is_live_proxy())
        .order_by(Patient.id)
    )
    found: dict[uuid.UUID, tuple[str, list[bool]]] = {}
    for patient_id, first, last, *may in connection.execute(stmt):
        _, before = found.get(patient_id, ("", [False] * len(may)))
        found[patient_id] = full_name(first, last), [a or b for a, b in zip(before, may, strict=True)]
    shown = [
        {"patient_id": patient_id, "name": name, "scopes": scopes_of(*may)} for patient_id, (name, may) in found.items()
    ]
    return {"wards": shown}


# An invitation writes an address too: that of the account it makes.
_WRITING = ("patients.register", "patients.update")
_WRITTEN: tuple[Any, ...] = (AuditLog.actor_id, AuditLog.at, AuditLog.action)


def last_writer_of_email(connection: Connection, patient_id: uuid.UUID) -> Row[Any] | None:
    """Return who wrote a patient's e-mail address last (`actor_id`), when (`at`) and by which `action`."""
    stmt = (
        select(*_WRITTEN)
        .where(
            AuditLog.patient_id == patient_id,
            AuditLog.action.in_(_WRITING),
            AuditLog.outcome == "success",
            cast(AuditLog.changed, String).contains('"email"'),
        )
        .order_by(AuditLog.id.desc())
        .limit(1)
    )
    return connection.execute(stmt).first()


# Ids are UUIDv7, so ordering by id is ordering by time.
_ACCESS = ListSpec(sorts={"at": AuditLog.id}, tie=AuditLog.id, default="-at")
_ACCESS_COLUMNS: tuple[Any, ...] = (
    *(AuditLog.id, AuditLog.at, AuditLog.actor_id, AuditLog.actor_roles, User.first_name, User.last_name),
    *(AuditLog.action, AuditLog.route, AuditLog.on_behalf_of, BrokenGlass.reason),
)


def page_of_access(connection: Connection, patient_id: uuid.UUID, query: Mapping[str, Any]) -> Page:
    """Return one page of who opened a patient's chart or changed something in it, newest first.

    Tries that were refused showed nothing, and commands show nobody anything: both stand in the audit log alone.
    `from` is inclusive, `to` is exclusive. What was done to a chart before a merge is told with the survivor's.
    """
    charts = select(Patient.id).where(or_(Patient.id == patient_id, Patient.merged_into_id == patient_id))
    stmt: Select[Any] = (
        select(*_ACCESS_COLUMNS)
        .join(User, User.id == AuditLog.actor_id)
        .outerjoin(BrokenGlass, BrokenGlass.id == AuditLog.break_glass_id)
        .where(AuditLog.patient_id.in_(charts), AuditLog.outcome == "success")
    )
    if "from" in query:
        stmt = stmt.where(AuditLog.at >= query["from"])
    if "to" in query:
        stmt = stmt.where(AuditLog.at < query["to"])
    for name, column in (("action", AuditLog.action), ("actor_id", AuditLog.actor_id)):
        if name in query:
            stmt = stmt.where(column == query[name])
    return fetch_page(connection, stmt, _ACCESS, query)
