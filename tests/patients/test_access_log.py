"""Who opened a chart: told to admins and to the patient."""

from datetime import timedelta

import pytest

from server.core.db import db
from server.core.declare import endpoints
from server.core.uow import command
from server.modules.patients import told
from server.modules.patients.models import Patient
from tests.factories.people import make_patient, make_user, relate, signed_in
from tests.patients.support import path, refused

REASON = "Found in the street"


@pytest.fixture
def somebody(app):
    """Give a client signed in as a patient."""
    return signed_in(app, "patient")


@pytest.fixture
def own(app, somebody):
    """Give their own patient."""
    return make_patient(app, user_id=somebody.user.id)


def rows(answer):
    assert answer.status_code == 200, answer.text
    return answer.json["data"]


def test_patients_see_who_saw_them_and_why(app, somebody, own):
    nurse = signed_in(app, user=make_user(app, "nurse", first_name="Nia", last_name="Okoro"))
    nurse.get(path(own))
    assert nurse.post(path(own, "break-glass"), json={"reason": REASON}).status_code == 201
    nurse.get(path(own, "conditions"))
    nurse.post(path(own, "allergies"), json={"substance": "Latex", "severity": "mild"})
    found = rows(somebody.get(path(own, "access-log")))
    assert [row["action"] for row in found] == ["allergies.add", "conditions.list", "patients.break_glass"]
    assert [row["what"] for row in found] == [
        "Allergies: added",
        "Conditions: list read",
        "Personal details: chart opened in an emergency",
    ]
    assert all(row["actor"]["name"] == "Nia Okoro" and row["actor"]["roles"] == ["nurse"] for row in found)
    assert all(row["break_glass"] == {"reason": REASON} for row in found)
    assert found[1]["route"].endswith("/conditions")
    assert [row["at"] for row in found] == sorted((row["at"] for row in found), reverse=True)


def test_what_was_done_is_told_in_plain_words(app, somebody, own):
    doctor = signed_in(app, "doctor")
    relate(app, own.id, doctor.user.id)
    for kind in ("vitals", "documents", "medical-history", "summary"):
        assert doctor.get(path(own, kind)).status_code == 200
    doctor.get(f"/records?patient_id={own.id}")
    assert [row["what"] for row in rows(somebody.get(path(own, "access-log")))] == [
        "Medical records: list read",
        "Whole chart: summary read",
        "Medical history: read",
        "Documents: list read",
        "Vital signs: list read",
    ]


def test_there_are_words_for_all_that_is_done_to_a_chart(app):
    declared = [one.declaration for one in endpoints(app)]
    done = {one.action.partition(".")[2] for one in declared if one.within is not None or one.object_type == "visit"}
    assert {verb for verb in done if not told.is_known(verb)} == set()
    assert told.what_was_done("auth.accept_invitation") == "Account: invitation accepted"
    assert told.what_was_done("auth.verify_email") == "Account: e-mail address confirmed"
    assert told.what_was_done("time_off.half_day") == "Time off: half day"


def test_admins_read_the_log_of_everybody_and_others_of_nobody(app, somebody, own):
    admin = signed_in(app, "admin")
    admin.get(path(own))
    (row,) = rows(admin.get(path(own, "access-log")))
    assert (row["action"], row["break_glass"], row["on_behalf_of"]) == ("patients.read", None, None)
    refused(admin.get(path(admin.user.id, "access-log")), 404, "not_found")
    refused(signed_in(app, "patient").get(path(own, "access-log")), 404, "not_found")
    for role in ("doctor", "nurse", "receptionist", "technician", "pharmacist", "cashier"):
        someone = signed_in(app, role)
        relate(app, own.id, someone.user.id)
        refused(someone.get(path(own, "access-log")), 403, "forbidden")


def test_a_refused_try_showed_nothing_and_is_not_listed(app, somebody, own):
    doctor = signed_in(app, "doctor")
    refused(doctor.get(path(own)), 404, "not_found")
    refused(doctor.get(path(own, "conditions")), 404, "not_found")
    assert rows(somebody.get(path(own, "access-log"))) == []


def test_the_filters(app, clock):
    admin, other = signed_in(app, "admin"), signed_in(app, "receptionist")
    patient = make_patient(app)
    for minute in range(3):
        clock.shift(timedelta(minutes=1))
        (admin, other)[minute % 2].get(path(patient))
    admin.patch(path(patient), json={"occupation": "Baker"})
    log = path(patient, "access-log")
    assert len(rows(admin.get(log))) == 4
    assert len(rows(admin.get(f"{log}?actor_id={other.user.id}"))) == 1
    assert len(rows(admin.get(f"{log}?action=patients.update"))) == 1
    assert len(rows(admin.get(f"{log}?from=2026-03-02T08:02:00Z&to=2026-03-02T08:03:00Z"))) == 1
    refused(admin.get(f"{log}?from=2026-03-02"), 422, "validation_failed", "from")
    refused(admin.get(f"{log}?who=me"), 422, "validation_failed", "who")


def test_what_was_seen_of_a_merged_chart_is_told_with_the_survivors(app):
    admin, duplicate, survivor = signed_in(app, "admin"), make_patient(app), make_patient(app)
    other = make_patient(app)
    for patient in (duplicate, survivor, other):
        admin.get(path(patient))
    with app.app_context(), command("tests.merge", "patient"):
        merged = db.session.get_one(Patient, duplicate.id)
        merged.status, merged.merged_into_id = "merged", survivor.id
    assert len(rows(admin.get(path(survivor, "access-log?action=patients.read")))) == 2
    assert len(rows(admin.get(path(other, "access-log?action=patients.read")))) == 1
