"""Read a chart as a whole: its timeline and its summary, of what the rooms registered."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Connection,
    Integer,
    Select,
    String,
    Uuid,
    bindparam,
    func,
    literal,
    select,
    true,
    tuple_,
    union_all,
)

from server.core.direct import fetch
from server.core.listing import COUNT_CAP, Page, decode, filters_of, page_of, place_of
from server.modules.chart.models import PatientMerge
from server.modules.patients.models import Patient
from server.modules.patients.shown import add_events, event, sections, sources

EVENT_COLUMNS = ("id", "at", "kind", "object_type", "object_id", "title", "doctor_id", "doctor_name")
_LATEST_FIRST = "-at"


def install() -> None:
    """Show the merges themselves in the timeline."""
    add_events("merged", lambda patient_id: _merges(patient_id, "merged", PatientMerge.merged_at))
    add_events(
        "unmerged",
        lambda patient_id: _merges(patient_id, "unmerged", PatientMerge.undone_at).where(
            PatientMerge.undone_at.is_not(None)
        ),
    )


def _merges(patient_id: uuid.UUID, kind: str, at: Any) -> Select[Any]:
    return (
        event(at=at, kind=kind, object_type="patient_merge", object_id=PatientMerge.id, title=Patient.mrn)
        .join(Patient, Patient.id == PatientMerge.duplicate_id)
        .where(PatientMerge.survivor_id == patient_id)
    )


def page_of_events(
    connection: Connection, patient_id: uuid.UUID, query: Mapping[str, Any], *, as_patient: bool
) -> Page:
    """Return one page of a patient's timeline, newest first: one statement, whatever the rooms are."""
    number, size, skipped = place_of(query)
    sort, cursor = query.get("sort") or _LATEST_FIRST, query.get("cursor")
    signature = f"{sort};{filters_of(query)}"
    names = tuple(sources(as_patient=as_patient))
    stmt, keys = _make_page(names, is_descending=sort == _LATEST_FIRST, is_after=bool(cursor))
    asked = {"patient_id": patient_id, "page_rows": size + 1, "page_skipped": skipped, "page_drawn": skipped + size + 1}
    if cursor:
        asked["after_at"], asked["after_id"] = decode(cursor, signature, keys)
    return page_of(fetch(connection, stmt, asked), EVENT_COLUMNS, signature, number, size)


@lru_cache(maxsize=32)
def _make_page(
    names: tuple[str, ...], *, is_descending: bool, is_after: bool
) -> tuple[Select[Any], list[tuple[Any, bool]]]:
    """Return the statement of a page, and the keys by which it is ordered.

    Each room looks for no more of its events than the page can show, by its index on patient and time.
    """
    # A parameter, so that the statement is kept.
    patient_id: Any = bindparam("patient_id", type_=Uuid())
    registered = sources(as_patient=False)
    whole = [registered[name](patient_id) for name in names]
    drawn = bindparam("page_drawn", type_=Integer())
    parts, counts = [], []
    for one in whole:
        keys = (one.selected_columns.at, one.selected_columns.id)
        first = one.order_by(*_directed(keys, is_descending=is_descending)).limit(drawn)
        if is_after:
            last = tuple_(bindparam("after_at", type_=keys[0].type), bindparam("after_id", type_=String()))
            first = first.where(tuple_(*keys) < last if is_descending else tuple_(*keys) > last)
        parts.append(select(first.subquery()))
        counts.append(one.with_only_columns(literal(1).label("one"), maintain_column_froms=True))
    found = union_all(*parts).subquery("found")
    counted = (
        select(func.count().label("total")).select_from(union_all(*counts).limit(COUNT_CAP + 1).subquery()).subquery()
    )
    keyed = select(*(found.c[name] for name in EVENT_COLUMNS), found.c.at.label("_key0"), found.c.id.label("_key1"))
    keyed = keyed.order_by(*_directed((found.c.at, found.c.id), is_descending=is_descending))
    page = keyed.limit(bindparam("page_rows", type_=Integer())).offset(bindparam("page_skipped", type_=Integer()))
    shown = page.subquery("page")
    both = select(counted.c.total, shown.c.id.label("_there"), *shown.c)
    both = both.select_from(counted.outerjoin(shown, true()))
    order = [(found.c.at, is_descending), (found.c.id, is_descending)]
    return both.order_by(*_directed((shown.c["_key0"], shown.c["_key1"]), is_descending=is_descending)), order


def _directed(keys: Iterable[Any], *, is_descending: bool) -> list[Any]:
    return [key.desc() if is_descending else key.asc() for key in keys]


def summary_of(connection: Connection, patient_id: uuid.UUID, *, as_patient: bool) -> dict[str, Any]:
    """Return each room's section of the summary; rooms that are not there have none."""
    return {name: section(connection, patient_id) for name, section in sections(as_patient=as_patient).items()}
