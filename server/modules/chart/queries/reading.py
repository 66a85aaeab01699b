"""Read a chart as a whole: its timeline and its summary, of what the rooms registered."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Select, select, union_all

from server.core.listing import ListSpec, Page, fetch_page
from server.modules.chart.models import PatientMerge
from server.modules.patients.models import Patient
from server.modules.patients.shown import add_events, event, sections, sources

EVENT_COLUMNS = ("id", "at", "kind", "object_type", "object_id", "title", "doctor_id", "doctor_name")


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


def page_of_events(connection: Connection, patient_id: uuid.UUID, query: Mapping[str, Any]) -> Page:
    """Return one page of a patient's timeline, newest first: one statement, whatever the rooms are."""
    events = union_all(*(source(patient_id) for source in sources().values())).subquery("events")
    spec = ListSpec(sorts={"at": events.c.at}, tie=events.c.id, default="-at")
    return fetch_page(connection, select(*(events.c[name] for name in EVENT_COLUMNS)), spec, query)


def summary_of(connection: Connection, patient_id: uuid.UUID) -> dict[str, Any]:
    """Return each room's section of the summary; rooms that are not there have none."""
    return {name: section(connection, patient_id) for name, section in sections().items()}
