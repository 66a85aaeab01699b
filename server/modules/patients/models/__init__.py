"""Tables of the patients module."""

from server.modules.patients.models.access import BrokenGlass, Contact, Proxy
from server.modules.patients.models.care import CareRelation
from server.modules.patients.models.chart import Allergy, AllergyStatement, Condition, MedicalHistory
from server.modules.patients.models.patient import Patient

__all__ = [
    "Allergy",
    "AllergyStatement",
    "BrokenGlass",
    "CareRelation",
    "Condition",
    "Contact",
    "MedicalHistory",
    "Patient",
    "Proxy",
]
