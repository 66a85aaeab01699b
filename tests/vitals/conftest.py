"""Who and what the tests of vital signs begin with."""

import uuid
from dataclasses import dataclass

import pytest

from tests.factories.calendar import DoctorFacts, signed_in_doctor
from tests.factories.charts import NEW_YEAR, make_visit
from tests.factories.people import PatientFacts, SignedIn, make_patient, relate, signed_in


@dataclass(frozen=True)
class Ward:
    """A patient at a visit that is open since New Year, the visit's doctor and a nurse."""

    patient: PatientFacts
    visit_id: uuid.UUID
    doctor: SignedIn
    profile: DoctorFacts
    nurse: SignedIn


@pytest.fixture
def ward(app):
    """Give a patient at an open visit with those who care for them."""
    patient, nurse = make_patient(app), signed_in(app, "nurse")
    doctor, profile = signed_in_doctor(app)
    for someone in (doctor, nurse):
        relate(app, patient.id, someone.user.id)
    visit_id = make_visit(app, patient.id, profile.id, started_at=NEW_YEAR)
    return Ward(patient, visit_id, doctor, profile, nurse)
