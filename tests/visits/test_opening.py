"""Visits are opened from appointments and of patients who walk in."""

import uuid
from datetime import timedelta

import pytest

from server.core import clock as clocks
from server.modules.visits.models import Visit
from tests.factories.calendar import at, make_doctor, signed_in_doctor, written
from tests.factories.database import audit_rows
from tests.factories.people import make_patient, make_user, named, signed_in
from tests.patients.support import path, refused
from tests.visits.support import CARD, FULL, WHOLE, agreed, one, opened, rows, stands, verb, walk_in


@pytest.fixture
def doctor(app):
    """Give a signed-in doctor and their profile."""
    return signed_in_doctor(app)


@pytest.fixture
def patient(app):
    return make_patient(app)


@pytest.fixture
def desk(app):
    return signed_in(app, "receptionist")


def test_a_doctor_opens_a_walk_in_for_themselves(doctor, patient):
    me, own = doctor
    visit = walk_in(me, patient)
    assert visit.keys() == FULL
    assert visit["patient"] == {
        "id": str(patient.id),
        "name": f"{patient.first_name} {patient.last_name}",
        "mrn": patient.mrn,
    }
    assert visit["doctor"] == {"id": str(own.id), "name": f"{own.first_name} {own.last_name}"}
    assert (visit["patient_id"], visit["doctor_id"]) == (str(patient.id), str(own.id))
    assert (visit["status"], visit["visit_type"], visit["source"]) == ("open", "consultation", "clinic")
    assert (visit["appointment_id"], visit["ended_at"], visit["diagnoses"]) == (None, None, [])
    assert (visit["recorded_by"], visit["author"]) == (str(me.user.id), named(me))
    assert visit["version"] == 1
    assert me.get(one(visit)).json["data"] == visit


def test_where_it_is_and_its_number(doctor, patient):
    me, _ = doctor
    answers = [me.post("/visits", json={"patient_id": str(patient.id)}) for _ in range(3)]
    assert answers[0].headers["Location"].endswith(one(answers[0].json["data"]))
    numbers = [answer.json["data"]["number"] for answer in answers]
    assert numbers == ["V-000001", "V-000002", "V-000003"]


def test_everything_may_be_said_at_once(doctor, patient):
    visit = walk_in(doctor[0], patient, **WHOLE)
    assert {name: visit[name] for name in WHOLE} == WHOLE


def test_a_walk_in_is_told_in_the_audit_log(app, doctor, desk, patient):
    me, own = doctor
    walk_in(me, patient)
    opened(desk, agreed(app, own, patient))
    told = [
        (row["action"], row["note"], row["patient_id"]) for row in audit_rows(app) if row["route"].endswith("/visits")
    ]
    assert told == [("visits.walk_in", "walk_in", patient.id), ("visits.open", "", patient.id)]


def test_the_time_it_began(clock, app):
    me, _ = signed_in_doctor(app)
    patient = make_patient(app)
    now = clocks.now()
    assert walk_in(me, patient)["started_at"] == written(now)
    earlier = now - timedelta(hours=3)
    assert walk_in(me, patient, started_at=written(earlier))["started_at"] == written(earlier)
    assert walk_in(me, patient, started_at=written(now))["started_at"] == written(now)
    later = {"patient_id": str(patient.id), "started_at": written(now + timedelta(seconds=1))}
    refused(me.post("/visits", json=later), 422, "validation_failed", "started_at")
    unborn = {"patient_id": str(patient.id), "started_at": "1979-12-30T12:00:00Z"}
    refused(me.post("/visits", json=unborn), 422, "validation_failed", "started_at")


@pytest.mark.parametrize(
    ("zone", "began"), [("America/Los_Angeles", "0001-01-01T00:00:00Z"), ("Asia/Kolkata", "9999-12-31T23:59:59Z")]
)
def test_the_ends_of_the_calendar_are_refused_wherever_the_clinic_is(make_app, zone, began):
    app = make_app(CLINIC_TIMEZONE=zone)
    me, _ = signed_in_doctor(app)
    patient = make_patient(app)
    body = {"patient_id": str(patient.id), "started_at": began}
    refused(me.post("/visits", json=body), 422, "validation_failed", "started_at")
    visit = walk_in(me, patient)["id"]
    where = {"patient_id": str(patient.id), "visit_id": visit}
    pulse = {"measured_at": began, "measurements": [{"kind": "heart_rate", "value": 70, "unit": "/min"}]}
    refused(me.post(one(visit, "vitals"), json=pulse), 422, "validation_failed", "measured_at")
    procedure = me.post("/procedures", json={**where, "name": "ECG"}).json["data"]["id"]
    answer = me.post(f"/procedures/{procedure}/perform", json={"performed_at": began})
    refused(answer, 422, "validation_failed", "performed_at")
    rooms = ("/visits", "/procedures", "/treatments", "/vaccines", "/records", path(patient, "vitals"))
    for room in (*rooms, path(patient, "documents")):
        for bound in ("from", "to"):
            refused(me.get(room, query_string={bound: began}), 422, "validation_failed", bound)


