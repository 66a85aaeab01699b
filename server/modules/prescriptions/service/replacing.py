"""Put another prescription in the place of one: its next version, or the same again."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import exists, select

from server.core import clock
from server.core.access import Actor
from server.core.columns import Expected
from server.core.db import db
from server.core.errors import InvalidTransition, refused
from server.core.ids import new_id
from server.modules.prescriptions.enums import PrescriptionStatus, Source
from server.modules.prescriptions.models import Prescription
from server.modules.prescriptions.service import items, prescriber, writing
from server.modules.prescriptions.service.ending import end
from server.modules.prescriptions.service.reaching import held, is_open, pass_into, require_living, standing
from server.modules.prescriptions.service.refusals import NotFillable, PrescriptionFilled

_RENEWABLE = (
    PrescriptionStatus.ACTIVE,
    PrescriptionStatus.PARTIALLY_FILLED,
    PrescriptionStatus.FILLED,
    PrescriptionStatus.STOPPED,
    PrescriptionStatus.EXPIRED,
)


def revise(
    *, actor: Actor, patient_id: uuid.UUID, prescription_id: uuid.UUID, expected: Expected, **said: Any
) -> Prescription:
    """Write the next version of what is active, checked anew; the one before is stopped and says by what.

    What is not said stays as it is. The new one begins today, with nothing handed out on it.
    """
    former = _former(patient_id, prescription_id, said)
    prescriber.require_finishing(actor, former.source)
    if former.status == PrescriptionStatus.FILLED:
        raise PrescriptionFilled
    if not is_open(former):
        raise InvalidTransition(f"A prescription that is {standing(former)} cannot be revised.")
    former.require(expected)
    rows = items.rows_of(said, items.rows_in(former.id))
    new = _beside(former, actor=actor, said=said)
    new.replaces_id, new.revision = former.id, former.revision + 1
    end(former, PrescriptionStatus.STOPPED, actor=actor, reason=said.get("reason") or "Revised")
    _add(new, former, actor=actor, rows=rows, said=said, status=PrescriptionStatus.ACTIVE)
    return new


def renew(*, actor: Actor, patient_id: uuid.UUID, prescription_id: uuid.UUID, **said: Any) -> Prescription:
    """Prescribe the same again, checked anew; what is still open of the one before ends, so that none is had twice."""
    former = _former(patient_id, prescription_id, said)
    status = prescriber.status_of(actor, former.source, said.get("status"))
    is_replaced = db.session.scalar(select(exists().where(Prescription.replaces_id == former.id)))
    if former.status not in _RENEWABLE or is_replaced:
        how = "replaced by a later version" if is_replaced else standing(former)
        raise InvalidTransition(f"A prescription that is {how} cannot be renewed.")
    new = _beside(former, actor=actor, said=said)
    new.renews_id = former.id
    if is_open(former) and status == PrescriptionStatus.ACTIVE:
        end(former, PrescriptionStatus.STOPPED, actor=actor, reason="Renewed")
    _add(new, former, actor=actor, rows=items.rows_in(former.id), said=said, status=status)
    return new


def _former(patient_id: uuid.UUID, prescription_id: uuid.UUID, said: dict[str, Any]) -> Prescription:
    """Return the prescription that another comes after, held, of a living patient."""
    require_living(patient_id)
    pass_into(said.get("visit_id"), patient_id=patient_id)
    former = held(prescription_id, patient_id=patient_id)
    if former.source == Source.EXTERNAL and said.get("visit_id") is not None:
        raise refused("visit_id", why="A prescription from outside is of no visit.")
    return former


def _beside(former: Prescription, *, actor: Actor, said: dict[str, Any]) -> Prescription:
    """Return the prescription that stands in the place of another: whoever came from outside prescribes it still."""
    new = Prescription(
        id=new_id(),
        patient_id=former.patient_id,
        visit_id=said.get("visit_id"),
        source=Source.EXTERNAL if former.source == Source.EXTERNAL else Source.INTERNAL,
        date_prescribed=clock.today(),
        expires_on=said.get("expires_on"),
        notes=said.get("notes", former.notes),
    )
    if former.source == Source.EXTERNAL:
        who = prescriber.Prescriber(
            name=former.prescriber_name, license_number=former.prescriber_license, phone=former.prescriber_phone
        )
    else:
        who = prescriber.oneself(actor)
    prescriber.set_prescriber(new, who)
    return new


def _add(
    new: Prescription, former: Prescription, *, actor: Actor, rows: items.Rows, said: dict[str, Any], status: str
) -> None:
    if any(row["quantity"] is None for row in rows):
        raise NotFillable
    writing.add(new, actor=actor, status=status, rows=rows, said=said, leaving_out=former.id)
