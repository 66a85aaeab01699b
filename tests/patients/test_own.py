"""One's own chart: what patients change of themselves, and what staff may not do to their own."""

import pytest

from tests.factories.people import make_patient, make_user, relate, signed_in
from tests.patients.support import path, refused

ALLERGY = {"substance": "Latex", "severity": "mild"}
CONDITION = {"display": "Asthma", "code": "J45.909"}


@pytest.fixture
def somebody(app):
    """Give a client signed in as a patient."""
    return signed_in(app, "patient")


@pytest.fixture
def own(app, somebody):
    """Give their own patient."""
    return make_patient(app, user_id=somebody.user.id)


@pytest.mark.parametrize(
    "change",
    [
        {"phone": "+16175550123"},
        {"email": "new@example.com"},
        {"address": {"city": "Boston"}},
        {"language": "fr"},
        {"preferred_name": "Jo"},
    ],
)
def test_patients_change_contact_language_and_preferred_name(somebody, own, change):
    answer = somebody.patch(path(own), json=change)
    assert answer.status_code == 200, answer.text
    (name,) = change
    shown = answer.json["data"][name]
    assert shown == change[name] or shown["city"] == "Boston"


@pytest.mark.parametrize(
    "change",
    [
        {"first_name": "Other"},
        {"last_name": "Other"},
        {"middle_name": "Other"},
        {"date_of_birth": "1999-01-01"},
        {"sex": "male"},
        {"notes": "x"},
        {"occupation": "x"},
        {"marital_status": "single"},
        {"gender_identity": "x"},
        {"prefix": "Sir"},
        {"maiden_name": "x"},
        {"phone": "+16175550123", "last_name": "Other"},
    ],
)
def test_the_rest_is_changed_by_staff(somebody, own, change):
    before = somebody.get(path(own)).json["data"]
    answer = somebody.patch(path(own), json=change)
    refused(answer, 403, "field_not_allowed", *(set(change) - {"phone"}))
    assert somebody.get(path(own)).json["data"] == before


def test_get_edit_put_works_for_patients_too(somebody, own):
    shown = somebody.get(path(own)).json["data"]
    answer = somebody.put(path(own), json={**shown, "language": "fr"})
    assert answer.status_code == 200
    shown = answer.json["data"]
    refused(somebody.put(path(own), json={**shown, "first_name": "Other"}), 403, "field_not_allowed", "first_name")


def test_patients_read_their_chart_and_write_none_of_it(app, somebody, own):
    for below in ("allergies", "conditions", "medical-history", "care-team"):
        assert somebody.get(path(own, below)).status_code == 200
    refused(somebody.post(path(own, "allergies"), json=ALLERGY), 403, "forbidden")
    refused(somebody.post(path(own, "conditions"), json=CONDITION), 403, "forbidden")
    refused(somebody.patch(path(own, "medical-history"), json={"version": 1}), 403, "forbidden")
    refused(somebody.delete(path(own)), 403, "forbidden")
    refused(somebody.post(path(own, "care-team"), json={"user_id": str(somebody.user.id)}), 403, "forbidden")


@pytest.mark.parametrize("roles", [("doctor",), ("nurse",), ("doctor", "patient")])
def test_clinical_verbs_on_ones_own_chart_are_refused(app, roles):
    doctor = signed_in(app, user=make_user(app, *roles))
    own = make_patient(app, user_id=doctor.user.id)
    relate(app, own.id, doctor.user.id)
    refused(doctor.post(path(own, "allergies"), json=ALLERGY), 403, "own_record")
    refused(doctor.put(path(own, "allergies", "none-known"), json={}), 403, "own_record")
    refused(doctor.post(path(own, "conditions"), json=CONDITION), 403, "own_record")
    refused(doctor.patch(path(own, "medical-history"), json={"blood_type": "A+", "version": 1}), 403, "own_record")


def test_staff_cannot_void_what_stands_in_their_own_chart(app):
    doctor = signed_in(app, "doctor")
    patient = make_patient(app)
    relate(app, patient.id, doctor.user.id)
    entry = doctor.post(path(patient, "allergies"), json=ALLERGY).json["data"]
    from server.core.db import db
    from server.core.uow import command
    from server.modules.patients.models import Patient

    with app.app_context(), command("tests.become_somebody", "patient"):
        db.session.get_one(Patient, patient.id).user_id = doctor.user.id
    answer = doctor.delete(path(patient, "allergies", entry["id"]) + "?reason=mine", headers={"If-Match": '"1"'})
    refused(answer, 403, "own_record")


def test_staff_do_not_change_their_own_demographics_as_staff(app):
    doctor = signed_in(app, "doctor")
    own = make_patient(app, user_id=doctor.user.id)
    relate(app, own.id, doctor.user.id)
    refused(doctor.patch(path(own), json={"last_name": "Other"}), 403, "own_record")


@pytest.mark.parametrize("value", [True, False])
def test_whether_somebody_is_alike_is_not_told_to_the_patient(app, somebody, own, value):
    make_patient(app)
    asked = {"possible_duplicate": str(value).lower()}
    for path_, query_string in (("/patients", asked), ("/patients/search", {**asked, "q": own.last_name})):
        answer = somebody.get(path_, query_string=query_string)
        assert (answer.status_code, answer.json["data"]) == (200, []), "neither value finds anybody"
    refused(somebody.patch(path(own), json={"possible_duplicate": value}), 403, "field_not_allowed")
    refused(somebody.patch("/patients/me", json={"possible_duplicate": value}), 403, "field_not_allowed")


@pytest.mark.parametrize("role", ["doctor", "cashier"])
def test_nor_to_staff_who_do_not_see_it(app, role):
    someone, patient = signed_in(app, role), make_patient(app)
    relate(app, patient.id, someone.user.id)
    assert [someone.get(f"/patients?possible_duplicate={value}").json["data"] for value in ("true", "false")] == [
        [],
        [],
    ]


def test_pharmacy_staff_see_their_own_allergies_as_patients_only(app):
    pharmacist = signed_in(app, "pharmacist")
    own, other = make_patient(app, user_id=pharmacist.user.id), make_patient(app)
    refused(pharmacist.get(path(own, "allergies")), 403, "own_record")
    assert "allergies" not in pharmacist.get(path(own)).json["data"]
    for path_ in ("/patients", "/patients/search?q=family"):
        shown = {one["id"]: one for one in pharmacist.get(path_).json["data"]}
        assert "allergies" not in shown[str(own.id)]
        assert shown[str(other.id)]["allergies"] == []
    patient_too = signed_in(app, "pharmacist", "patient")
    theirs = make_patient(app, user_id=patient_too.user.id)
    assert patient_too.get(path(theirs)).json["data"]["allergies"] == []
