"""Visits are completed, opened again, called off, or marked as entered in error, and appointments go with them."""

import uuid

import pytest

from server.modules.procedures.models import Procedure
from server.modules.visits.models import Visit, VisitNote
from server.modules.visits.queries.content import columns_naming_a_visit
from tests.appointments.calls import history
from tests.factories.calendar import at, make_doctor, set_columns, signed_in_doctor
from tests.factories.people import make_patient, make_user, named, relate, signed_in
from tests.patients.support import ids, path, refused
from tests.visits.support import agreed, one, opened, rows, stands, verb, walk_in, write_row
from tests.vitals.support import measured


@pytest.fixture
def doctor(app):
    return signed_in_doctor(app)


@pytest.fixture
def patient(app):
    return make_patient(app)


@pytest.fixture
def visit(doctor, patient):
    return walk_in(doctor[0], patient)


def steps(someone, visit):
    answer = someone.get(one(visit, "history"))
    assert answer.status_code == 200, answer.text
    return [(step["from_status"], step["to_status"], step["reason"]) for step in answer.json["data"]]


def void(someone, visit, reason="wrong patient"):
    version = someone.get(one(visit)).json["data"]["version"]
    answer = someone.delete(f"{one(visit)}?reason={reason}", headers={"If-Match": f'"{version}"'})
    assert answer.status_code == 204, answer.text


def test_a_completed_visit(doctor, visit):
    me, _ = doctor
    done = verb(me, visit, "complete")
    assert (done["status"], done["version"]) == ("completed", 2)
    assert done["ended_at"] >= done["started_at"]
    refused(me.post(one(visit, "complete")), 409, "visit_closed")
    assert me.get(one(visit)).json["data"] == done


def test_any_doctor_in_relation_completes(app, visit, patient):
    colleague = signed_in(app, "doctor")
    refused(colleague.post(one(visit, "complete")), 404, "not_found")
    relate(app, patient.id, colleague.user.id)
    assert verb(colleague, visit, "complete")["status"] == "completed"


@pytest.mark.parametrize("days", [-3, 0, 3])
def test_the_appointment_is_completed_with_it_whatever_the_clock_says(app, doctor, patient, days):
    me, own = doctor
    appointment_id = agreed(app, own, patient, "checked_in", starts_at=at(days))
    visit = opened(me, appointment_id)
    verb(me, visit, "complete")
    assert stands(app, appointment_id) == ("completed", uuid.UUID(visit["id"]))
    assert me.get(f"/appointments/{appointment_id}").json["data"]["completed_at"]
    assert history(me, appointment_id)[1:] == [("checked_in", "in_progress"), ("in_progress", "completed")]


def test_drafts_of_notes_stay_drafts_and_are_told(doctor, visit):
    me, _ = doctor
    me.post(one(visit, "notes"), json={"plan": "Rest"})
    answer = me.post(one(visit, "complete"))
    assert answer.json["message"] == "Visit completed. Notes left unsigned: 1."
    assert me.get(one(visit, "notes")).json["data"][0]["status"] == "draft"


def test_a_reopened_visit_is_written_again(app, doctor, patient):
    me, own = doctor
    appointment_id = agreed(app, own, patient)
    visit = opened(me, appointment_id)
    verb(me, visit, "complete")
    again = verb(me, visit, "reopen", reason="Forgot the diagnosis")
    assert (again["status"], again["ended_at"]) == ("open", None)
    assert stands(app, appointment_id) == ("completed", uuid.UUID(visit["id"]))
    changed = me.patch(one(visit), json={"notes": "x", "version": again["version"]})
    assert changed.status_code == 200
    assert verb(me, visit, "complete")["status"] == "completed"
    assert stands(app, appointment_id)[0] == "completed"
    assert steps(me, visit) == [
        (None, "open", None),
        ("open", "completed", None),
        ("completed", "open", "Forgot the diagnosis"),
        ("open", "completed", None),
    ]


def test_reopening_needs_a_reason_and_ones_own_completed_visit(app, doctor, visit, patient):
    me, _ = doctor
    refused(me.post(one(visit, "reopen"), json={"reason": "x"}), 409, "visit_not_completed")
    verb(me, visit, "complete")
    refused(me.post(one(visit, "reopen"), json={}), 422, "validation_failed", "reason")
    refused(me.post(one(visit, "reopen"), json={"reason": " "}), 422, "validation_failed", "reason")
    colleague = signed_in(app, "doctor")
    relate(app, patient.id, colleague.user.id)
    refused(colleague.post(one(visit, "reopen"), json={"reason": "x"}), 404, "not_found")
    for role in ("nurse", "receptionist", "admin", "technician", "patient"):
        refused(signed_in(app, role).post(one(visit, "reopen"), json={"reason": "x"}), 403, "forbidden")
    assert verb(me, visit, "reopen", reason="x")["status"] == "open"


