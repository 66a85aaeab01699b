"""Tables of the patients module."""

from server.modules.patients.models.care import CareRelation
from server.modules.patients.models.chart import Allergy, AllergyStatement, Condition, MedicalHistory
from server.modules.patients.models.patient import Patient

__all__ = ["Allergy", "AllergyStatement", "CareRelation", "Condition", "MedicalHistory", "Patient"]