def test_the_number_and_the_state_are_the_servers(doctor, patient):
    me, _ = doctor
    body = {"patient_id": str(patient.id), "number": "V-000009", "status": "completed", "ended_at": written(at(0))}
    refused(me.post("/visits", json=body), 422, "read_only", "number", "status", "ended_at")


def test_who_names_no_doctor_is_one(app, desk, patient):
    refused(desk.post("/visits", json={"patient_id": str(patient.id)}), 422, "validation_failed", "doctor_id")
    nurse = signed_in(app, "nurse")
    refused(nurse.post("/visits", json={"patient_id": str(patient.id)}), 422, "validation_failed", "doctor_id")
    without_profile = signed_in(app, "doctor")
    refused(
        without_profile.post("/visits", json={"patient_id": str(patient.id)}), 422, "validation_failed", "doctor_id"
    )


def test_the_doctor_is_at_work(app, desk, patient):
    gone = make_doctor(app, status="inactive")
    for doctor_id in (gone.id, uuid.uuid4()):
        body = {"patient_id": str(patient.id), "doctor_id": str(doctor_id)}
        refused(desk.post("/visits", json=body), 422, "validation_failed", "doctor_id")


def test_somebody_has_to_be_seen(desk, doctor):
    refused(desk.post("/visits", json={"doctor_id": str(doctor[1].id)}), 422, "validation_failed", "patient_id")
    body = {"doctor_id": str(doctor[1].id), "patient_id": str(uuid.uuid4())}
    refused(desk.post("/visits", json=body), 422, "validation_failed", "patient_id")


@pytest.mark.parametrize(
    ("status", "code"),
    [("deceased", "patient_deceased"), ("inactive", "patient_inactive"), ("merged", "patient_merged")],
)
def test_nobody_is_seen_any_more(app, doctor, desk, status, code):
    me, own = doctor
    patient = make_patient(app)
    appointment_id = agreed(app, own, patient)
    admin = signed_in(app, "admin")
    if status == "deceased":
        admin.patch(path(patient), json={"status": "deceased"})
    elif status == "inactive":
        assert admin.delete(path(patient)).status_code == 204
    else:
        merged = admin.post(path(make_patient(app), "merge"), json={"duplicate_id": str(patient.id)})
        assert merged.status_code == 200, merged.text
    refused(me.post("/visits", json={"patient_id": str(patient.id)}), 409, code)
    if status != "merged":
        refused(desk.post("/visits", json={"appointment_id": str(appointment_id)}), 409, code)
    assert rows(app, Visit) == []


def test_an_appointment_is_begun(app, doctor, patient):
    me, own = doctor
    appointment_id = agreed(app, own, patient, type="vaccination")
    visit = opened(me, appointment_id)
    assert visit["appointment_id"] == str(appointment_id)
    assert (visit["visit_type"], visit["doctor_id"], visit["patient_id"]) == (
        "vaccination",
        str(own.id),
        str(patient.id),
    )
    assert stands(app, appointment_id) == ("in_progress", uuid.UUID(visit["id"]))
    shown = me.get(f"/appointments/{appointment_id}").json["data"]
    assert (shown["status"], shown["visit_id"]) == ("in_progress", visit["id"])
    steps = me.get(f"/appointments/{appointment_id}/history").json["data"]
    assert [(step["from_status"], step["to_status"]) for step in steps] == [
        (None, "scheduled"),
        ("scheduled", "in_progress"),
    ]


@pytest.mark.parametrize("kind", ["consultation", "follow_up", "procedure", "telehealth", "vaccination"])
def test_a_visit_is_of_the_appointments_type(app, doctor, patient, kind):
    visit = opened(doctor[0], agreed(app, doctor[1], patient, type=kind))
    assert visit["visit_type"] == ("consultation" if kind == "telehealth" else kind)
    assert opened(doctor[0], agreed(app, doctor[1], patient), visit_type="emergency")["visit_type"] == "emergency"