@pytest.mark.parametrize(
    ("before", "after"),
    [("scheduled", "scheduled"), ("confirmed", "confirmed"), ("checked_in", "checked_in")],
)
def test_a_cancelled_visit_leaves_the_appointment_as_it_was(app, doctor, patient, before, after):
    me, own = doctor
    appointment_id = agreed(app, own, patient, before)
    visit = opened(me, appointment_id)
    gone = verb(me, visit, "cancel", reason="Had to leave")
    assert gone["status"] == "cancelled"
    assert stands(app, appointment_id) == (after, None)
    shown = me.get(f"/appointments/{appointment_id}").json["data"]
    assert (shown["begun_at"], shown["visit_id"]) == (None, None)
    assert steps(me, visit)[-1] == ("open", "cancelled", "Had to leave")
    refused(me.post(one(visit, "cancel"), json={"reason": "x"}), 409, "visit_closed")
    refused(me.post(one(visit, "complete")), 409, "visit_closed")


def test_after_a_cancelled_visit_the_day_goes_on(app, clock, doctor, patient):
    own = make_doctor(app)
    desk, appointment_id = signed_in(app, "receptionist"), agreed(app, own, patient)
    assert desk.post(f"/appointments/{appointment_id}/check-in").status_code == 200
    number = desk.get(f"/appointments/{appointment_id}").json["data"]["queue_number"]
    visit = opened(desk, appointment_id)
    verb(desk, visit, "cancel", reason="Wrong room")
    shown = desk.get(f"/appointments/{appointment_id}").json["data"]
    assert (shown["status"], shown["queue_number"]) == ("checked_in", number)
    assert desk.post(f"/appointments/{appointment_id}/start").status_code == 200
    verb(desk, opened(desk, appointment_id), "cancel", reason="Wrong room again")
    assert stands(app, appointment_id) == ("checked_in", None)


def test_calling_off_needs_a_reason(doctor, visit):
    refused(doctor[0].post(one(visit, "cancel"), json={}), 422, "validation_failed", "reason")


@pytest.mark.parametrize("role", ["doctor", "nurse", "receptionist"])
def test_who_calls_off(app, visit, patient, role):
    someone = signed_in(app, role)
    relate(app, patient.id, someone.user.id)
    assert verb(someone, visit, "cancel", reason="x")["status"] == "cancelled"


@pytest.mark.parametrize(
    "said",
    [
        {"chief_complaint": "Cough"},
        {"notes": "x"},
        {"patient_instructions": "x"},
        {"follow_up_on": "2099-01-01"},
        {"free_follow_up": True},
        {"diagnoses": [{"display": "Gout"}]},
    ],
)
def test_what_is_said_keeps_a_visit(doctor, visit, said):
    me, _ = doctor
    me.patch(one(visit), json={**said, "version": 1})
    refused(me.post(one(visit, "cancel"), json={"reason": "x"}), 409, "visit_has_content")
    nothing = {"chief_complaint": None, "notes": None, "patient_instructions": None, "follow_up_on": None}
    me.patch(one(visit), json={**nothing, "free_follow_up": False, "diagnoses": [], "version": 2})
    assert verb(me, visit, "cancel", reason="x")["status"] == "cancelled"


@pytest.mark.parametrize("make", ["note", "condition", "procedure"])
def test_what_other_rooms_hold_keeps_a_visit(app, doctor, visit, patient, make):
    me, _ = doctor
    of_visit = {"patient_id": patient.id, "visit_id": uuid.UUID(visit["id"]), "recorded_by": me.user.id}
    if make == "note":
        row = VisitNote(**of_visit, plan="Rest", status="draft")
        write_row(app, row)
    elif make == "condition":
        answer = me.post(path(patient, "conditions"), json={"display": "Gout", "visit_id": visit["id"]})
        assert answer.status_code == 201, answer.text
    else:
        write_row(app, Procedure(**of_visit, name="Lavage", status="ordered"))
    refused(me.post(one(visit, "cancel"), json={"reason": "x"}), 409, "visit_has_content")


def test_what_was_entered_in_error_does_not_keep_it(app, doctor, visit, patient):
    me, _ = doctor
    made = me.post(path(patient, "conditions"), json={"display": "Gout", "visit_id": visit["id"]}).json["data"]
    where = path(patient, "conditions", made["id"])
    assert me.delete(f"{where}?reason=x", headers={"If-Match": '"1"'}).status_code == 204
    assert verb(me, visit, "cancel", reason="x")["status"] == "cancelled"


