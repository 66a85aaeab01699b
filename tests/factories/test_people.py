from tests.factories.people import make_patient, make_user, relate, sign_in, signed_in


def test_a_made_user_signs_in_and_reads(app, client, as_role):
    user = make_user(app, "doctor", "nurse")
    assert sign_in(client, user).session_id
    assert as_role("receptionist").get("/patients").status_code == 200


def test_a_made_patient_is_in_the_scope_of_a_related_doctor_only(app):
    doctor, patient = signed_in(app, "doctor"), make_patient(app, last_name="Müller")
    assert doctor.get(f"/patients/{patient.id}").status_code == 404
    relate(app, patient.id, doctor.user.id)
    assert doctor.get(f"/patients/{patient.id}").json["data"]["mrn"] == patient.mrn


def test_a_made_patient_can_be_somebody(app):
    somebody = signed_in(app, "patient")
    own = make_patient(app, user_id=somebody.user.id)
    assert somebody.get(f"/patients/{own.id}").status_code == 200