@pytest.mark.parametrize("days", [-30, -1, 0, 1, 30])
@pytest.mark.parametrize("status", ["scheduled", "confirmed", "checked_in", "in_progress"])
def test_who_is_here_is_seen_whatever_the_calendar_says(app, doctor, patient, status, days):
    appointment_id = agreed(app, doctor[1], patient, status, starts_at=at(days))
    visit = opened(doctor[0], appointment_id)
    assert stands(app, appointment_id) == ("in_progress", uuid.UUID(visit["id"]))


@pytest.mark.parametrize("status", ["completed", "cancelled", "no_show"])
def test_an_appointment_that_does_not_stand_is_not_begun(app, doctor, patient, status):
    appointment_id = agreed(app, doctor[1], patient, status)
    answer = doctor[0].post("/visits", json={"appointment_id": str(appointment_id)})
    refused(answer, 409, "invalid_transition")
    assert rows(app, Visit) == []


def test_an_appointment_has_one_visit(app, doctor, desk, patient):
    me, own = doctor
    appointment_id = agreed(app, own, patient)
    visit = opened(me, appointment_id)
    body = {"appointment_id": str(appointment_id)}
    refused(desk.post("/visits", json=body), 409, "visit_exists", "appointment_id")
    verb(me, visit, "complete")
    refused(desk.post("/visits", json=body), 409, "visit_exists", "appointment_id")


def test_after_one_that_was_cancelled_there_is_another(app, doctor, patient):
    me, own = doctor
    appointment_id = agreed(app, own, patient)
    first = opened(me, appointment_id)
    verb(me, first, "cancel", reason="Went for a smoke")
    second = opened(me, appointment_id)
    assert second["id"] != first["id"]
    assert stands(app, appointment_id) == ("in_progress", uuid.UUID(second["id"]))


def test_the_appointment_says_whose_visit_it_is(app, desk, doctor, patient):
    appointment_id = str(agreed(app, doctor[1], patient))
    other = {"patient_id": str(make_patient(app).id)}
    refused(
        desk.post("/visits", json={"appointment_id": appointment_id, **other}), 422, "validation_failed", "patient_id"
    )
    other = {"doctor_id": str(make_doctor(app).id)}
    refused(
        desk.post("/visits", json={"appointment_id": appointment_id, **other}), 422, "validation_failed", "doctor_id"
    )
    unknown = {"appointment_id": str(uuid.uuid4())}
    refused(desk.post("/visits", json=unknown), 422, "validation_failed", "appointment_id")
    both = {"patient_id": str(patient.id), "doctor_id": str(doctor[1].id)}
    assert desk.post("/visits", json={"appointment_id": appointment_id, **both}).status_code == 201


def test_the_desk_opens_and_says_nothing(desk, doctor, patient):
    body = {"patient_id": str(patient.id), "doctor_id": str(doctor[1].id)}
    answer = desk.post("/visits", json={**body, "chief_complaint": "Cough", "diagnoses": [{"display": "Gout"}]})
    refused(answer, 403, "field_not_allowed", "chief_complaint", "diagnoses")
    made = desk.post("/visits", json={**body, "chief_complaint": None, "diagnoses": [], "visit_type": "emergency"})
    assert made.status_code == 201, made.text
    assert made.json["data"].keys() == CARD
    assert made.json["data"]["visit_type"] == "emergency"


@pytest.mark.parametrize("role", ["doctor", "nurse", "receptionist"])
def test_nobody_opens_a_visit_of_their_own(app, doctor, role):
    user = make_user(app, role, "patient")
    own = make_patient(app, user_id=user.id)
    body = {"patient_id": str(own.id), "doctor_id": str(doctor[1].id)}
    refused(signed_in(app, user=user).post("/visits", json=body), 403, "own_record")


def test_the_id_may_be_the_clients(doctor, patient):
    me, _ = doctor
    mine = str(uuid.uuid4())
    assert walk_in(me, patient, id=mine)["id"] == mine
    refused(me.post("/visits", json={"patient_id": str(patient.id), "id": mine}), 409, "id_taken", "id")


def test_sent_twice_it_is_opened_once(app, doctor, patient):
    me, _ = doctor
    key = {"Idempotency-Key": "abc-1"}
    first, again = (me.post("/visits", json={"patient_id": str(patient.id)}, headers=key) for _ in range(2))
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json["data"] == first.json["data"]
    assert len(rows(app, Visit)) == 1
