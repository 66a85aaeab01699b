"""The card of a patient with their allergies: what the pharmacy sees of a chart beside the prescription."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, exists, select

from server.core.people import full_name
from server.modules.patients.enums import AllergyStatus
from server.modules.patients.models import Allergy, AllergyStatement, Patient


def cards_of(connection: Connection, patient_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, dict[str, Any]]:
    """Return the cards of patients by their ids, in two statements.

    Without allergies and without `no_known_allergies`, nobody has asked yet.
    """
    if not patient_ids:
        return {}
    stated = exists().where(AllergyStatement.patient_id == Patient.id, AllergyStatement.withdrawn_at.is_(None))
    stmt = select(
        *(Patient.id, Patient.mrn, Patient.first_name, Patient.last_name, Patient.date_of_birth, Patient.sex),
        *(Patient.phone, stated.label("no_known_allergies")),
    ).where(Patient.id.in_(patient_ids))
    cards: dict[uuid.UUID, dict[str, Any]] = {
        row.id: {
            "id": row.id,
            "name": full_name(row.first_name, row.last_name),
            "mrn": row.mrn,
            "date_of_birth": row.date_of_birth,
            "sex": row.sex,
            "phone": row.phone,
            "allergies": [],
            "no_known_allergies": bool(row.no_known_allergies),
        }
        for row in connection.execute(stmt)
    }
    known = select(
        *(Allergy.id, Allergy.patient_id, Allergy.substance, Allergy.allergy_class, Allergy.reaction, Allergy.severity)
    ).where(Allergy.patient_id.in_(patient_ids), Allergy.status == AllergyStatus.ACTIVE)
    for row in connection.execute(known.order_by(Allergy.id)):
        allergy = {"id": row.id, "substance": row.substance, "class": row.allergy_class}
        cards[row.patient_id]["allergies"].append({**allergy, "reaction": row.reaction, "severity": row.severity})
    return cards