def test_every_room_is_asked(app):
    tables = {table.name for table, _ in columns_naming_a_visit()}
    assert tables == {
        *("visit_notes", "visit_diagnoses", "conditions", "vital_sets", "treatments", "procedures"),
        *("medical_records", "documents", "immunizations", "prescriptions"),
    }


def test_completing_an_appointment_beside_its_open_visit(app, doctor, patient, clock):
    me, own = signed_in_doctor(app)
    desk, appointment_id = signed_in(app, "receptionist"), agreed(app, own, patient, starts_at=at(0, "08:00"))
    visit = opened(desk, appointment_id)
    refused(desk.post(f"/appointments/{appointment_id}/complete"), 409, "visit_open")
    refused(desk.patch(f"/appointments/{appointment_id}/status", json={"status": "completed"}), 409, "visit_open")
    assert stands(app, appointment_id)[0] == "in_progress"
    assert desk.get(one(visit)).json["data"]["status"] == "open"
    verb(me, visit, "complete")
    assert stands(app, appointment_id)[0] == "completed"


def test_an_appointment_that_is_seen_to_is_not_cancelled(app, doctor, patient):
    desk, appointment_id = signed_in(app, "receptionist"), agreed(app, doctor[1], patient)
    opened(desk, appointment_id)
    refused(desk.post(f"/appointments/{appointment_id}/cancel", json={"reason": "x"}), 409, "invalid_transition")


def test_entered_in_error(app, doctor, patient):
    me, own = doctor
    appointment_id = agreed(app, own, patient, "checked_in")
    visit = opened(me, appointment_id, chief_complaint="Not mine")
    refused(me.delete(one(visit), headers={"If-Match": '"1"'}), 422, "validation_failed", "reason")
    refused(me.delete(f"{one(visit)}?reason=x"), 428, "version_required")
    refused(me.delete(f"{one(visit)}?reason=x", headers={"If-Match": '"9"'}), 412, "stale_version")
    void(me, visit)
    assert me.delete(f"{one(visit)}?reason=again").status_code == 204
    shown = me.get(one(visit)).json["data"]
    assert (shown["status"], shown["chief_complaint"]) == ("entered_in_error", "Not mine")
    assert (shown["voided"]["by"], shown["voided"]["reason"]) == (named(me), "wrong patient")
    assert ids(me.get("/visits")) == []
    assert ids(me.get("/visits?status=entered_in_error")) == [visit["id"]]
    assert stands(app, appointment_id) == ("checked_in", None)
    assert steps(me, visit)[-1] == ("open", "entered_in_error", "wrong patient")
    assert opened(me, appointment_id)["id"] != visit["id"]
    refused(me.patch(one(visit), json={"notes": "x", "version": 9}), 409, "visit_closed")
    assert len(rows(app, Visit)) == 2


@pytest.mark.parametrize("is_completed", [False, True])
def test_entries_are_marked_before_their_visit(doctor, patient, is_completed):
    me, own = doctor
    visit = walk_in(me, patient, own, diagnoses=[{"display": "Gout"}])
    pulse = me.post(one(visit, "vitals"), json={"measurements": measured(heart_rate=70)}).json["data"]
    if is_completed:
        verb(me, visit, "complete")
    version = me.get(one(visit)).headers["ETag"]
    refused(me.delete(f"{one(visit)}?reason=x", headers={"If-Match": version}), 409, "visit_has_content")
    assert me.get(one(visit)).json["data"]["status"] == ("completed" if is_completed else "open")
    gone = me.delete(f"/vitals/{pulse['id']}?reason=wrong patient", headers={"If-Match": '"1"'})
    assert gone.status_code == 204, gone.text
    assert me.delete(f"{one(visit)}?reason=wrong patient", headers={"If-Match": version}).status_code == 204
    assert me.get(one(visit)).json["data"]["status"] == "entered_in_error"


def test_a_completed_visit_may_have_been_an_error(app, doctor, patient):
    me, own = doctor
    appointment_id = agreed(app, own, patient)
    visit = opened(me, appointment_id)
    verb(me, visit, "complete")
    void(me, visit)
    assert stands(app, appointment_id) == ("completed", None)


def test_whose_error_it_may_be(app, doctor, patient):
    me, own = doctor
    desk, nurse = signed_in(app, "receptionist"), signed_in(app, "nurse")
    visit = walk_in(desk, patient, own)
    refused(nurse.delete(f"{one(visit)}?reason=x", headers={"If-Match": '"1"'}), 404, "not_found")
    refused(desk.delete(f"{one(visit)}?reason=x", headers={"If-Match": '"1"'}), 403, "forbidden")
    void(me, visit)
    by_nurse = walk_in(nurse, patient, own)
    colleague = signed_in(app, "doctor")
    relate(app, patient.id, colleague.user.id)
    refused(colleague.delete(f"{one(by_nurse)}?reason=x", headers={"If-Match": '"1"'}), 404, "not_found")
    void(nurse, by_nurse)


