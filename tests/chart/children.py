"""What can be recorded at a visit, in every room."""

import uuid
from typing import Any

from tests.vitals.support import measured


def new_children(patient_id: uuid.UUID, visit_id: str | uuid.UUID) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return, by the table that it fills, where and with which body something is added to a visit."""
    of_visit = {"visit_id": str(visit_id)}
    whose = {"patient_id": str(patient_id), **of_visit}
    dose = {"vaccine_code": "08", "administered_on": "2020-01-03", "source": "reported"}
    return {
        "visit_notes": (f"/visits/{visit_id}/notes", {"plan": "Rest"}),
        "vital_sets": (f"/visits/{visit_id}/vitals", {"measurements": measured(heart_rate=70)}),
        "treatments": ("/treatments", {**of_visit, "name": "Bandage", "cost": "1.00"}),
        "procedures": ("/procedures", {**whose, "name": "Lavage"}),
        "medical_records": ("/records", {**whose, "notes": "Well"}),
        "immunizations": ("/vaccines", {**whose, **dose}),
        "conditions": (f"/patients/{patient_id}/conditions", {**of_visit, "display": "Gout"}),
    }
