"""Tables of the patients module."""

from server.modules.patients.models.care import CareRelation, RelationSource
from server.modules.patients.models.chart import (
    Allergy,
    AllergyStatement,
    AllergyStatus,
    Condition,
    ConditionStatus,
    MedicalHistory,
    Severity,
)
from server.modules.patients.models.patient import Patient, PatientStatus, Sex

__all__ = [
    "Allergy",
    "AllergyStatement",
    "AllergyStatus",
    "CareRelation",
    "Condition",
    "ConditionStatus",
    "MedicalHistory",
    "Patient",
    "PatientStatus",
    "RelationSource",
    "Severity",
    "Sex",
]
