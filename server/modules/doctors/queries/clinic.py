"""Read specialties, the clinic and its holidays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from server.core import state
from server.core.listing import ListSpec, Page, fetch_page
from server.core.search import containing_words
from server.modules.doctors.models import Clinic, Holiday, Specialty

SPECIALTIES = ListSpec(sorts={"name": Specialty.name_key}, tie=Specialty.id, default="name")
HOLIDAYS = ListSpec(sorts={"date": Holiday.held_on}, tie=Holiday.id, default="date")


def page_of_specialties(connection: Connection, columns: Sequence[str], query: Mapping[str, Any]) -> Page:
    """Return one page of specialties."""
    stmt = select(*(Specialty.__table__.c[name] for name in columns))
    if "q" in query:
        stmt = stmt.where(containing_words(Specialty.name_key, query["q"]))
    return fetch_page(connection, stmt, SPECIALTIES, query)


def page_of_holidays(connection: Connection, columns: Sequence[str], query: Mapping[str, Any]) -> Page:
    """Return one page of holidays, by their dates."""
    stmt = select(*(Holiday.__table__.c[name] for name in columns))
    if "from" in query:
        stmt = stmt.where(Holiday.held_on >= query["from"])
    if "to" in query:
        stmt = stmt.where(Holiday.held_on <= query["to"])
    return fetch_page(connection, stmt, HOLIDAYS, query)


def clinic_name(connection: Connection) -> str:
    """Return what the clinic is called: as its admin says, else as the settings do."""
    return connection.scalar(select(Clinic.name)) or state.settings().clinic_name


def clinic_phone(connection: Connection) -> str | None:
    """Return the number under which the clinic is called, where its admin gave one."""
    return connection.scalar(select(Clinic.phone))


def how_to_reach(connection: Connection) -> str:
    """Return what somebody does who wants to speak with the clinic: "call the clinic", by what its admin gave."""
    phone, email = connection.execute(select(Clinic.phone, Clinic.email)).one()
    call = f"call the clinic at {phone}" if phone else "call the clinic"
    return f"{call} or write to {email}" if email else call


def clinic_row(connection: Connection, columns: Sequence[str]) -> Row[Any]:
    """Return what the clinic says of itself."""
    return connection.execute(select(*(Clinic.__table__.c[name] for name in columns))).one()