def test_an_admin_through_glass_marks_but_does_not_close(app, doctor, visit, patient):
    admin = signed_in(app, "admin")
    refused(admin.get(one(visit)), 404, "not_found")
    admin.post(path(patient, "break-glass"), json={"reason": "Complaint"})
    assert admin.get(one(visit)).json["data"]["chief_complaint"] is None
    void(admin, visit)
    assert doctor[0].get(one(visit)).json["data"]["voided"]["by"] == named(admin)


def test_glass_reads_and_adds_only(app, visit, patient):
    other = signed_in(app, "doctor")
    other.post(path(patient, "break-glass"), json={"reason": "Emergency"})
    refused(other.post(one(visit, "complete")), 403, "glass_reads_and_adds_only")
    refused(other.post(one(visit, "cancel"), json={"reason": "x"}), 403, "glass_reads_and_adds_only")
    refused(other.patch(one(visit), json={"notes": "x", "version": 1}), 403, "glass_reads_and_adds_only")


def test_ones_own_visit_is_a_colleagues_to_close(app, doctor):
    user = make_user(app, "doctor", "patient")
    own = make_patient(app, user_id=user.id)
    relate(app, own.id, user.id)
    visit = walk_in(doctor[0], own)
    me = signed_in(app, user=user)
    for name, body in (("complete", None), ("cancel", {"reason": "x"}), ("reopen", {"reason": "x"})):
        refused(me.post(one(visit, name), json=body), 403, "own_record")


@pytest.mark.parametrize("how", ["deceased", "inactive"])
def test_when_a_patient_is_stopped_empty_visits_are_called_off(app, doctor, patient, how):
    me, own = doctor
    appointment_id = agreed(app, own, patient)
    empty, filled = opened(me, appointment_id), walk_in(me, patient, chief_complaint="Chest pain")
    admin = signed_in(app, "admin")
    if how == "deceased":
        assert admin.patch(path(patient), json={"status": "deceased"}).status_code == 200
    else:
        assert admin.delete(path(patient)).status_code == 204
    assert [row.status for row in rows(app, Visit)] == ["cancelled", "open"]
    assert steps(me, empty)[-1] == ("open", "cancelled", f"patient_{how}")
    assert stands(app, appointment_id) == ("cancelled", None)
    assert verb(me, filled, "complete")["status"] == "completed"


def test_a_merge_takes_visits_along(app, doctor, patient):
    me, _ = doctor
    visit, stayed = walk_in(me, patient, diagnoses=[{"display": "Gout"}]), make_patient(app)
    admin = signed_in(app, "admin")
    merged = admin.post(path(stayed, "merge"), json={"duplicate_id": str(patient.id)})
    assert merged.status_code == 200, merged.text
    shown = me.get(one(visit)).json["data"]
    assert (shown["status"], shown["patient_id"]) == ("open", str(stayed.id))
    assert shown["diagnoses"] == [{"code": None, "display": "Gout", "is_primary": False}]
    assert ids(me.get(f"/visits?patient_id={patient.id}")) == [visit["id"]]


def test_an_appointment_begun_without_a_history(app, doctor, patient):
    me, own = doctor
    appointment_id = agreed(app, own, patient)
    set_columns(app, appointment_id, status="in_progress")
    verb(me, opened(me, appointment_id), "cancel", reason="x")
    assert stands(app, appointment_id) == ("scheduled", None)


def test_a_completed_visit_is_its_doctors_error_not_the_openers(app, doctor, patient):
    me, own = doctor
    nurse = signed_in(app, "nurse")
    visit = walk_in(nurse, patient, own)
    verb(me, visit, "complete")
    # A nurse whose relation goes beyond the visit still reads it.
    relate(app, patient.id, nurse.user.id)
    refused(nurse.delete(f"{one(visit)}?reason=x", headers={"If-Match": '"2"'}), 404, "not_found")
    assert me.get(one(visit)).json["data"]["status"] == "completed"
    void(me, visit)


def test_a_completed_visit_of_a_doctor_without_an_account_is_for_an_admin(app, doctor, patient):
    me, _ = doctor
    nurse, admin = signed_in(app, "nurse"), signed_in(app, "admin")
    visit = walk_in(nurse, patient, make_doctor(app))
    for someone in (me, nurse):
        relate(app, patient.id, someone.user.id)
    verb(me, visit, "complete")
    for someone in (me, nurse):
        refused(someone.delete(f"{one(visit)}?reason=x", headers={"If-Match": '"2"'}), 404, "not_found")
    admin.post(path(patient, "break-glass"), json={"reason": "Complaint"})
    void(admin, visit)
