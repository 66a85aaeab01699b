"""Write prescriptions: drafts that are changed at will, and what becomes of them when they are made active."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from server.core import clock, trail as trails
from server.core.access import Actor
from server.core.columns import Expected
from server.core.counters import next_number
from server.core.db import db
from server.core.errors import refused
from server.core.ids import new_id
from server.modules.patients.models import Patient
from server.modules.patients.service.authorship import require_answering
from server.modules.prescriptions.enums import PrescriptionStatus, Source, Stage
from server.modules.prescriptions.models import Prescription
from server.modules.prescriptions.policies import Perm
from server.modules.prescriptions.service import checks, items, prescriber, terms
from server.modules.prescriptions.service.reaching import held_draft, pass_into, require_living

_CODE_BYTES = 24
_COUNTER = "prescription"

Fields = Mapping[str, Any]


def prescribe(*, actor: Actor, patient_id: uuid.UUID, visit_id: uuid.UUID | None = None, **said: Any) -> Prescription:
    """Write a prescription for a living patient, and make it active unless it is to be a draft.

    A doctor prescribes in their own name; the pharmacy enters what somebody from outside has prescribed.
    """
    require_living(patient_id)
    source = prescriber.source_of(said)
    status = prescriber.status_of(actor, source, said.get("status"))
    if source == Source.EXTERNAL:
        if visit_id is not None:
            raise refused("visit_id", why="A prescription from outside is of no visit.")
        who = prescriber.from_outside(said)
    else:
        prescriber.require_nobody_else(said)
        who = prescriber.oneself(actor)
    pass_into(visit_id, patient_id=patient_id)
    prescription = Prescription(
        id=said.get("id") or new_id(),
        patient_id=patient_id,
        visit_id=visit_id,
        source=source,
        date_prescribed=said.get("date_prescribed") or clock.today(),
        expires_on=said.get("expires_on"),
        notes=said.get("notes"),
    )
    prescriber.set_prescriber(prescription, who)
    add(prescription, actor=actor, status=status, rows=items.rows_of(said), said=said)
    return prescription


def add(
    prescription: Prescription,
    *,
    actor: Actor,
    status: str,
    rows: items.Rows,
    said: Fields,
    leaving_out: uuid.UUID | None = None,
) -> None:
    """Store a new prescription with its items, active once the checks are answered for, or as a draft."""
    ordered = items.ordered_of(rows, items.paths_of(said, len(rows)))
    _require_terms(prescription, ordered)
    prescription.status = PrescriptionStatus.DRAFT
    prescription.recorded_by = actor.user_id
    findings: list[checks.Finding] = []
    if status == PrescriptionStatus.ACTIVE:
        findings = _make_active(prescription, rows, ordered, actor=actor, said=said, leaving_out=leaving_out)
    prescription.rx_number = numbered(next_number(db.session.connection(), _COUNTER))
    prescription.verify_code = secrets.token_urlsafe(_CODE_BYTES)
    db.session.add(prescription)
    db.session.flush()
    items.write(prescription.id, rows)
    _keep(prescription, findings, actor=actor, said=said)
    trails.current().about(prescription.id, patient_id=prescription.patient_id)


def numbered(number: int) -> str:
    """Return the number of a prescription as people read it."""
    return f"RX-{number:06d}"


def change(
    *,
    actor: Actor,
    patient_id: uuid.UUID,
    prescription_id: uuid.UUID,
    expected: Expected,
    **said: Any,
) -> Prescription:
    """Change a draft; what an active prescription says stays, and is revised."""
    prescription = held_draft(prescription_id, patient_id=patient_id)
    _require_author(actor, prescription)
    prescription.require(expected)
    # One change is one version, however many tables it looks into.
    with db.session.no_autoflush:
        _write(prescription, said)
    db.session.flush()
    return prescription


def _write(prescription: Prescription, said: Fields) -> None:
    if prescription.source == Source.EXTERNAL:
        if said.get("external_prescriber") or said.get("doctor_name"):
            prescriber.set_prescriber(prescription, prescriber.from_outside(said))
    else:
        prescriber.require_nobody_else(said)
    for name in ("date_prescribed", "expires_on", "notes"):
        if name in said:
            setattr(prescription, name, said[name])
    before = items.rows_in(prescription.id)
    rows = items.rows_of(said, before)
    _require_terms(prescription, items.ordered_of(rows, items.paths_of(said, len(rows))))
    if rows != before:
        items.write(prescription.id, rows)
        prescription.touch()
        trails.current().changed.add("items")


def activate(*, actor: Actor, patient_id: uuid.UUID, prescription_id: uuid.UUID, **said: Any) -> Prescription:
    """Make a draft active: a doctor their own, a pharmacist one that came from outside."""
    require_living(patient_id)
    prescription = held_draft(prescription_id, patient_id=patient_id)
    _require_author(actor, prescription)
    prescriber.require_finishing(actor, prescription.source)
    if prescription.source != Source.EXTERNAL:
        prescriber.set_prescriber(prescription, prescriber.oneself(actor))
    rows = items.rows_in(prescription.id)
    ordered = items.ordered_of(rows, items.paths_of({}, len(rows)))
    _require_terms(prescription, ordered)
    findings = _make_active(prescription, rows, ordered, actor=actor, said=said)
    db.session.flush()
    _keep(prescription, findings, actor=actor, said=said)
    return prescription


def _require_author(actor: Actor, prescription: Prescription) -> None:
    """Raise `NotFound` where another doctor has written this draft; the pharmacy works on each other's."""
    if prescription.source != Source.EXTERNAL:
        require_answering(actor=actor, permission=Perm.WRITE, author_id=prescription.recorded_by)


def _require_terms(prescription: Prescription, ordered: list[terms.Ordered]) -> None:
    terms.require_refills(ordered)
    schedules = [one.schedule for one in ordered]
    born_on = db.session.scalars(select(Patient.date_of_birth).where(Patient.id == prescription.patient_id)).one()
    terms.require_days(prescription.date_prescribed, prescription.expires_on, schedules, born_on=born_on)


def _make_active(
    prescription: Prescription,
    rows: items.Rows,
    ordered: list[terms.Ordered],
    *,
    actor: Actor,
    said: Fields,
    leaving_out: uuid.UUID | None = None,
) -> list[checks.Finding]:
    """Make a prescription active and return what the checks have found, which was answered for."""
    if prescription.expires_on is None:
        schedules = [one.schedule for one in ordered]
        prescription.expires_on = terms.last_day(prescription.date_prescribed, schedules)
    if prescription.expires_on < clock.today():
        raise refused("expires_on", why=f"It could be filled until {prescription.expires_on}.")
    with db.session.no_autoflush:
        findings = checks.run(
            patient_id=prescription.patient_id,
            asked=items.asked_of(rows),
            leaving_out=leaving_out or prescription.id,
        )
        checks.answer_for(
            findings,
            patient_id=prescription.patient_id,
            acknowledge=said.get("acknowledge", ()),
            override_reason=said.get("override_reason"),
            actor=actor,
        )
    prescription.status = PrescriptionStatus.ACTIVE
    prescription.activated_at, prescription.activated_by = clock.now(), actor.user_id
    return findings


def _keep(prescription: Prescription, findings: list[checks.Finding], *, actor: Actor, said: Fields) -> None:
    checks.keep(
        findings,
        prescription_id=prescription.id,
        stage=Stage.PRESCRIBE,
        actor=actor,
        acknowledge=said.get("acknowledge", ()),
        override_reason=said.get("override_reason"),
    )
